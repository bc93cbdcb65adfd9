"""Rows that an operator slipped past their own fence: replay finds each by its index."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal.origins import OriginGate
from plainview.platform.releases import installed
from plainview.records import History, Record
from plainview.replay.replay import Replay
from tests.platform.stepping import ORIGIN, impression, platform, video
from tests.replay.replays import Growing, reading, replayed
from tests.replay.test_position import put_away

PLANTED: list[tuple[Record, int]] = [
    (impression(3, origin="elsewhere"), 1),
    (History(time=0, origin="elsewhere", viewer=800, at=5, past=((1, 1), (2, 0))), 2),
    (replace(video(90), origin="elsewhere"), 0),
]
"""And how many lessons the fold refuses: it is the second gate. A video teaches nothing."""


def planted(path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, *records: Record) -> tuple[int, int]:
    """Have `records` appended that no fence looks at, to four rows of ORIGIN, of which so many are let in.

    Returns the index of the first, and how many of them the fold refused.
    """
    with platform(path) as running:
        running.license()
        running.admit(rows)
        running.append(*(video(number) for number in range(11)), ORIGIN, *(impression(row) for row in range(4)))
        running.learner._go_on()
        index, world = running.journal.size, running.learner._follower.world
        before = int(world.tables.head["refused"][0])
        with monkeypatch.context() as blind:
            blind.setattr(OriginGate, "check", lambda *_: "")
            running.append(*records)
        running.learner._go_on()
        return index, int(world.tables.head["refused"][0]) - before


@pytest.mark.parametrize(("record", "lessons"), PLANTED, ids=["impression", "history", "video"])
def test_a_row_of_an_import_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record, lessons: int
) -> None:
    index, refused = planted(tmp_path / "home", monkeypatch, 100, record)
    assert refused == lessons
    (found,) = replayed(tmp_path / "home").differing
    assert (found.index, found.stage) == (index, "bounds: origin")
    assert found.detail == "origin elsewhere is not in the journal, and its rows may not be"


def test_an_import_that_nobody_let_in_and_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        first = running.journal.size
        monkeypatch.setattr(OriginGate, "check", lambda *_: "")
        running.append(video(1), ORIGIN, impression(1), impression(2))
        running.learner._go_on()
    monkeypatch.undo()
    found = {one.index: one.detail for one in replayed(tmp_path / "home").differing}
    assert list(found) == [first + 1, first + 2, first + 3]
    assert found[first + 1].startswith("origin town was not let in")
    assert found[first + 2] == found[first + 3] == "origin town is not in the journal, and its rows may not be"


def test_rows_beyond_those_that_were_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index, _ = planted(tmp_path / "home", monkeypatch, 4, impression(4), impression(5))
    report = replayed(tmp_path / "home")
    assert [(one.index, one.stage) for one in report.differing] == [(at, "bounds: origin") for at in (index, index + 1)]
    assert report.differing[0].detail == "origin town has 4 rows already, and 4 were let in"


def test_rows_that_were_read_are_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a replay that goes on from where another one stood."""
    index, _ = planted(tmp_path / "home", monkeypatch, 5, impression(4), impression(5))
    with reading(tmp_path / "home", Growing) as journal:
        journal.limit = index
        with Replay(journal, installed()) as before:
            before.go_on(2**32)
            place = put_away(before.place())
        assert place is not None
        assert place.position.read == index
        journal.limit = index + 2
        with Replay(journal, installed()) as replay:
            replay.resume(place)
            (found,) = replay.go_on(2**32).differing
    assert (found.index, found.detail) == (index + 1, "origin town has 5 rows already, and 5 were let in")


def test_what_was_refused_and_journaled_is_sound(tmp_path: Path) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        size = running.journal.size
        with pytest.raises(AssertionError, match="origin town was not let in"):
            running.append(ORIGIN)
        assert running.journal.size == size + 1
        running.append(video(1))
        running.learner._go_on()
    assert replayed(tmp_path / "home").sound
