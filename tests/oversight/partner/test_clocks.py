"""Journal time against the times of those who cosigned."""

from __future__ import annotations

from plainview.journal import Entry
from plainview.oversight.partner.clocks import Clocks
from tests.records.examples import EXAMPLES

SECOND = 1_790_000_000


class Journal:
    """Records with these times, in ms after SECOND."""

    def __init__(self, *times: int) -> None:
        self.times = times

    def entry(self, index: int) -> Entry:
        return Entry(index, SECOND * 1000 + self.times[index], "act", "operator", EXAMPLES["act"], b"", None)


def cosigned(clocks: Clocks, size: int, times: list[int], *public: tuple[int, int]) -> tuple[int, str] | None:
    return clocks.cosigned(size, times, [(index, SECOND * 1000 + time) for index, time in public], 5000)


def outside(clocks: Clocks, *times: int) -> list[tuple[int, str]]:
    return list(clocks.outside(Journal(*times), len(times), 5000))  # type: ignore[arg-type]


def test_within_the_tolerance_nothing_is_said() -> None:
    clocks = Clocks()
    cosigned(clocks, 2, [SECOND, SECOND + 1])
    cosigned(clocks, 4, [SECOND + 10])
    assert outside(clocks, -90_000, 7000, 5000 - 10_000, 16_000) == []  # a second begins when it says


def test_a_clock_that_is_ahead() -> None:
    clocks = Clocks()
    cosigned(clocks, 2, [SECOND - 3, SECOND])
    assert outside(clocks, 0, 6001) == [(1, "it is 5,001 ms later than all cosignatures of a tree that has it")]
    assert outside(clocks, 0, 6001) == []


def test_a_clock_that_is_behind() -> None:
    clocks = Clocks()
    cosigned(clocks, 1, [SECOND, SECOND + 3])
    cosigned(clocks, 2, [SECOND + 20])
    told = "it is 5,001 ms earlier than all cosignatures of a tree that has it not"
    assert outside(clocks, 0, -5001) == [(1, told)]


def test_it_waits_for_the_records() -> None:
    clocks = Clocks()
    cosigned(clocks, 3, [SECOND])
    assert outside(clocks, 0, 0) == []
    assert outside(clocks, 0, 0, 9000) != []


def test_without_times_there_is_nothing_to_hold_against() -> None:
    clocks = Clocks()
    cosigned(clocks, 1, [])
    cosigned(clocks, 0, [SECOND])
    assert outside(clocks, 900_000) == []


def test_public_records_are_held_before_any_is_opened() -> None:
    clocks = Clocks()
    assert cosigned(clocks, 3, [SECOND], (0, 0), (2, 5999)) is None
    assert cosigned(clocks, 6, [SECOND + 9], (4, 1), (5, 15_001)) == (
        5, "it is 5,001 ms later than all cosignatures of a tree that has it",
    )  # fmt: skip
    clocks = Clocks()
    cosigned(clocks, 3, [SECOND + 9], (0, 0))
    assert cosigned(clocks, 6, [SECOND + 9], (4, 3999), (5, 9000)) == (
        4, "it is 5,001 ms earlier than all cosignatures of a tree that has it not",
    )  # fmt: skip


def test_a_clock_that_stays_wrong_is_told_once() -> None:
    """Whatever is told becomes a record, which has a wrong time itself."""
    clocks = Clocks()
    found = [
        cosigned(clocks, size, [SECOND + size], *public)
        for size, public in ((1, [(0, 9_000)]), (2, [(1, 10_000)]), (3, []), (4, [(3, 12_000)]), (5, [(4, 5_000)]))
    ]
    assert [one is not None for one in found] == [True, False, False, False, False]
    assert cosigned(clocks, 6, [SECOND + 6], (5, 13_000)) is not None
    assert [index for index, _ in outside(clocks, 9000, 10_000, 11_000, 12_000, 5_000, 13_000)] == [0, 5]


def test_public_records_wait_for_a_tree_that_has_a_time() -> None:
    clocks = Clocks()
    assert cosigned(clocks, 1, [], (0, 90_000)) is None
    assert cosigned(clocks, 2, [SECOND]) is not None
