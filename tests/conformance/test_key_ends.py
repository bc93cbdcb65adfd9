"""One suite over all who judge acts and charters: the fence, who re-reads a journal, the partner, and a naive model.

A key that has ended counts for none of them, by the journal time of what it signed; before that, for all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from plainview.journal import Fence, JournalDamaged
from plainview.ledger.acts import AnyAct, parse_act
from plainview.ledger.charters import Charter
from plainview.ledger.errors import LedgerError, ProofError
from plainview.ledger.standings import Standings
from plainview.oversight.acts import Acts
from plainview.oversight.charters import Charters
from plainview.records import Act, Record
from plainview.records import Charter as CharterRecord
from plainview.records.leaf import public_leaf
from plainview.replay.judged import Judged
from tests.ledger.chartered import CHARTER, PARTIES, QUORUM, amended
from tests.ledger.histories import Step, ending
from tests.ledger.licensed import APPROVED, HOUR, START, approval, draw, revocation
from tests.ledger.naive_licensing import counts

END = START + HOUR
BEFORE = replace(CHARTER, parties=ending(HOUR, "partner-1", "partner-3", "auditor"))
HISTORY = [
    Step(0, START, BEFORE, QUORUM),
    *(
        Step(at, START, parse_act(note.text), tuple(one.name.removesuffix(".example") for one in note.signatures))
        for at, note in enumerate(APPROVED[:-1], 1)
    ),
]
SAID: tuple[tuple[AnyAct | Charter, tuple[str, ...]], ...] = (
    (approval(begins=2 * HOUR), ("partner-1", "partner-2")),
    (approval(begins=2 * HOUR), ("partner-1", "partner-3")),
    (revocation(seen=6), ("partner-3",)),
    (draw(), ("auditor",)),
    (amended(BEFORE, parties=PARTIES), QUORUM),
    (amended(BEFORE), QUORUM),
)
"""What counts before the end alone."""


def record_of(step: Step) -> Act | CharterRecord:
    """As one says it down who wants it to count."""
    note = step.note.encode().decode()
    if isinstance(step.said, Charter):
        return CharterRecord(time=step.time, note=note)
    return Act(time=step.time, note=note, counts=True)


def entry_of(step: Step) -> bytes:
    """The log's entry for it."""
    return public_leaf("charter" if isinstance(step.said, Charter) else "act", record_of(step))


def by_ledger(last: Step) -> bool:
    standings = Standings(HISTORY[0].note, START)
    for step in HISTORY[1:]:
        standings.take(step.note, step.index, step.time)
    try:
        standings.take(last.note, last.index, last.time)
    except LedgerError:
        return False
    return True


def by_fence(last: Step) -> bool:
    fence = Fence(1_000, 2_000, Judged())
    for step in HISTORY:
        assert fence.check(step.index, step.time, record_of(step)) is None
        fence.observe(step.index, record_of(step), None)
    refused = fence.check(last.index, last.time, record_of(last))
    if isinstance(last.said, Charter):
        return refused is None
    # Taken down as what it is, it is refused in one of the two ways.
    passed_over: Record = replace(record_of(last), counts=False)
    assert (refused is None) != (fence.check(last.index, last.time, passed_over) is None)
    return refused is None


def by_replay(last: Step) -> bool:
    judged = Judged()
    for step in HISTORY:
        judged.observe(step.index, record_of(step))
    try:
        judged.observe(last.index, record_of(last))
    except JournalDamaged:
        return False
    return True


def by_partner(last: Step) -> bool:
    """As `verify` over a directory and `oversee` do."""
    acts, charters = Acts(), Charters(BEFORE.digest())
    for step in HISTORY:
        acts.take(step.index, entry_of(step))
    charters.take(0, entry_of(HISTORY[0]))

    def takes(taking: Callable[[int, bytes], None]) -> bool:
        try:
            taking(last.index, entry_of(last))
        except ProofError:
            return False
        return True

    taken = takes(acts.take)
    if isinstance(last.said, Charter):
        assert takes(charters.take) == taken == (charters.last == last.said)
    return taken


def by_model(last: Step) -> bool:
    return counts(HISTORY, last)


@pytest.mark.parametrize(("said", "names"), SAID)
@pytest.mark.parametrize("judge", [by_ledger, by_fence, by_replay, by_partner, by_model])
def test_a_key_counts_until_its_end(
    judge: Callable[[Step], bool], said: AnyAct | Charter, names: tuple[str, ...]
) -> None:
    assert judge(Step(10, END - 1, said, names))
    assert not judge(Step(10, END, said, names))
    assert not judge(Step(10, END + 30 * 24 * HOUR, said, names))
