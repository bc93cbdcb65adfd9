"""A start of the partner's program goes on where re-running was left, if it may believe that."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from plainview.learning.rerun import Cut
from plainview.ledger.errors import ProofError
from plainview.oversight.partner import rerunning as module
from plainview.oversight.partner.bookmarks import FILE, OBJECTS, Bookmarks, NotUsed, Reader
from plainview.oversight.partner.rerunning import Rerunning
from plainview.platform.releases import bundle_of, installed, opened
from plainview.records import Epoch
from plainview.records.fields import to_text
from plainview.replay.bounds import Met
from plainview.replay.bundled import Bundles
from plainview.replay.findings import Report
from plainview.replay.incumbent import Incumbent
from plainview.replay.position import Place, Position
from plainview.replay.replay import Replay
from tests.oversight.partner.partners import Lines
from tests.platform.forging import copied, damage, forge
from tests.platform.played import home_with_late_pages
from tests.platform.second import SECOND
from tests.replay.replays import KERNELS, OTHER, Growing, reading
from tests.storage.crashing_files import CrashingFiles, PowerLoss

READER = Reader(OTHER, installed().digest, "here")
GOES_ON = "re-running goes on from record"
BEGINS = "re-running begins at record 0"


def root(size: int) -> bytes:
    return size.to_bytes(32, "big")


@pytest.fixture
def copy(tmp_path: Path, overseen: Path) -> Path:
    return copied(overseen, tmp_path / "copy")


@pytest.fixture
def journal(copy: Path) -> Iterator[Growing]:
    with reading(copy, Growing) as journal:
        journal.limit = 10**9
        yield journal


class Program:
    """One start of the program, as far as it re-runs."""

    def __init__(
        self,
        journal: Growing,
        path: Path,
        reader: Reader = READER,
        root: Callable[[int], bytes] = root,
        **options: object,
    ) -> None:
        self.lines = Lines()
        self.path = path / "rerun"
        given = {"bundles": None, "installed": installed()} | options
        self.rerunning = Rerunning(
            journal, monotonic=lambda: 0.0, bookmarks=Bookmarks(self.path, reader, root), told=self.lines.told, **given  # type: ignore[arg-type]
        )  # fmt: skip

    def run(self) -> Report:
        """A round, and an orderly stop."""
        with closing(self.rerunning):
            report = self.rerunning.go_on(whole=True)
        assert report is not None
        return replace(report, seconds=0, cpu_seconds=0)


@pytest.fixture
def plain(journal: Growing, tmp_path: Path) -> Report:
    """Of a program that begins at record 0."""
    return Program(journal, tmp_path / "another").run()


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_a_start_comes_to_the_same(journal: Growing, tmp_path: Path, plain: Report, share: float) -> None:
    size = journal.size
    journal.limit = int(share * size)
    before = Program(journal, tmp_path).run()
    journal.limit = size
    ran = Program(journal, tmp_path)
    report = ran.run()
    assert report == plain
    assert report.pages == report.identical == 60
    assert ran.lines.said[0].startswith(GOES_ON)
    assert ran.rerunning.upto == size
    assert before.pages < 60 or share == 1


def test_what_differed_before_is_still_told_and_what_was_changed_after_is_found(
    copy: Path, journal: Growing, tmp_path: Path
) -> None:
    pages = [entry.index for entry in journal.of_kind("page")]
    forge(copy, pages[5], trace=OTHER)
    size, journal.limit = journal.size, pages[40]
    assert Program(journal, tmp_path).run().differing[0].index == pages[5]
    forge(copy, pages[50], trace=OTHER)
    journal.limit = size
    report = Program(journal, tmp_path).run()
    assert {pages[5], pages[50]} <= {one.index for one in report.differing}
    assert report == Program(journal, tmp_path / "another").run()


def test_what_is_below_is_believed_unless_all_is_to_be_re_run(
    copy: Path, journal: Growing, tmp_path: Path, plain: Report
) -> None:
    Program(journal, tmp_path).run()
    pages = [entry.index for entry in journal.of_kind("page")]
    forge(copy, pages[5], trace=OTHER)
    assert Program(journal, tmp_path).run() == plain
    thorough = Program(journal, tmp_path, from_the_start=True)
    assert thorough.run().differing[0].index == pages[5]
    assert thorough.lines.said == []
    assert Program(journal, tmp_path).run().differing[0].index == pages[5]  # and that is what is kept from then on


def test_one_that_cannot_be_used_is_reported_and_all_is_re_run(journal: Growing, tmp_path: Path, plain: Report) -> None:
    kept = Program(journal, tmp_path).run()
    (array,) = (tmp_path / "rerun" / OBJECTS).rglob("*.safetensors")
    file = tmp_path / "rerun" / FILE
    size = journal.size

    def told(**options: object) -> str:
        ran = Program(journal, tmp_path, **options)  # type: ignore[arg-type]
        report = ran.rerunning.go_on(whole=True)
        assert report is not None
        assert report.records == journal.size
        assert ran.lines.said == []
        ran.rerunning._replay.close()  # type: ignore[union-attr]  # and nothing is kept of it
        (remark,) = ran.lines.remarks
        assert remark.startswith(BEGINS)
        return remark

    for path in (file, array):
        whole = path.read_bytes()
        for broken in (whole[: len(whole) // 2], b"", whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
            path.write_bytes(broken)
            assert "damaged" in told() or path == array
        path.write_bytes(whole)
    array.rename(tmp_path / "away")
    assert "is lost" in told()
    (tmp_path / "away").rename(array)
    assert "another version of the program" in told(reader=replace(READER, program="another"))
    assert "another machine" in told(reader=replace(READER, environment="there"))
    assert "another log" in told(root=lambda size: bytes(32))
    assert "another release" in told(reader=replace(READER, installed=OTHER))
    journal.limit = size - 10
    assert "are here" in told()
    journal.limit = size
    assert Program(journal, tmp_path).run() == kept == plain


def test_a_log_that_cannot_be_held_against_it(journal: Growing, tmp_path: Path, plain: Report) -> None:
    def unreadable(size: int) -> bytes:
        raise ProofError("a tile is not there")

    first = Program(journal, tmp_path, root=unreadable)
    assert first.run() == plain
    assert "cannot be kept" in first.lines.remarks[0]
    Program(journal, tmp_path).run()
    second = Program(journal, tmp_path, root=unreadable)
    assert second.run() == plain
    assert second.lines.remarks[0].startswith(BEGINS)


def test_a_world_that_does_not_fit(journal: Growing, tmp_path: Path, plain: Report) -> None:
    """Whoever wrote it had its digest, too."""
    Program(journal, tmp_path).run()
    bookmarks = Bookmarks(tmp_path / "rerun", READER, root)
    found = bookmarks.read(journal.size)
    assert found is not None
    bookmark, place = found
    bookmarks.write(Place(place.position, {"lists.videos": np.zeros(1, np.int64)}), bookmark.report, ())
    ran = Program(journal, tmp_path)
    assert ran.run() == plain
    assert ran.lines.remarks[0].startswith(BEGINS)


def test_pages_that_can_be_judged_now_are(journal: Growing, tmp_path: Path, plain: Report) -> None:
    """A bundle has come that was not there."""
    without = Program(journal, tmp_path)
    report = without.run()
    kept = Bookmarks(tmp_path / "rerun", READER, root)
    _, place = kept.read(journal.size) or (None, None)
    assert place is not None
    kept.write(place, replace(report, identical=0, inconclusive={SECOND.digest: 60}), ())
    assert Program(journal, tmp_path).run().inconclusive == {SECOND.digest: 60}
    bundles = Bundles((bundle_of(SECOND),), KERNELS, opened=opened)
    ran = Program(journal, tmp_path, bundles=bundles)
    assert ran.run() == plain
    assert "may be now" in ran.lines.remarks[0]


def test_what_came_late_and_was_not_re_run_yet_is_at_the_next_start(
    journal: Growing, tmp_path: Path, plain: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = (entry.index for entry in journal.of_kind("page"))
    honest = Replay.go_on

    def late(replay: Replay, settled: int) -> Report:
        found = honest(replay, settled)
        return replace(found, pages=found.pages - 2, identical=found.identical - 2, stragglers=(first, second))

    def fails(replay: Replay, only: int | None = None) -> Report:
        raise OSError("the disk")

    with monkeypatch.context() as broken:
        broken.setattr(Replay, "go_on", late)
        broken.setattr(Replay, "run", fails)
        ran = Program(journal, tmp_path)
        with pytest.raises(OSError, match="the disk"), closing(ran.rerunning):
            ran.rerunning.go_on(whole=True)
    report = Program(journal, tmp_path).run()
    assert (report.pages, report.identical) == (60, 60)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[int, ...]]:
    """A journal with pages that came late, and their indexes."""
    path = tmp_path_factory.mktemp("behind")
    home, late = home_with_late_pages(path / "home")
    return copied(home, path / "copy"), late


@pytest.mark.parametrize("end", ["killed", "stopped", "orderly"])
def test_pages_that_came_late_are_counted_once(
    behind: tuple[Path, tuple[int, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """However it ended before: before, between and after them, and while they were still to be re-run."""
    home, late = behind
    monkeypatch.setattr(module, "AGAIN", 0.0)
    write, writes = Bookmarks.write, 0

    def ending(bookmarks: Bookmarks, *given: object) -> None:
        nonlocal writes
        write(bookmarks, *given)  # type: ignore[arg-type]
        writes -= 1
        if writes == 0:
            if end == "killed":
                raise KeyboardInterrupt
            ran.rerunning.stop()

    with reading(home, Growing) as journal:
        journal.limit = 10**9
        size = journal.limit = journal.size
        plain = Program(journal, tmp_path / "another").run()
        monkeypatch.setattr(Bookmarks, "write", ending)
        for journal.limit, writes in ((late[0], 0), (late[1], 1), (late[1], 2), (size, 2), (size, 0)):
            ran = Program(journal, tmp_path)
            if end == "orderly":
                writes = 0
            with suppress(KeyboardInterrupt):
                ran.rerunning.go_on(whole=True)
            report, upto = ran.rerunning.known
            assert all(upto <= index for index in ran.rerunning._late)
            if end != "killed" or journal.limit == late[0]:
                ran.rerunning.close()
            elif ran.rerunning._replay is not None:
                ran.rerunning._replay.close()
    assert report is not None
    assert replace(report, seconds=0, cpu_seconds=0, stragglers=()) == plain
    assert upto == size
    assert report.pages == report.identical


def test_a_stop_does_not_wait_for_a_page_that_came_late(
    behind: tuple[Path, tuple[int, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what is known say that it was dealt with."""
    home, late = behind
    run, cut = Replay.run, Incumbent.cut
    cuts: list[int] = []

    def stopped(replay: Replay, only: int | None = None) -> Report:
        monkeypatch.setattr(Incumbent, "cut", stopping)
        return run(replay, only)

    def stopping(incumbent: Incumbent, before: Epoch | None, epoch: Epoch) -> Cut | None:
        cuts.append(epoch.epoch)
        if len(cuts) == 2:
            ran.rerunning.stop()
        return cut(incumbent, before, epoch)

    with reading(home, Growing) as journal:
        journal.limit = 10**9
        size = journal.limit = journal.size
        plain = Program(journal, tmp_path / "another").run()
        journal.limit = late[0]
        Program(journal, tmp_path).run()
        journal.limit = size
        ran = Program(journal, tmp_path)
        monkeypatch.setattr(Replay, "run", stopped)
        part = ran.run()
        monkeypatch.undo()
        assert cuts == [0, 1]
        assert (part.pages, ran.rerunning.upto) == (plain.pages - 1, late[0])
        last = Program(journal, tmp_path)
        report = last.run()
    assert (report.pages, report.identical, last.rerunning.upto) == (plain.pages, plain.identical, size)


