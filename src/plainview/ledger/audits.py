"""Taking what auditors say about pages that they re-ran: what they drew, how far they are, what they found,
what they report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace

from plainview.ledger.acts import Draw, Finding, OfPages, Report, Reveal, Verification
from plainview.ledger.errors import PolicyError
from plainview.ledger.standing import Placed, Standing


def audited(standing: Standing, act: OfPages, index: int) -> Standing:
    """What stands after an act at that index, which an auditor signed. Raises PolicyError where it is out of order."""
    match act:
        case Draw():
            if act.number != (following := len(standing.draws) + 1):
                raise PolicyError(f"number {act.number} is out of order, the next is {following}")
            return replace(standing, draws=(*standing.draws, Placed(act, index)))
        case Reveal():
            _check_reveal(standing, act, index)
            return replace(standing, reveals=(*standing.reveals, Placed(act, index)))
        case Verification():
            _check_verification(standing, act, index)
            return replace(standing, verifications=(*standing.verifications, Placed(act, index)))
        case Finding():
            _check_new(act, standing.findings)
            if act.record is not None and act.record >= index:
                raise PolicyError(f"nobody has read record {act.record} before index {index}")
            return replace(standing, findings=(*standing.findings, Placed(act, index)))
        case Report():
            _check_report(standing, act, index)
            return replace(standing, reports=(*standing.reports, Placed(act, index)))


def _check_reveal(standing: Standing, act: Reveal, index: int) -> None:
    if not 1 <= act.number <= len(standing.draws):
        raise PolicyError(f"there is no draw {act.number}")
    for one in standing.reveals:
        if one.act.number == act.number:
            raise PolicyError(f"draw {act.number} was revealed at index {one.index}")
    drawn = standing.draws[act.number - 1]
    if hashlib.sha256(act.secret).digest() != drawn.act.secret:
        raise PolicyError(f"the draw at index {drawn.index} is of another secret")
    if act.size != drawn.index + 1:
        raise PolicyError(f"size {act.size}: the draw at index {drawn.index} is made from the tree that ends with it")


def _check_verification(standing: Standing, act: Verification, index: int) -> None:
    _check_new(act, standing.verifications)
    if standing.verifications and act.upto < (last := standing.verifications[-1]).act.upto:
        raise PolicyError(f"upto {act.upto} goes back: the verification at index {last.index} is up to {last.act.upto}")
    _check_size(act.upto, index)


def _check_report(standing: Standing, act: Report, index: int) -> None:
    if act.number != (following := len(standing.reports) + 1):
        raise PolicyError(f"number {act.number} is out of order, the next is {following}")
    if act.start != (start := standing.reports[-1].act.upto if standing.reports else 0):
        raise PolicyError(f"start {act.start} leaves a gap, or goes back: the next begins with record {start}")
    _check_size(act.upto, index)


def _check_size(size: int, index: int) -> None:
    if size > index:
        raise PolicyError(f"nobody has seen a tree of size {size} before index {index}")


def _check_new(act: Verification | Finding, before: Iterable[Placed[Verification] | Placed[Finding]]) -> None:
    for one in before:
        if one.act == act:
            raise PolicyError(f"it stands at index {one.index} already, and counts once")
