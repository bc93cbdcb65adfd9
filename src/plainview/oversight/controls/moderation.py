"""D. What is kept from viewers, and why (controls 30 to 37)."""

from __future__ import annotations

from plainview.oversight.controls.coverage import verified
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.serving import rerun
from plainview.oversight.controls.verdicts import State, Verdict, cited, met, not_applicable, not_met

NONE = "no moderation decision was taken"


def policies(e: Evidence) -> Verdict:
    """30."""
    return _lacking(e, "decisions give a ground in words, and no policy that was approved")


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
        known.setdefault(decision.decision, decision.video)
    return met(
        f"re-run below record {last.act.upto:,}: a video is missing only by decision, setting or published rule",
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
