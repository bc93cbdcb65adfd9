from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec import structs

from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.catalogue import NewVideo
from plainview.platform.learner import Cadence, _Trouble
from plainview.platform.lineage import LineageBroken
from plainview.platform.viewers import NewViewer
from plainview.records.fields import DASHES, to_text
from plainview.storage import StoreFull
from tests.platform.faulty import NO_SPACE, Faulty, no_reading, no_space_for_objects, no_space_for_records
from tests.platform.towns import (
    QUICK,
    SLOW,
    VIDEOS,
    VIEWERS,
    epochs,
    event,
    open_town,
    page_of,
    play,
    populate,
    raw,
    settled,
    state,
    until,
)
from tests.records.decisions import restricting
from tests.replay.replays import replayed


def test_nothing_to_fold_closes_no_epoch(home: Path) -> None:
    with open_town(home, cadence=Cadence(seconds=0.01)) as application:
        populate(application, 5)
        before, size = len(epochs(application)), application.journal.size
        time.sleep(0.3)
        assert (len(epochs(application)), application.journal.size) == (before, size)
        page_of(application)
        settled(application)
        after, size = len(epochs(application)), application.journal.size
        assert after == before + 1
        time.sleep(0.3)
        assert (len(epochs(application)), application.journal.size) == (after, size)


