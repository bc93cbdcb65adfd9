"""D. What is kept from viewers, and why (controls 30 to 37)."""

from __future__ import annotations

from plainview.moderation.rules.pack import rules_of
from plainview.oversight.controls.coverage import verified
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.serving import rerun
from plainview.oversight.controls.verdicts import State, Verdict, cited, met, not_applicable, not_met, some

NONE = "no moderation decision was taken"


def policies(e: Evidence) -> Verdict:
    """30."""
    if not e.releases:
        return not_applicable("no release was ever in charge")
    for index, why in e.unfit.items():
        return not_met(f"record {index:,}: {why}", cited("release", [index]))
    if e.beyond:
        index, why = next(iter(e.beyond.items()))
        return not_met(f"record {index:,}: {why}", cited("decision", e.beyond))
    versions = {rules_of(release).name.version for _, release in e.releases}
    return met(
        f"{some(len(versions), 'version')} of the policies, approved with the release that names it; "
        f"{some(len(e.decisions), 'decision')}, each within one of them",
        e.kind("release"),
        e.kind("decision"),
    )


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
    for index, why in e.beyond.items():
        return not_met(f"record {index:,}: {why}", cited("decision", [index]))
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
