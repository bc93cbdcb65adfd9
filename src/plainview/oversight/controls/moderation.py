"""D. What is kept from viewers, and why (controls 30 to 37)."""

from __future__ import annotations

from plainview.moderation.rules.pack import rules_of
from plainview.oversight.controls.coverage import verified
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.serving import rerun
from plainview.oversight.controls.verdicts import State, Verdict, cited, met, not_applicable, not_met, some
from plainview.records.fields import to_bytes

NONE = "no moderation decision was taken"


def policies(e: Evidence) -> Verdict:
    """30."""
    if not e.releases:
        return not_applicable("no release was ever in charge")
    named: dict[int, str] = {}
    for index, release in e.releases:
        where = cited("release", [index])
        if wrong := e.misnamed.get(index):
            return not_met(f"the policies of record {index:,} cannot be read: {wrong}", where)
        name = rules_of(release).name
        if named.setdefault(name.version, name.digest) != name.digest:
            return not_met(f"the policies of record {index:,} are another version {name.version} than before", where)
        if not _approved(index, to_bytes(release.digest), e):
            return not_met(f"nobody has approved the release of record {index:,}, and its policies with it", where)
    if e.beyond:
        index, why = next(iter(e.beyond.items()))
        return not_met(f"the decision of record {index:,} is by no policy in force: {why}", cited("decision", e.beyond))
    return met(
        f"{some(len(named), 'version')} of the policies, approved with the release that names it; "
        f"{some(len(e.decisions), 'decision')}, each within one of them",
        e.kind("release"),
        e.kind("decision"),
    )


def _approved(index: int, release: bytes, e: Evidence) -> bool:
    """Whether the release of that record was the baseline there, or had an approval or emergency before."""
    granted = any(one.act.release == release and one.index < index for one in e.standing.grants)
    return granted or any(one.charter.baseline == release for one in e.charters if one.index < index)


def decisions(e: Evidence) -> Verdict:
    """31."""
    return _lacking(e, "decisions are records without signature, facts, reviewer or how they were come to")


def restrictions(e: Evidence) -> Verdict:
    """32."""
    last, again = verified(e), rerun(e)
    if again.state is State.NOT_APPLICABLE:
        return again
    if last is None or again.state is State.NOT_MET:
        return not_met(f"what was kept out of pages shows by re-running them, and {again.said}", *again.records)
    known: dict[int, int] = {}
    for index, decision in e.decisions:
        if decision.effect == "lift" and known.get(decision.decision) != decision.video:
            said = f"record {index:,} lifts decision {decision.decision}, which nobody took on that video"
            return not_met(said, cited("decision", [index]))
        if why := e.beyond.get(index):
            return not_met(
                f"the decision of record {index:,} is by no policy in force: {why}", cited("decision", [index])
            )
        known.setdefault(decision.decision, decision.video)
    return met(
        f"re-run below record {last.act.upto:,}: a video is missing only by decision within a policy, setting or "
        "published rule",
        cited("act", [last.index]),
        e.kind("decision"),
    )


def statements(e: Evidence) -> Verdict:
    """33."""
    return _lacking(e, "nobody is sent a statement of reasons")


def notices(_: Evidence) -> Verdict:
    """34."""
    return not_met("nobody can give notice of a video")


def complaints(e: Evidence) -> Verdict:
    """35."""
    return _lacking(e, "nobody can complain of a decision")


def second_reviews(e: Evidence) -> Verdict:
    """36."""
    return _lacking(e, "no decision is reviewed a second time")


def takedowns(e: Evidence) -> Verdict:
    """37."""
    return _lacking(e, "a request of a government would be a decision like any other")


def _lacking(e: Evidence, what: str) -> Verdict:
    """Of what this version does not do about decisions: that matters once there is one."""
    return not_met(what, e.kind("decision")) if e.decisions else not_applicable(NONE)
