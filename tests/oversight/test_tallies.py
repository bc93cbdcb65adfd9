"""Tallies held against a log: each page counted once, in time, and nothing counted that is not there."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from plainview.ledger.errors import FormatError
from plainview.oversight.tallies import EXHIBITS, OVERDUE, STEP, Lost, Off, Reconciling
from plainview.records import Tally
from plainview.records.leaf import personal_leaf, public_leaf
from tests.records.examples import EXAMPLES, TIME

NONE = Tally(
    time=TIME, first=0, upto=0, lost=False, served=0, repeated=0, refused=0, closed=0, failed=0, rankings=0, thrown=()
)


def tally(first: int, upto: int, **fields: Any) -> Tally:
    return replace(NONE, first=first, upto=upto, **fields)


def stages(found: Any) -> list[str]:
    return [one.stage for one in found]


def with_pages(*indexes: int) -> Reconciling:
    made = Reconciling()
    for index in indexes:
        made.page(index)
    return made


def test_what_adds_up() -> None:
    log = with_pages(3, 4, 9)
    assert list(log.tally(10, tally(0, 9, served=2, repeated=5, rankings=4, thrown=(("error", 1), ("stale", 1))))) == []
    assert (log.tallies, log.counted, log.uncounted) == (1, 2, 1)
    log.page(11)
    assert list(log.tally(12, tally(9, 12, served=1, rankings=2))) == []  # one whose viewer was gone
    assert (log.tallies, log.counted, log.uncounted) == (2, 4, 0)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"served": 2, "rankings": 2}, []),
        ({"served": 3, "rankings": 2}, ["receipts"]),
        ({"served": 0, "rankings": 2}, []),
        ({"served": 2, "rankings": 1}, ["rankings"]),
        ({"served": 2, "rankings": 3}, ["rankings"]),
        ({"served": 2, "rankings": 3, "thrown": (("stale", 2),)}, ["rankings"]),
        ({"served": 3, "rankings": 3}, ["receipts", "rankings"]),
    ],
)
def test_what_does_not(fields: dict[str, Any], found: list[str]) -> None:
    log = with_pages(3, 4)
    off = list(log.tally(6, tally(0, 6, **fields)))
    assert stages(off) == found
    for one in off:
        assert isinstance(one, Off)
        assert (one.index, one.records) == (6, (0, 1, 2, 3, 4, 5, 6))
        assert "from record 0 to 5 the log has 2 pages" in one.detail


def test_of_a_long_range_the_tally_alone_is_shown() -> None:
    for upto in (EXHIBITS, EXHIBITS + 1):
        (one,) = with_pages(3).tally(upto, tally(0, upto, rankings=2))
        assert isinstance(one, Off)
        assert len(one.records) == (1 if upto > EXHIBITS else EXHIBITS + 1)


@pytest.mark.parametrize(
    ("first", "upto", "told"),
    [
        (5, 9, "begins at record 5 and ends at 9, and that of record 7 ended at 6"),
        (7, 9, "begins at record 7 and ends at 9, and that"),
        (6, 6, "begins at record 6 and ends at 6, and that"),
        (6, 11, "begins at record 6 and ends at 11, and that"),
    ],
)
def test_ranges_without_a_gap(first: int, upto: int, told: str) -> None:
    log = with_pages(3)
    assert list(log.tally(7, tally(0, 6, served=1, rankings=1))) == []
    (one,) = [one for one in log.tally(10, tally(first, upto)) if one.stage == "range"]  # type: ignore[union-attr]
    assert isinstance(one, Off)
    assert (one.index, one.records) == (10, (7, 10))
    assert told in one.detail


def test_the_first_begins_at_the_first_record() -> None:
    (one,) = with_pages(3).tally(7, tally(1, 7, rankings=1))
    assert isinstance(one, Off)
    assert (one.stage, one.records) == ("range", (7,))
    assert "it is the first tally" in one.detail


def test_lost_counts_are_no_finding() -> None:
    log = with_pages(3, 4)
    assert list(log.tally(6, tally(0, 6, lost=True))) == [Lost(6, 0, 6, 2)]
    assert (log.counted, log.lost, log.before) == (0, 0, 2)  # from before anything was counted
    assert list(log.tally(8, tally(6, 8, lost=True))) == []  # no page was in it
    log.page(9)
    assert list(log.tally(10, tally(8, 10, rankings=1))) == []
    log.page(11)
    assert list(log.tally(12, tally(10, 12, lost=True))) == [Lost(12, 10, 12, 1)]
    assert (log.counted, log.lost, log.before) == (1, 1, 2)


def counting(*indexes: int) -> Reconciling:
    """A log with a tally, and these pages behind its range."""
    made = Reconciling()
    assert list(made.tally(1, tally(0, 1))) == []
    for index in indexes:
        made.page(index)
    return made


def wait(log: Reconciling, index: int, milliseconds: int, step: int = 1_000, since: int = 0) -> list[Any]:
    """The log goes on for so long, with a public record every `step`."""
    found: list[Any] = []
    for at in range(0, milliseconds + 1, step):
        found += log.public(index + at // step, TIME + since + at)
    return found


def test_a_page_has_to_be_counted_in_time() -> None:
    log = counting(3)
    assert wait(log, 10, OVERDUE) == []
    (one,) = wait(log, 1_000, 5_000, since=OVERDUE + 1_000)
    assert (one.index, one.stage, one.records) == (3, "overdue", (3, 1_000))
    log.page(2_000)
    assert wait(log, 2_001, 2 * OVERDUE, since=2 * OVERDUE) == []  # it is told once, until these are counted
    assert list(log.tally(5_000, tally(1, 4_000, served=2, rankings=2, time=TIME + 4 * OVERDUE))) == []
    log.page(5_001)
    assert stages(wait(log, 6_000, 2 * OVERDUE, since=5 * OVERDUE)) == ["overdue"]


def test_tallies_that_leave_a_page_out_again_and_again_are_no_excuse() -> None:
    log, found = counting(30), []
    for turn in range(20):
        found += wait(log, 100 + 100 * turn, OVERDUE // 10, since=turn * OVERDUE // 10)
        found += log.tally(150 + 100 * turn, tally(turn + 1, turn + 2, time=TIME + (turn + 1) * OVERDUE // 10))
    assert stages(found) == ["overdue"]


def test_time_in_which_the_operator_was_not_at_work_does_not_count() -> None:
    log = counting(3)
    for hour in range(OVERDUE // STEP):
        assert wait(log, 10 + hour, 0, since=hour * 3_600_000) == []
    assert wait(log, 100, 0, since=100 * 3_600_000) == []
    assert stages(wait(log, 101, 0, since=200 * 3_600_000)) == ["overdue"]


def test_entries_of_a_log() -> None:
    log = Reconciling()
    page, other = personal_leaf("page", bytes(32)), personal_leaf("event", bytes(32))
    entries = [public_leaf("charter", EXAMPLES["charter"]), page, other, page]
    assert [list(log.take(index, entry)) for index, entry in enumerate(entries)] == [[], [], [], []]
    assert log.uncounted == 2
    assert stages(log.take(4, public_leaf("tally", tally(0, 4, served=3, rankings=2)))) == ["receipts"]
    assert log.uncounted == 0
    with pytest.raises(FormatError):
        list(log.take(5, public_leaf("tally", NONE).replace(b'"lost":false', b'"lost":null')))


def test_nothing_is_overdue_before_anything_is_counted() -> None:
    log = with_pages(3)
    assert wait(log, 10, 3 * OVERDUE) == []
    assert list(log.tally(2_000, tally(0, 4, lost=True, time=TIME + 3 * OVERDUE))) == [Lost(2_000, 0, 4, 1)]
    log.page(2_001)
    assert stages(wait(log, 2_002, 2 * OVERDUE, since=4 * OVERDUE)) == ["overdue"]
