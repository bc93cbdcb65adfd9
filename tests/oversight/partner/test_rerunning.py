"""Which drawn pages count as differing: also those that could not be re-run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import JournalReader, PlainSealer
from plainview.oversight.partner.rerunning import Rerunning
from plainview.platform.releases import installed
from plainview.replay.findings import Difference, Report
from plainview.replay.replay import Replay
from plainview.storage import SqliteRecords
from tests.platform.forging import copied, damage
from tests.platform.second import SECOND


@pytest.fixture
def copy(tmp_path: Path, overseen: Path) -> Path:
    return copied(overseen, tmp_path / "copy")


@pytest.fixture
def reader(copy: Path) -> Iterator[JournalReader]:
    with closing(JournalReader(SqliteRecords(copy, writing=False), PlainSealer())) as reader:
        yield reader


def pages(reader: JournalReader) -> list[int]:
    return [entry.index for entry in reader.of_kind("page")]


def test_it_is_re_run_when_it_has_grown(reader: JournalReader) -> None:
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert report.pages == report.identical == 60
    assert rerunning.go_on(whole=True) is None
    assert (rerunning.upto, rerunning.report) == (reader.size, report)
    assert rerunning.differing(pages(reader)) == set()


def test_what_another_release_served_counts(reader: JournalReader) -> None:
    rerunning = Rerunning(reader, SECOND, None, lambda: 0.0)
    rerunning.go_on(whole=True)
    assert rerunning.differing(pages(reader)[:7]) == set(pages(reader)[:7])


def test_what_rests_on_damage_counts(copy: Path, reader: JournalReader) -> None:
    all_ = pages(reader)
    damage(copy, all_[20])
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert report.unreached
    found = rerunning.differing(all_)
    assert found >= {one for one in all_ if one >= all_[20]}


def test_what_was_dealt_with_is_told_once_a_late_page_could_be_re_run(
    reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails as a page that came too late is re-run by itself."""
    first, second, *_ = pages(reader)
    wrong = Difference(first, "page", "selection", "another order")
    honest, run = Replay.go_on, Replay.run
    ran: list[int] = []

    def late(replay: Replay, settled: int) -> Report:
        found = honest(replay, settled)
        if not found.pages:
            return found
        counts = {"pages": found.pages - 2, "identical": found.identical - 3}
        return replace(found, differing=(wrong,), stragglers=(first, second), **counts)

    def fails(replay: Replay, only: int | None = None) -> Report:
        assert only is not None
        ran.append(only)
        if ran == [first, second]:
            raise OSError("the disk")
        return run(replay, only)

    monkeypatch.setattr(Replay, "go_on", late)
    monkeypatch.setattr(Replay, "run", fails)
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    with pytest.raises(OSError, match="the disk"):
        rerunning.go_on(whole=True)
    assert rerunning.upto == 0
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert ran == [first, second, second]
    assert (report.pages, report.identical, report.differing) == (60, 59, (wrong,))
    assert rerunning.upto == reader.size
    assert rerunning.go_on(whole=True) is None


def test_re_running_that_broke_off_begins_again(reader: JournalReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had dealt with by then is in no report, and may differ."""
    honest = Replay.go_on

    def breaks_off(replay: Replay, settled: int) -> Report:
        honest(replay, settled)
        raise OSError("the disk")

    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    with monkeypatch.context() as broken:
        broken.setattr(Replay, "go_on", breaks_off)
        with pytest.raises(OSError, match="the disk"):
            rerunning.go_on(whole=True)
    assert rerunning.known == (None, 0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert (report.pages, report.identical, report.records) == (60, 60, reader.size)