def test_each_page_that_came_late_is_re_run_once(
    behind: tuple[Path, tuple[int, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take hours: a bookmark is kept behind it."""
    home, late = behind
    monkeypatch.setattr(module, "AGAIN", 0.0)
    run = Replay.run
    ran: list[int] = []

    def once(replay: Replay, only: int | None = None) -> Report:
        assert only is not None
        assert not ran
        ran.append(only)
        return run(replay, only)

    with reading(home, Growing) as journal:
        journal.limit = late[0]
        Program(journal, tmp_path).run()
        journal.limit = late[0] + 1
        monkeypatch.setattr(Replay, "run", once)
        one = Program(journal, tmp_path)
        one.rerunning.go_on(whole=True)
        assert one.rerunning._replay is not None
        one.rerunning._replay.close()  # killed
        assert ran == [late[0]]
        again = Program(journal, tmp_path)
        assert again.run().pages == one.rerunning.known[0].pages  # type: ignore[union-attr]


@pytest.mark.parametrize("which", [0, -1])
def test_damage_below_that_going_on_meets_has_all_re_run(
    copy: Path, journal: Growing, tmp_path: Path, which: int
) -> None:
    """A viewer's page above rests on what they did below, and the next epoch on what no epoch has folded yet."""
    size = journal.size
    journal.limit = size // 2
    first = Program(journal, tmp_path)
    first.run()
    told = {entry.owner for entry in journal.of_kind("setting", 0, size)}
    journal.limit = size
    after = {entry.owner for entry in journal.of_kind("page", first.rerunning.upto, size)} - told
    below = [entry.index for entry in journal.of_kind("event", 0, first.rerunning.upto) if entry.owner in after]
    index = below[which]
    damage(copy, index)
    ran = Program(journal, tmp_path)
    report = ran.run()
    assert [one.index for one in report.differing] == [index]
    assert any(line.startswith(f"{BEGINS}: record {index}") for line in ran.lines.remarks)
    assert report == Program(journal, tmp_path / "another").run()


def test_it_is_kept_as_it_goes_and_ends_where_it_is_told_to(
    journal: Growing, tmp_path: Path, plain: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is killed after one, and another is stopped."""
    monkeypatch.setattr(module, "AGAIN", 0.0)
    ran = Program(journal, tmp_path)
    written: list[int] = []
    write = Bookmarks.write

    def killed(bookmarks: Bookmarks, place: Place, report: Report, late: tuple[int, ...]) -> None:
        write(bookmarks, place, report, late)
        written.append(place.position.read)
        if len(written) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(Bookmarks, "write", killed)
        with pytest.raises(KeyboardInterrupt), closing(ran.rerunning):
            ran.rerunning.go_on(whole=True)
    assert len(written) == 4  # and none of what stood in the midst of something
    assert ran.rerunning.known == (None, 0)
    stopped = Program(journal, tmp_path)
    stopped.rerunning.stop()
    part = stopped.run()
    assert written[-1] <= part.records < plain.records
    monkeypatch.undo()
    last = Program(journal, tmp_path)
    assert last.run() == plain
    assert f"{GOES_ON} {stopped.rerunning.upto:,}, where it was left" in last.lines.said


def test_one_that_cannot_be_written_is_told_and_changes_nothing(
    journal: Growing, tmp_path: Path, plain: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Bookmarks, "write", full)
    ran = Program(journal, tmp_path)
    assert ran.run() == plain
    assert "the disk is full" in ran.lines.remarks[0]


def _place(number: int) -> Place:
    met = Met(time=1, rows={}, oldest=0, passed_over=())
    position = Position(read=number, epoch=0, wrong=False, waiting=(), ahead=(), lists=(), met=met)
    return Place(position, {"head.rows": np.arange(number + 5, dtype=np.int32)})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whenever_the_machine_goes_off_the_older_or_the_newer_one_is_there(plain: Report, seed: int) -> None:
    chance, at = random.Random(seed), 0
    done = False
    while not done:
        disk = CrashingFiles()
        Bookmarks(Path("/disk/rerun"), READER, root, disk).write(_place(1), plain, ())
        disk._crash_at, at = disk.operations + at, at + 1
        with suppress(PowerLoss):
            Bookmarks(Path("/disk/rerun"), READER, root, disk).write(_place(2), plain, (7,))
            done = True
        again = Bookmarks(Path("/disk/rerun"), READER, root, disk.restart(chance))
        found = again.read(10)
        assert found is not None
        bookmark, place = found
        number = bookmark.position.read
        assert (number, bookmark.late) in ((1, ()), (2, (7,)))
        assert len(place.arrays["head.rows"]) == number + 5
        assert number == 2 or not done
        again.write(_place(3), plain, ())
    assert at > 8


def test_only_the_newest_is_kept(tmp_path: Path, plain: Report) -> None:
    bookmarks = Bookmarks(tmp_path / "rerun", READER, root)
    for number in (1, 2, 3):
        bookmarks.write(_place(number), plain, ())
        assert len(list((tmp_path / "rerun" / OBJECTS).rglob("*.safetensors"))) == 1
    found = bookmarks.read(3)
    assert found is not None
    assert found[0].root == to_text(root(3))
    with pytest.raises(NotUsed):
        bookmarks.read(2)
