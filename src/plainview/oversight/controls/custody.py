"""C. Who has viewers' data (controls 21 to 29)."""

from __future__ import annotations

from plainview.oversight.controls.coverage import unopened
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.verdicts import Cited, Verdict, met, not_applicable, not_met

NO_CUSTODY = "no custody: records are readable by the operator"


def inventory(e: Evidence) -> Verdict:
    """21."""
    if not e.opened:
        return not_met("no record was opened to the partner, so none was held against what is declared")
    if short := unopened(e):
        return short
    return met(
        f"all below record {e.opened:,} are of {len(e.kinds)} declared kinds, with just the fields declared for them",
        *e.kinds.values(),
    )


def gateways(e: Evidence) -> Verdict:
    """22."""
    return not_met(f"{NO_CUSTODY}, and go through no gateway; only what the partner opens is written down", _opened(e))


def purposes(e: Evidence) -> Verdict:
    """23."""
    return not_met(
        f"{NO_CUSTODY}, who states no purpose, ticket or end; the partner's openings have a purpose", _opened(e)
    )


def reads(e: Evidence) -> Verdict:
    """24."""
    return not_met(f"{NO_CUSTODY}, and its own reading is not written down; the partner's is", _opened(e))


def exceptions(_: Evidence) -> Verdict:
    """25."""
    return not_applicable("no flow of data is excepted: this version has none")


def residency(_: Evidence) -> Verdict:
    """26."""
    return not_met("no record says where it may be kept")


def erasure(_: Evidence) -> Verdict:
    """27."""
    return not_met("no person has a key of their own, so nothing can be erased by destroying one")


def export(_: Evidence) -> Verdict:
    """28."""
    return not_met("an export has records, and neither decisions nor accesses; that it was made is not written down")


def split_keys(_: Evidence) -> Verdict:
    """29."""
    return not_met(NO_CUSTODY)


def _opened(e: Evidence) -> Cited:
    return e.kind("access")