def test_epochs_chain_and_cover_the_journal(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
        play(application)
        found = epochs(application)
        assert [epoch.epoch for epoch in found] == list(range(len(found)))
        assert all(one.digest == following.parent for one, following in pairwise(found))
        assert all(one.upto <= following.upto for one, following in pairwise(found))
        assert found[-1].upto == application.journal.size - 1  # all but the epoch itself


@pytest.mark.parametrize("kind", ["decision", "many"])
def test_some_records_do_not_wait(home: Path, kind: str) -> None:
    with open_town(home, cadence=SLOW._replace(records=30)) as application:
        application.catalogue.add(NewVideo(video=1, creator=1, duration=1000))
        before = application.epoch.epoch
        if kind == "decision":
            application.journal.append([Draft(restricting(1, 1))])
        else:
            for viewer in range(30):
                application.viewers.register(NewViewer(viewer=viewer))
        assert application.wait_for(before + 1, 120)
        assert application.learner.failure is None


def test_a_page_waits_for_the_next_epoch(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
    with open_town(home, cadence=SLOW) as application:
        before = application.epoch.epoch
        page_of(application)
        assert not application.wait_for(before + 1, 0.2)
        assert application.learner.lag > 0


def test_stopping_keeps_a_snapshot_and_starting_again_adds_nothing(home: Path) -> None:
    with open_town(home, cadence=SLOW) as application:
        for video in range(1, 9):
            application.catalogue.add(NewVideo(video=video, creator=1, duration=1000))
    with open_town(home, cadence=SLOW) as application:
        last = epochs(application)[-1]
        assert last.state != DASHES
        assert application.epoch == last
        assert application.home.epochs.snapshots()[0].epoch == last.epoch
        assert to_text(state(application)) == last.state
        size = application.journal.size
    with open_town(home, cadence=SLOW) as application:
        assert application.journal.size == size


def test_a_snapshot_now_and_then(home: Path) -> None:
    with open_town(home, cadence=Cadence(seconds=0.01, snapshot_epochs=3)) as application:
        populate(application)
        play(application, 5)
        marked = [epoch.epoch for epoch in epochs(application) if epoch.state != DASHES]
        assert len(marked) >= 2
        assert {snapshot.epoch for snapshot in application.home.epochs.snapshots()} <= set(marked)


def test_an_overflowing_queue_is_read_from_the_journal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.platform.learner.HELD", 5)
    with open_town(home) as application:
        populate(application)
        video = application.catalogue.record(1)
        application.journal.append([Draft(structs.replace(video, time=0, video=number)) for number in range(500, 510)])
        settled(application)
        assert application.lineage.restore(application.epoch).videos == VIDEOS + 10
    assert replayed(home).sound


def registered(application: Application, viewer: int) -> int:
    """One more epoch."""
    index = application.viewers.register(NewViewer(viewer=viewer))[1]
    settled(application)
    return index


@pytest.mark.parametrize("fault", [no_space_for_objects, no_space_for_records, no_reading])
def test_the_learner_survives_a_full_disk_and_nothing_is_lost(
    home: Path,
    fault: Callable[[Application], Faulty],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("plainview.platform.learner.AGAIN", 0.01)
    # Room for two viewers in the fold: the third is built again from their own records.
    with open_town(home, residents=2, cadence=QUICK._replace(seconds=0.5)) as application:
        populate(application)
        pages = [page_of(application, viewer=viewer) for viewer in VIEWERS]
        settled(application)
        epoch = application.epoch.epoch
        taken = application.events.take(raw(*(event(index, page) for index, page in pages)))
        faulty = fault(application)
        until(lambda: faulty.failed > 3)
        assert application.failure == ""
        assert application.learner.trouble.startswith(f"no epoch can be closed: {faulty.error}")
        whole = "no record can be written" if fault is no_space_for_records else "no epoch can be closed"
        assert application.trouble.startswith(whole)
        assert application.epoch.epoch == epoch
        if fault is no_space_for_records:
            with pytest.raises(StoreFull):
                page_of(application)
        if fault is no_space_for_objects:
            taken += application.events.take(raw(*(event(index, page, 1) for index, page in pages)))
        faulty.error = None
        until(lambda: application.trouble == "")
        settled(application)
        assert application.epoch.epoch > epoch
        page_of(application)
    assert all(one.fresh for one in taken)
    assert "no epoch can be closed" in caplog.text
    report = replayed(home)
    assert report.sound
    assert report.identical == report.pages == len(pages) + 1
    with open_town(home) as application:
        assert application.failure == application.trouble == ""


def test_a_snapshot_that_cannot_be_kept_holds_up_no_epoch(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.platform.learner.AGAIN", 0.01)
    with open_town(home, cadence=Cadence(seconds=0.01, snapshot_epochs=2)) as application:
        populate(application)
        save = application.home.epochs.save_snapshot

        def fail(*_: object) -> None:
            raise NO_SPACE

        monkeypatch.setattr(application.home.epochs, "save_snapshot", fail)
        until(lambda: registered(application, 10) and application.trouble)
        kept = application.learner._snapshot
        for viewer in range(11, 16):
            registered(application, viewer)
        assert application.trouble.startswith("no snapshot can be kept: [Errno 28]")
        assert application.learner._snapshot == kept
        monkeypatch.setattr(application.home.epochs, "save_snapshot", save)
        until(lambda: registered(application, 20) and not application.trouble)
        assert application.learner._snapshot > kept
    assert replayed(home).sound


def test_what_goes_with_a_snapshot_is_done_again_without_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.platform.learner.AGAIN", 0.01)
    monkeypatch.setattr("plainview.platform.learner.AGAIN_MOST", 0.01)
    with open_town(home, cadence=Cadence(seconds=0.01, snapshot_epochs=20)) as application:
        populate(application)
        learner = application.learner
        told, attempts = learner._kept, 0

        def fail() -> None:
            nonlocal attempts
            attempts += 1
            raise NO_SPACE

        monkeypatch.setattr(learner, "_kept", fail)
        until(lambda: registered(application, 10) and attempts > 3)
        assert application.trouble.startswith("the last snapshot is kept, but not what goes with it: [Errno 28]")
        # One in twenty epochs, however often the rest of it failed.
        assert len(application.home.epochs.snapshots()) <= 1 + application.epoch.epoch // 20
        monkeypatch.setattr(learner, "_kept", told)
        until(lambda: registered(application, 20) and not application.trouble)
        assert learner._told == learner._snapshot
    assert application.catalogue.stored is not None
    assert replayed(home).sound


def test_what_goes_with_the_last_snapshot_is_done_at_a_stop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_town(home, cadence=SLOW) as application:
        application.catalogue.add(NewVideo(video=1, creator=1, duration=1000))
        told: list[int] = []
        learner = application.learner
        monkeypatch.setattr(learner, "_kept", lambda: told.append(learner._snapshot))
        application.close()
        assert told == [application.epoch.epoch] == [learner._snapshot]
        learner._told = -1  # as where that had failed
        learner._finish()
        assert told == 2 * [application.epoch.epoch]


def test_attempts_are_ever_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    trouble = _Trouble("it fails")
    waits = []
    for _ in range(9):
        trouble.met(NO_SPACE)
        assert trouble.until is not None
        waits.append(trouble.until - 100)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    trouble.over()
    assert (trouble.reason, trouble.until) == ("", None)
    trouble.met(NO_SPACE)
    assert trouble.until == 100.5


def test_what_stops_the_learner_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    application = open_town(home)
    populate(application, 5)

    def fail(*_: object) -> str:
        raise LineageBroken("nobody knows this world")

    monkeypatch.setattr(application.home.epochs, "save_delta", fail)
    application.viewers.register(NewViewer(viewer=9))
    while application.learner.failure is None:
        time.sleep(0.01)
    assert "nobody knows this world" in application.failure
    assert "no new epochs" in caplog.text
    page_of(application)  # until its epoch lags too far
    with pytest.raises(LineageBroken, match="nobody knows this world"):
        application.close()
    monkeypatch.undo()
    with open_town(home) as application:
        assert application.failure == ""
