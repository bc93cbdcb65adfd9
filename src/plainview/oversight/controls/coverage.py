"""How far what the partner has checked reaches: its copy of the journal, and its last verification."""

from __future__ import annotations

from plainview.ledger.acts import Verification
from plainview.ledger.standing import Placed
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.verdicts import Verdict, cited, not_met, some

UNOPENED, PART = 1_000, 10
"""The copy of the journal may be short of the mirror by so many records, and by one in so many of the log's, whichever
is less: they come in while others are opened."""
LAG = 7_200_000
"""Milliseconds of journal time that a page or an epoch may stand above the last verification: the partner announces one
an hour at most."""


def unopened(e: Evidence) -> Verdict | None:
    """Why what is opened says too little of the log; None where it says enough."""
    if e.size - e.opened <= min(UNOPENED, e.size // PART):
        return None
    return not_met(f"of {some(e.size, 'record')} mirrored only those below record {e.opened:,} were opened")


def verified(e: Evidence) -> Placed[Verification] | None:
    """How far the partner has re-run all pages, as it said last."""
    return e.standing.verifications[-1] if e.standing.verifications else None


def unverified(e: Evidence) -> Verdict | None:
    """Why the partner's last verification is not one of this log, its pages and its epochs as they are by now; None
    where it is. What came of re-running them is not asked."""
    last = verified(e)
    if last is None:
        return not_met("the partner has not said yet that it re-ran any page")
    act, record = last.act, cited("act", [last.index])
    if e.roots.get(act.upto) != act.root:
        return not_met(f"record {last.index:,} verifies another log than this", record)
    if act.pages != (there := e.pages.all.below(act.upto)):
        said = (
            f"record {last.index:,} verifies {some(act.pages, 'page')} below record {act.upto:,}, where {there:,} are"
        )
        return not_met(said, record)
    if short := unopened(e):
        return short
    for what, places in (("page", e.pages.all), ("epoch", e.epochs)):
        first = places.below(act.upto)
        if first < len(places.times) and e.newest - places.times[first] > LAG:
            said = f"verified is what is below record {act.upto:,}, and the {what} of record {places.indexes[first]:,}"
            return not_met(f"{said} has waited for more than {LAG // 3_600_000} hours", record)
    return None
