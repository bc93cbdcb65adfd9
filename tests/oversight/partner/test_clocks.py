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


def outside(clocks: Clocks, *times: int) -> list[tuple[int, str]]:
    return list(clocks.outside(Journal(*times), len(times), 5000))  # type: ignore[arg-type]


def test_within_the_tolerance_nothing_is_said() -> None:
    clocks = Clocks()
    clocks.cosigned(2, [SECOND, SECOND + 1])
    clocks.cosigned(4, [SECOND + 10])
    assert outside(clocks, -90_000, 7000, 5000 - 10_000, 16_000) == []  # a second begins when it says


def test_a_clock_that_is_ahead() -> None:
    clocks = Clocks()
    clocks.cosigned(2, [SECOND - 3, SECOND])
    assert outside(clocks, 0, 6001) == [(1, "it is 5,001 ms later than all cosignatures of a tree that has it")]
    assert outside(clocks, 0, 6001) == []


def test_a_clock_that_is_behind() -> None:
    clocks = Clocks()
    clocks.cosigned(1, [SECOND, SECOND + 3])
    clocks.cosigned(2, [SECOND + 20])
    told = "it is 5,001 ms earlier than all cosignatures of a tree that has it not"
    assert outside(clocks, 0, -5001) == [(1, told)]


def test_it_waits_for_the_records() -> None:
    clocks = Clocks()
    clocks.cosigned(3, [SECOND])
    assert outside(clocks, 0, 0) == []
    assert outside(clocks, 0, 0, 9000) != []


def test_without_times_there_is_nothing_to_hold_against() -> None:
    clocks = Clocks()
    clocks.cosigned(1, [])
    clocks.cosigned(0, [SECOND])
    assert outside(clocks, 900_000) == []
