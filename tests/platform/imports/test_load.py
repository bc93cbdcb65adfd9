"""An import into a real journal: resumable, idempotent, never over another's ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from plainview.journal import journal as writing
from plainview.journal.entry import Draft, Refused
from plainview.journal.fence import Fence
from plainview.journal.journal import Journal
from plainview.journal.sealer import PlainSealer
from plainview.platform.imports import load
from plainview.platform.imports.kuairand import KuaiRand
from plainview.platform.imports.kuairec import KuaiRec
from plainview.platform.imports.load import ImportHeldUp, ImportRefused, NotAdmitted, run
from plainview.platform.imports.tables import Faults
from plainview.records import UNSIGNED, Impression, Origin, Record, Refusal, Video, Viewer
from plainview.storage import StoreFull
from plainview.storage.records import Row
from plainview.storage.sqlite import SqliteRecords
from tests.journal.test_origins import LetsIn
from tests.platform.imports.data_sets import NOW, RANDOM, T, kuairand, kuairec, log_row


@pytest.fixture
def open_journal(tmp_path: Path) -> Iterator[Callable[[], Journal]]:
    opened: list[Journal] = []
    clock = iter(range(NOW, NOW + 10**6))

    def again() -> Journal:
        for journal in opened:
            journal.close()
        opened.append(
            Journal(
                SqliteRecords(tmp_path / "home", writing=True), PlainSealer(), Fence(10**6, 10**6), lambda: next(clock)
            )
        )
        return opened[-1]

    yield again
    for journal in opened:
        journal.close()


@pytest.fixture
def source(tmp_path: Path) -> KuaiRand:
    return KuaiRand(kuairand(tmp_path / "kuairand"), Faults(), NOW)


def records(journal: Journal) -> list[Record]:
    return [entry.record for entry in journal.read()]


def untimed(records: Iterable[Record]) -> list[str]:
    """The journal fills in its own time, and changes nothing else."""
    return [str(record).partition(", ")[2] for record in records]


def ignored(count: int) -> None:
    pass


def test_everything_is_appended_in_the_sources_order(open_journal: Callable[[], Journal], source: KuaiRand) -> None:
    journal, told = open_journal(), []
    loaded = run(journal, source, 0, told.append)
    assert (loaded.records, loaded.fresh, loaded.shift, loaded.faults) == (11, 11, 0, 0)
    assert sum(told) == source.total
    assert untimed(records(journal)) == untimed(source.records(0))


def test_without_an_impression_nothing_moves(tmp_path: Path, open_journal: Callable[[], Journal]) -> None:
    folder = kuairand(tmp_path / "kuairand")
    for path in folder.rglob("log_*.csv"):
        path.write_text(path.read_text().splitlines()[0] + "\n")
    journal = open_journal()
    loaded = run(journal, KuaiRand(folder, Faults(), NOW), None, ignored)
    assert loaded.shift == 0
    assert all(entry.record.created <= NOW for entry in journal.of_kind("video") if isinstance(entry.record, Video))


def test_the_log_ends_within_the_day_before_the_import_starts_and_keeps_its_hours(
    open_journal: Callable[[], Journal], source: KuaiRand
) -> None:
    journal = open_journal()
    loaded = run(journal, source, None, ignored)
    begun = journal.entry(0)
    assert isinstance(begun.record, Origin)
    last = max(record.at for record in records(journal) if isinstance(record, Impression))
    assert loaded.shift % load.DAY == 0
    assert last == source.last + loaded.shift
    assert begun.time - load.DAY < last <= begun.time


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("after", range(1, 11))
def test_an_interrupted_import_continues(
    open_journal: Callable[[], Journal], source: KuaiRand, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 1)
    monkeypatch.setattr(load, "AHEAD", 0)
    left = after

    def stop(count: int) -> None:
        nonlocal left
        left -= count
        if left <= 0:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(open_journal(), source, None, stop)
    journal = open_journal()
    there = journal.size
    loaded = run(journal, source, None, ignored)
    assert loaded.fresh == source.total - there
    assert journal.size == source.total
    assert len({record.at - loaded.shift for record in records(journal) if isinstance(record, Impression)}) == 4
    assert run(journal, source, None, ignored).fresh == 0


@pytest.mark.parametrize("ahead", [0, 4])
@pytest.mark.parametrize("after", range(11))
def test_what_a_full_disk_leaves_is_how_the_import_begins_and_the_rest_is_added_later(
    open_journal: Callable[[], Journal], source: KuaiRand, after: int, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 1)
    monkeypatch.setattr(load, "AHEAD", ahead)
    monkeypatch.setattr(writing, "GROUP", 1)
    journal = open_journal()
    calls = iter(range(100))
    append = journal._store.append

    def filling(rows: list[Row]) -> None:
        if next(calls) == after:
            while after and len(journal._queue) < min(ahead, source.total - after - 1):
                pass  # all that may wait does, and finds room
            raise StoreFull("nothing was written")
        append(rows)

    monkeypatch.setattr(journal._store, "append", filling)
    with pytest.raises(ImportHeldUp) as caught:
        run(journal, source, 0, ignored)
    journal = open_journal()  # what was handed over is written by now
    assert f"no space left; {after} of 11 records of kuairand are in the journal, and stay" in str(caught.value)
    whole = untimed(source.records(0))
    assert untimed(records(journal)) == whole[:after]
    assert run(journal, source, 0, ignored).fresh == source.total - after
    assert untimed(records(journal)) == whole


def test_the_same_import_with_another_shift_is_refused(open_journal: Callable[[], Journal], source: KuaiRand) -> None:
    journal = open_journal()
    run(journal, source, 5, ignored)
    with pytest.raises(ImportRefused, match="shifted by 5 ms, not 0 ms; run it again as it was begun"):
        run(journal, source, 0, ignored)
    with pytest.raises(ImportRefused, match="shifted by 5 ms"):
        run(journal, source, None, ignored)
    assert journal.size == source.total


def test_other_files_under_the_same_name_are_refused(
    open_journal: Callable[[], Journal], source: KuaiRand, tmp_path: Path
) -> None:
    journal = open_journal()
    run(journal, source, 0, ignored)
    with (tmp_path / "kuairand" / RANDOM).open("a") as file:
        file.write(log_row(0, 0, T) + "\n")
    with pytest.raises(
        ImportRefused, match=r"kuairand was imported before from other files.*new data directory \(--home\)"
    ):
        run(journal, KuaiRand(tmp_path / "kuairand", Faults(), NOW), 0, ignored)
    assert journal.size == source.total


def test_a_second_data_set_may_not_take_taken_ids(
    open_journal: Callable[[], Journal], source: KuaiRand, tmp_path: Path
) -> None:
    folder = kuairec(tmp_path / "kuairec")
    journal = open_journal()
    run(journal, source, 0, ignored)
    size = journal.size
    # Videos 3 and 7, viewers 2 and 4: nobody's so far.
    assert run(journal, KuaiRec(folder, Faults(), NOW), 0, ignored).fresh == 8
    for name in ("item_daily_features.csv", "item_categories.csv", "kuairec_caption_category.csv"):
        path = folder / "data" / name
        path.write_text(path.read_text().replace("\n7,", "\n2,"))
    fresh = tmp_path / "second"
    other = Journal(SqliteRecords(fresh, writing=True), PlainSealer(), Fence(10**6, 10**6))
    run(other, source, 0, ignored)
    with pytest.raises(
        ImportRefused, match=r"1 video ids of kuairec are taken in this journal, the first is 2.*--home"
    ):
        run(other, KuaiRec(folder, Faults(), NOW), 0, ignored)
    assert other.size == size
    other.close()


@pytest.mark.parametrize("after", [5, 11])
def test_a_video_that_its_creator_changed_is_still_the_imports(
    open_journal: Callable[[], Journal], source: KuaiRand, after: int
) -> None:
    journal = open_journal()
    whole = list(source.records(0))
    journal.append([load._draft(record, "kuairand") for record in whole[:after]])
    changed = next(record for record in whole if isinstance(record, Video) and record.video == 2)
    journal.append([Draft(msgspec.structs.replace(changed, origin="upload", caption="mine"))])
    assert run(journal, source, 0, ignored).fresh == source.total - after
    assert journal.size == source.total + 1


def test_videos_of_the_app_are_never_taken_over(open_journal: Callable[[], Journal], source: KuaiRand) -> None:
    journal = open_journal()
    whole = list(source.records(0))
    journal.append([load._draft(record, "kuairand") for record in whole[:3]])  # the origin, videos 0 and 1
    uploaded = next(record for record in whole if isinstance(record, Video) and record.video == 2)
    journal.append([Draft(msgspec.structs.replace(uploaded, origin="upload"))])
    with pytest.raises(ImportRefused, match="1 video ids of kuairand are taken in this journal, the first is 2"):
        run(journal, source, 0, ignored)


def test_viewers_of_the_app_are_never_taken_over(open_journal: Callable[[], Journal], source: KuaiRand) -> None:
    journal = open_journal()
    journal.append([Draft(Viewer(time=0, viewer=1, region="FR", age="18+", mode="plain", **UNSIGNED))])
    with pytest.raises(ImportRefused, match="1 viewer ids of kuairand are taken in this journal, the first is 1"):
        run(journal, source, 0, ignored)
    assert journal.size == 1


def test_a_refusal_of_the_journal_is_an_error(open_journal: Callable[[], Journal], source: KuaiRand) -> None:
    class Refusing(Fence):
        def check(self, index: int, time: int, record: Record) -> Refused | None:
            return Refused("no impressions here", "test") if isinstance(record, Impression) else None

    journal = open_journal()
    journal._fence = Refusing(1, 1)
    with pytest.raises(ImportRefused, match=r"refused a record \(test\): no impressions here"):
        run(journal, source, 0, ignored)


def gated(path: Path, **rows: int) -> Journal:
    return Journal(SqliteRecords(path, writing=True), PlainSealer(), Fence(10**6, 10**6, LetsIn(**rows)), lambda: NOW)


def test_what_was_not_let_in_is_refused_before_anything_is_written(tmp_path: Path, source: KuaiRand) -> None:
    with closing(gated(tmp_path / "gated", other=100)) as journal:
        with pytest.raises(NotAdmitted, match="origin kuairand was not let in"):
            run(journal, source, 0, ignored)
        assert [entry.kind for entry in journal.read()] == ["refusal"]


@pytest.mark.parametrize("ahead", [0, 4])
def test_rows_beyond_those_that_were_let_in_are_refused_and_seen(
    tmp_path: Path, source: KuaiRand, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 2)
    monkeypatch.setattr(load, "AHEAD", ahead)
    rows = len(source.videos()) + 2  # and five impressions are there
    with closing(gated(tmp_path / "gated", kuairand=rows)) as journal:
        with pytest.raises(ImportRefused, match=rf"refused a record \(origin\): .* {rows} were let in"):
            run(journal, source, 0, ignored)
        journal.append([])
        refused = [entry.record for entry in journal.of_kind("refusal") if isinstance(entry.record, Refusal)]
        assert {(one.origin, one.kind) for one in refused} == {("kuairand", "impression")}
        assert sum(one.rows for one in refused) == (3 if ahead else refused[0].rows)
        assert sum(entry.kind in ("video", "impression") for entry in journal.read()) == rows
