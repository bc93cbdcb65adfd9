from __future__ import annotations

import time
from pathlib import Path

import pytest
from msgspec import structs

from plainview.feed.probe import ProbeFailed
from plainview.learning.fold import Fold, empty_world
from plainview.platform import lineage
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.platform.lineage import Lineage, LineageBroken
from plainview.platform.releases import installed
from plainview.platform.viewers import NewViewer
from plainview.records import Record
from tests.feed.test_probe import FLUSH_TO_ZERO, in_thread, set_mxcsr
from tests.platform.faulty import no_space_for_objects
from tests.platform.forging import lose_all, lose_objects
from tests.platform.towns import epochs, open_town, page_of, play, populate, settled


@pytest.fixture
def opened(home: Path) -> Application:
    """Not closed yet, after pages and events."""
    application = open_town(home)
    populate(application)
    play(application)
    settled(application)
    return application


def test_any_epoch_in_any_order_is_the_same_world(opened: Application) -> None:
    with opened as application:
        numbers = [epoch.epoch for epoch in epochs(application)]
        found = {}
        for number in [*numbers, *reversed(numbers), numbers[-1], numbers[0]]:
            with application.lineage.at(number) as world:
                assert found.setdefault(number, world.digest()) == world.digest()
        for number in (numbers[0], numbers[-1]):
            epoch = application.lineage.epoch(number)
            assert epoch is not None
            assert application.lineage.restore(epoch).digest() == found[number]


def test_a_start_folds_nothing_in_a_thread_whose_arithmetic_is_another(
    opened: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.close()
    home = opened.home
    lose_all(home.path)
    folded: list[object] = []
    monkeypatch.setattr(Fold, "take", lambda *_: folded.append(_))

    def start() -> None:
        set_mxcsr(FLUSH_TO_ZERO)
        Application(home)

    error = in_thread(start)
    assert isinstance(error, ProbeFailed)
    assert not folded


@pytest.mark.parametrize("residents", [3, 1000])
def test_newcomers_are_folded_without_reading_and_others_from_their_records(
    opened: Application, monkeypatch: pytest.MonkeyPatch, residents: int
) -> None:
    with opened as application:
        for _ in range(2):  # everybody comes, and with room for three the first ones are forgotten
            for viewer in range(10, 20):
                application.viewers.register(NewViewer(viewer=viewer))
        page_of(application, viewer=15)
        read: list[str] = []
        history = application.journal.history

        def told(owner: str, start: int, stop: int) -> list[tuple[int, Record]]:
            read.append(owner)
            return history(owner, start, stop)

        monkeypatch.setattr(application.journal, "history", told)
        follower = lineage.Follower(application.journal, installed().configuration, residents, empty_world(), 0)
        follower.read_to(application.journal.size)
        settled(application)
        assert follower.world.digest() == application.lineage.restore(application.lineage.last()).digest()
        # With room for all nobody has to be read; with room for three, only those who come again.
        assert {f"viewer:{viewer}" for viewer in range(10, 20)} <= set(read) if residents == 3 else not read
        state = follower.fold.residents.row(15)
        assert state.tobytes() == application.residency.standing(15).row.tobytes()


def test_an_epoch_that_is_not_there(opened: Application) -> None:
    with opened as application:
        with pytest.raises(LookupError, match="epoch 999999 is not in the journal"), application.lineage.at(999_999):
            pass
        assert application.lineage.epoch(999_999) is None


def test_a_world_that_cannot_be_had_again_is_named(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
        play(application, 2)
    lose_all(home)
    learning = structs.replace(installed().configuration.learning, admit_after=50)
    configuration = structs.replace(installed().configuration, learning=learning)
    otherwise = installed()._replace(manifest=structs.replace(installed().manifest, configuration=configuration))
    files = Home(home)
    journal = files.read()
    lineage = Lineage(journal, files.epochs, otherwise)
    with pytest.raises(LineageBroken, match=r"its delta is lost, and records \d+ to \d+ folded again give"):
        lineage.restore(lineage.last())
    journal.close()


def test_a_past_world_is_forgotten_when_nobody_asks(opened: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "KEPT", 0.01)
    with opened as application:
        number = application.epoch.epoch
        with application.lineage.at(number) as world:
            before = world.digest()
        deadline = time.monotonic() + 60
        while application.lineage._kept is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with application.lineage.at(number) as world:
            assert world.digest() == before


def test_looking_back_needs_no_room_on_the_disk(opened: Application, home: Path) -> None:
    with opened as application:
        index, page = page_of(application)
        settled(application)
        while application.epoch.epoch == page.epoch:
            application.viewers.register(NewViewer(viewer=50))
            settled(application)
        lose_objects(home)
        faulty = no_space_for_objects(application)
        assert application.pages.explain(index).identical
        assert faulty.failed
        faulty.error = None


def test_a_journal_restored_alone_is_folded_anew_and_that_is_one_line(
    opened: Application, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened:
        pass
    lose_all(home)
    caplog.clear()
    with open_town(home) as application:
        assert application.epoch.epoch > 1
    assert caplog.messages == ["no delta or snapshot is kept: every epoch is folded again from the journal, this once"]
