"""Replay that goes on as its journal grows comes to what one over the whole does, a part at a time."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Entry
from plainview.platform.releases import installed
from plainview.replay import plain_lists
from plainview.replay import replay as module
from plainview.replay.findings import Difference, Report
from plainview.replay.replay import Replay
from tests.platform.forging import copied, flip, forge
from tests.platform.homes import size_of
from tests.platform.played import home_with_late_pages
from tests.replay.replays import OTHER, Growing, of, reading, replayed

ALL = 2**32


def replay_of(journal: Growing) -> Replay:
    return Replay(journal, installed())


def settled(entries: list[Entry], size: int) -> int:
    """Index of the first epoch that a page still to come pins."""
    epochs: dict[int, int] = {entry.record.epoch: entry.index for entry in of(entries, "epoch")}  # type: ignore[attr-defined]
    pins = [entry.record.epoch for entry in of(entries, "page") if entry.index >= size]  # type: ignore[attr-defined]
    return min((epochs[one] for one in pins), default=ALL)


def together(reports: list[Report]) -> dict[str, object]:
    """What they come to, as one."""
    differing: list[Difference] = [found for report in reports for found in report.differing]
    counted = ("records", "missing", "epochs", "snapshots", "pages", "identical", "unreached")
    sums: dict[str, object] = {name: sum(getattr(report, name) for report in reports) for name in counted}
    return sums | {"differing": tuple(sorted(differing, key=lambda found: found.index))}


def stepwise(home: Path, entries: list[Entry], seed: int) -> list[Report]:
    """One call after each few records that have come."""
    chance = random.Random(seed)
    reports, size = [], 0
    with reading(home, Growing) as journal, replay_of(journal) as replay:
        while size < len(entries):
            size = journal.limit = min(len(entries), size + chance.choice((1, 5, 30, 300)))
            reports.append(replay.go_on(settled(entries, size)))
    return reports


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_parts_come_to_the_whole(copy: Path, entries: list[Entry], seed: int) -> None:
    reports = stepwise(copy, entries, seed)
    whole = together([replayed(copy)])
    assert together(reports) == whole
    assert [report.stragglers for report in reports if report.stragglers] == []
    assert whole["identical"] == len(of(entries, "page"))


def test_what_differs_is_told_once_by_the_call_that_comes_to_it(copy: Path, entries: list[Entry]) -> None:
    pages = of(entries, "page")
    forge(copy, pages[40].index, now=pages[40].record.now + 60_000)  # type: ignore[attr-defined]
    forge(copy, pages[90].index, trace=OTHER)
    reports = stepwise(copy, entries, 5)
    assert together(reports) == together([replayed(copy)])
    assert {pages[40].index, pages[90].index} <= {found.index for report in reports for found in report.differing}


def test_after_damage_nothing_more_is_reached(copy: Path, entries: list[Entry]) -> None:
    index = of(entries, "event")[60].index
    flip(copy, index, "hash", 1)
    reports, whole = stepwise(copy, entries, 6), replayed(copy)
    ours = together(reports)
    assert ours["differing"] == whole.differing
    assert (ours["pages"], ours["records"]) == (whole.pages, whole.records)
    assert whole.identical == ours["identical"]
    assert any(report.unreached for report in reports)


def test_a_page_that_comes_too_late_is_left_for_a_run_of_its_own(tmp_path: Path) -> None:
    path, (late, other) = home_with_late_pages(tmp_path / "home")
    home = copied(path, tmp_path / "copy")
    reports: list[Report] = []
    with reading(home, Growing) as journal, replay_of(journal) as replay:
        for journal.limit in range(size_of(home) + 1):
            reports.append(replay.go_on(ALL))
    found = [index for report in reports for index in report.stragglers]
    assert {late, other} <= set(found)
    assert sum(report.pages for report in reports) + len(found) == replayed(home).pages
    assert all(not report.differing for report in reports)
    alone = replayed(home, late)
    assert (alone.pages, alone.identical) == (1, 1)


def test_nothing_is_read_ahead_of_an_epoch_that_is_not_settled(copy: Path, entries: list[Entry]) -> None:
    with reading(copy, Growing) as journal, replay_of(journal) as replay:
        journal.limit = len(entries)
        first = replay.go_on(0)
        assert first.epochs == 1
        assert first.records < 10
        rest = replay.go_on(ALL)
        assert together([first, rest]) == together([replayed(copy)])


def test_what_no_epoch_has_folded_in_is_not_held(
    copy: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that nobody has served yet may be millions of records."""
    monkeypatch.setattr(module, "TAKE", 8)
    indexes = [entry.index for entry in of(entries, "epoch")]
    first, second = max(pairwise(indexes), key=lambda pair: pair[1] - pair[0])
    assert second - first > 100
    with reading(copy, Growing) as journal, replay_of(journal) as replay:
        journal.limit = second
        parts = [replay.go_on(ALL)]
        assert parts[0].records == second
        assert len(replay._chunk) < 8
        assert replay._incumbent._fed <= first + 1
        journal.limit = len(entries)
        parts.append(replay.go_on(ALL))
    assert together(parts) == together([replayed(copy)])


def test_a_call_costs_what_has_come_since_the_last(copy: Path, entries: list[Entry]) -> None:
    with reading(copy, Growing) as journal, replay_of(journal) as replay:
        journal.limit = len(entries) - 40
        replay.go_on(settled(entries, journal.limit))
        for journal.limit in (len(entries) - 40, len(entries) - 20, len(entries)):
            journal.rows = 0
            replay.go_on(settled(entries, journal.limit))
            # Each record once as it is looked for and once as it is read, and what its pages' viewers did.
            assert journal.rows <= 60 + 20 * 4


def test_lists_that_no_page_needs_are_forgotten(
    copy: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_lists, "LISTS", 1)
    whole = replayed(copy)
    assert whole.sound  # what is known to be needed is kept
    assert whole.identical == whole.pages
    with reading(copy, Growing) as journal, replay_of(journal) as replay:
        held = []
        for journal.limit in range(0, len(entries) + 50, 50):
            report = replay.go_on(settled(entries, journal.limit))
            assert not report.differing
            held.append(len(replay._lists))
    assert max(held) <= 8


def test_reports_of_parts_say_no_more_than_theirs(copy: Path, entries: list[Entry]) -> None:
    with reading(copy, Growing) as journal, replay_of(journal) as replay:
        journal.limit = len(entries)
        replay.go_on(ALL)
        again = replay.go_on(ALL)
    empty = dict.fromkeys(("records", "missing", "epochs", "snapshots", "pages", "identical", "unreached"), 0)
    assert together([again]) == empty | {"differing": ()}
    assert replace(again, seconds=0, cpu_seconds=0).inconclusive == {}
