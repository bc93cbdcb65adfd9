"""Start and stop: whatever is lost beside the journal, and on a full disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.catalogue import NewVideo
from plainview.platform.home import Home, HomeError
from plainview.storage import Row, SqliteRecords, StoreFailed
from tests.platform.faulty import NO_SPACE, Faulty, no_space_for_objects, no_space_for_records
from tests.platform.forging import lose_all, lose_objects, lose_projections
from tests.platform.towns import SLOW, VIDEOS, open_town, play, populate, state, until
from tests.replay.replays import replayed


def damage_objects(home: Path) -> None:
    for path in (home / "objects").rglob("*.safetensors"):
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)


@pytest.mark.parametrize("lose", [lose_objects, lose_projections, lose_all, damage_objects])
@pytest.mark.filterwarnings("default")
def test_what_is_lost_is_folded_again(home: Path, lose: Callable[[Path], None]) -> None:
    with open_town(home) as application:
        populate(application)
        indexes = play(application)
        last, before = application.epoch, state(application)
    lose(home)
    told: list[tuple[str, int, int]] = []
    with open_town(home, progress=lambda *progress: told.append(progress)) as application:
        assert application.epoch.epoch == last.epoch + 1  # the one with the snapshot
        assert state(application) == before
        assert all(application.pages.explain(index).identical for index in indexes)
        assert told


def test_records_that_came_with_no_learner_are_caught_up(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
        indexes = play(application)
        video = application.catalogue.record(1)
    with closing(Home(home).write()) as journal:
        journal.append([Draft(structs.replace(video, time=0, video=number)) for number in range(500, 600)])
        size = journal.size
    with open_town(home) as application:
        assert application.epoch.upto == size
        assert application.lineage.restore(application.epoch).videos == VIDEOS + 100
        assert all(application.pages.explain(index).identical for index in indexes)


@pytest.mark.parametrize("fault", [no_space_for_objects, no_space_for_records])
def test_stopping_on_a_full_disk_loses_nothing(home: Path, fault: Callable[[Application], Faulty]) -> None:
    with open_town(home, cadence=SLOW._replace(records=80)) as application:
        for video in range(1, 90):
            application.catalogue.add(NewVideo(video=video, creator=1, duration=1000))
        until(lambda: application.epoch.epoch)
        last, size = application.epoch, application.journal.size
        fault(application)
    with open_town(home) as application:
        assert application.epoch.epoch > last.epoch
        assert application.epoch.upto >= size
        assert application.catalogue.find(89) is not None
    assert replayed(home).sound


def test_starting_on_a_full_disk_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_town(home) as application:
        application.catalogue.add(NewVideo(video=1, creator=1, duration=1000))
    lose_all(home)

    def full(*_: object) -> None:
        raise NO_SPACE

    monkeypatch.setattr("plainview.storage.filesystem.HostFileSystem.write", full)
    with pytest.raises(HomeError, match=r"No space left on device; .*start again: nothing is lost"):
        open_town(home)
    monkeypatch.undo()
    with open_town(home) as application:
        assert application.catalogue.find(1) is not None


@pytest.mark.parametrize("kind", ["release", "video"])
def test_starting_on_a_journal_that_cannot_be_read_promises_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with open_town(home) as application:
        application.catalogue.add(NewVideo(video=1, creator=1, duration=1000))
    lose_all(home)
    of_kind = SqliteRecords.of_kind

    def failing(self: SqliteRecords, which: str, *arguments: Any) -> Iterator[Row]:
        if which == kind:
            raise StoreFailed("journal.sqlite: cannot be read; restore a copy")
        return of_kind(self, which, *arguments)

    monkeypatch.setattr(SqliteRecords, "of_kind", failing)
    with pytest.raises(HomeError, match=r"cannot be read; restore a copy$"):
        open_town(home)
    monkeypatch.undo()
    open_town(home).close()
