"""Re-running a copy as it grows, whatever the operator writes into it; and which drawn pages count as differing."""

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
from tests.platform import forging
from tests.platform.forging import copied, damage, execute, forge
from tests.platform.second import SECOND
from tests.replay.replays import OTHER


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


@pytest.mark.parametrize(("number", "stage"), [(10**6, "bounds: epoch"), (0, "journal: key")])
def test_an_epoch_of_any_number_does_not_keep_it_from_going_on(
    copy: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch, number: int, stage: str
) -> None:
    *_, epoch = (entry.index for entry in reader.of_kind("epoch"))
    lie = [one for one in pages(reader) if one < epoch][-1]
    forge(copy, lie, trace=OTHER)
    if number == 0:
        monkeypatch.setattr(forging, "key_of", lambda record: None)  # as the copy holds one that is there twice
    forge(copy, epoch, epoch=number)
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert rerunning.upto == reader.size
    assert {(one.index, one.stage) for one in report.differing} >= {
        (lie, "trace"),
        (epoch, stage),
    }


def test_a_number_that_is_left_out_among_epochs(copy: Path, reader: JournalReader) -> None:
    """What comes after is of no epoch, and all the same it can be left and gone on from."""
    epochs = [entry.index for entry in reader.of_kind("epoch")]
    for index in reversed(epochs[-2:]):
        forge(copy, index, epoch=reader.entry(index).record.epoch + 1)  # type: ignore[attr-defined]
    with closing(Rerunning(reader, installed(), None, lambda: 0.0)) as rerunning:
        report = rerunning.go_on(whole=True)
        assert report is not None
        assert [(one.index, one.stage) for one in report.differing if one.kind == "epoch"] == [
            (index, "bounds: epoch") for index in epochs[-2:]
        ]
        assert report.identical > 0
        assert rerunning.upto == reader.size


def test_a_page_behind_damage_that_asks_for_it_hides_nothing(copy: Path, reader: JournalReader) -> None:
    entries = list(reader.read())
    upto = {entry.record.epoch: entry.record.upto for entry in entries if entry.kind == "epoch"}  # type: ignore[attr-defined]
    page, asked = next(
        (page, event.index)
        for page in (entries[index] for index in pages(reader)[20:])
        for event in entries[upto[page.record.epoch] : page.index]  # type: ignore[attr-defined]
        if event.kind == "event" and event.record.viewer == page.record.viewer  # type: ignore[attr-defined]
    )
    lie = [one for one in pages(reader) if one < asked][3]
    forge(copy, lie, trace=OTHER)
    execute(copy, "UPDATE records SET key = NULL WHERE idx = ?", asked)  # as where it is there twice
    request = replace(page.record.request, acknowledged=page.index)  # type: ignore[attr-defined]
    forge(copy, page.index, viewer_upto=0, request=request)
    report = Rerunning(reader, installed(), None, lambda: 0.0).go_on(whole=True)
    assert report is not None
    assert {(one.index, one.stage) for one in report.differing} >= {(lie, "trace"), (asked, "journal: key")}
    assert report.unreached > 0
