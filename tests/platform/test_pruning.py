from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.journal import Snapshot
from plainview.platform import pruning
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.platform.learner import Cadence
from plainview.platform.lineage import Lineage
from plainview.platform.pruning import DAY, prune, worth_keeping
from plainview.platform.viewers import NewViewer
from tests.platform.towns import epochs, event, open_town, page_of, populate, raw, settled, token
from tests.replay.replays import replayed

OFTEN = Cadence(seconds=0.01, records=10**6, snapshot_epochs=3)
NOW = 20_000 * DAY + DAY // 2


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deltas are kept for no longer than the snapshots need them."""
    monkeypatch.setattr(pruning, "DELTAS", -1)


def snapshot(number: int) -> Snapshot:
    return Snapshot(epoch=number, upto=number, digest="A" * 43, object="A" * 43)


def dated(*times: int) -> list[tuple[Snapshot, int]]:
    return [(snapshot(len(times) - place), time) for place, time in enumerate(times)]


def test_the_newest_two_and_the_last_of_each_day() -> None:
    hour = DAY // 24
    listed = dated(*(NOW - hour * ago for ago in range(0, 24 * 40, 5)))
    kept = worth_keeping(listed, NOW, 3)
    ago = [(NOW - time) // hour for one, time in listed if one in kept]
    assert ago == [0, 5, 15, 40, 65]  # it is noon: 12 to 36 h ago was yesterday


@given(
    st.lists(st.integers(0, 40 * DAY), max_size=60).map(lambda ages: sorted(NOW - age for age in ages)),
    st.integers(1, 40),
)
def test_pruning_as_time_goes_on_keeps_what_pruning_at_the_end_would(times: list[int], window: int) -> None:
    """However often it was pruned on the way, the same are left."""
    listed: list[tuple[Snapshot, int]] = []
    for number, time in enumerate(times):
        listed.insert(0, (snapshot(number), time))
        kept = worth_keeping(listed, time, window)
        assert [one for one, _ in listed[:2]] == kept[:2]
        listed = [one for one in listed if one[0] in kept]
    whole = [(snapshot(number), time) for number, time in enumerate(times)][::-1]
    assert [one for one, _ in listed] == (worth_keeping(whole, times[-1], window) if times else [])


def test_few_are_all_kept() -> None:
    assert worth_keeping([], NOW, 30) == []
    ancient = dated(NOW - 90 * DAY, NOW - 91 * DAY, NOW - 92 * DAY)
    assert worth_keeping(ancient, NOW, 30) == [ancient[0][0], ancient[1][0]]


def objects(home: Path) -> set[str]:
    return {path.stem for path in (home / "objects").rglob("*.safetensors")}


def play(application: Application, rounds: int = 8) -> list[int]:
    """Pages and events, an epoch after each; the pages' indexes."""
    session, indexes = token(), []
    for n in range(rounds):
        index, page = page_of(application, session=session, n=n, limit=3)
        application.events.take(raw(event(index, page)))
        settled(application)
        application.viewers.register(NewViewer(viewer=100 + n))
        settled(application)
        indexes.append(index)
    return indexes


def test_what_a_start_needs_is_kept_and_nothing_else(home: Path) -> None:
    with open_town(home, cadence=OFTEN) as application:
        populate(application)
        pages = play(application)
        size = len(epochs(application))
    files = Home(home)
    kept = files.epochs.snapshots()
    assert 2 <= len(kept) <= 3  # of today, and of yesterday where midnight came between
    with open_town(home) as application:
        listed = {one.epoch for one in kept}
        stored = application.catalogue.stored
        late = {epoch.delta for epoch in epochs(application) if epoch.epoch > kept[1].epoch}
        assert size > len(late) + 6
        assert objects(home) == {one.object for one in kept} | late | {stored}
        assert listed == {one.epoch for one in application.home.epochs.snapshots()}
        # What was pruned is folded again, to the same bytes, and not kept a second time.
        assert all(application.pages.explain(index).identical for index in pages)
        assert objects(home) == {one.object for one in kept} | late | {stored}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("damaged", [1, 2])
def test_a_start_after_pruning_with_damaged_snapshots(home: Path, damaged: int) -> None:
    with open_town(home, cadence=OFTEN) as application:
        populate(application)
        pages = play(application)
    files = Home(home)
    for one in files.epochs.snapshots()[:damaged]:
        (path,) = (home / "objects").rglob(f"{one.object}*")
        path.write_bytes(path.read_bytes()[:-9])
    with open_town(home) as application:
        assert application.failure == ""
        play(application, 1)
        assert all(application.pages.explain(index).identical for index in pages)
    replay_is_identical(home)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 1, 7])
def test_killed_while_pruning(home: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("plainview.platform.application.prune", lambda *_: 0)
        with open_town(home, cadence=OFTEN) as application:
            populate(application)
            pages = play(application)
            stored = application.catalogue.stored
        there = objects(home)
        files = Home(home)
        journal = files.read()
        lineage = Lineage(journal, files.epochs, files.release)
        remove, left = files.objects._files.remove, iter(range(after))

        def dies(path: Path) -> None:
            if next(left, None) is None:
                raise Killed
            remove(path)

        patched.setattr(files.objects._files, "remove", dies)
        assert stored is not None
        with pytest.raises(Killed):
            prune(lineage, files.epochs, 30, [stored])
        assert len(objects(home)) == len(there) - after
        patched.undo()
        prune(lineage, files.epochs, 30, [stored])
        assert len(objects(home)) < len(there) - 10
        journal.close()
    with open_town(home) as application:
        assert application.failure == ""
        assert all(application.pages.explain(index).identical for index in pages)
    replay_is_identical(home)


def replay_is_identical(home: Path) -> None:
    report = replayed(home)
    assert report.sound
    assert report.identical == report.pages > 0
