from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import LedgerError, PolicyError
from plainview.ledger.licensing import take
from plainview.ledger.standings import Standings
from tests.ledger.chartered import CHARTER, QUORUM
from tests.ledger.histories import Step, histories
from tests.ledger.licensed import APPROVED, START, approval, signed, taken

FIRST = Step(0, START, CHARTER, QUORUM)


def test_what_stood_at_an_index_is_asked_for_the_record_there() -> None:
    standings = taken(*APPROVED)
    with pytest.raises(PolicyError, match="index 0: no charter stands before it"):
        standings.before(0)
    assert [standings.before(index).index for index in (1, 9, 10, 11, 15, 16, 10**6)] == [0, 0, 0, 10, 14, 15, 15]
    assert standings.before(10**6) is standings.last


def test_a_refusal_leaves_no_trace() -> None:
    standings = taken(*APPROVED)
    before = standings.last
    with pytest.raises(PolicyError, match="stands at index 15 already"):
        standings.take(signed(approval()), 16, START)
    assert standings.last is standings.before(99) is before
    taken(after=standings)


@given(histories(), st.data())
def test_the_fold_does_not_depend_on_how_it_is_cut(steps: list[Step], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(steps)))
    whole = fold(Standings(FIRST.note, FIRST.time), steps[:cut])
    before = whole.last
    fold(whole, steps[cut:])
    # What stood at the cut stays, and all that comes after follows from it alone.
    assert cut == len(steps) or whole.before(steps[cut].index) is before
    standing = before
    for step in steps[cut:]:
        with suppress(LedgerError):
            standing = take(standing, step.note, step.index, step.time)
    assert standing == whole.last
    # What was refused might as well not be there.
    kept = [step for step in steps if whole.before(step.index + 1).index == step.index]
    assert fold(Standings(FIRST.note, FIRST.time), kept).last == whole.last


def fold(standings: Standings, steps: list[Step]) -> Standings:
    for step in steps:
        with suppress(LedgerError):
            standings.take(step.note, step.index, step.time)
    return standings
