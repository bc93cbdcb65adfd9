"""The learner within the bounds of the acts in force: its epochs pass the fence, and what it learns is the same."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.feed.actions import Reader
from plainview.journal import Fence, Refused
from plainview.learning.fold import Fold, empty_world
from plainview.platform.learner import Learner
from plainview.platform.releases import installed, installed_digest
from plainview.platform.viewers import NewViewer
from plainview.records import UNSIGNED, Act, Charter, Decision, Epoch, Order, Release, Viewer
from plainview.records.digests import Arrays
from plainview.records.fields import DASHES, to_text
from plainview.replay.judged import Judged
from tests.platform.homes import begun
from tests.platform.parties import DAY, Parties
from tests.platform.stepping import ORIGIN, RELEASE, Platform, decision, impression, platform, video
from tests.platform.towns import QUICK, now, open_town, populate
from tests.replay.replays import reading, replayed


def outside(home: Path) -> list[int]:
    """The indexes of epochs that are too large or too small, judged by the whole list."""
    found = []
    with reading(home) as journal:
        entries = list(journal.read())
        for entry in entries:
            if not isinstance(entry.record, Epoch) or entry.record.epoch == 0:
                continue
            earlier = [one for one in entries[: entry.index] if one.kind == "epoch"]
            start = earlier[-1].record.upto  # type: ignore[attr-defined]
            judged = Judged()
            for one in entries[: entry.index]:
                if isinstance(one.record, (Act, Charter, Order)):
                    judged.observe(one.index, one.record)
            bounds = judged.epoch_bounds(installed_digest(), entry.time)
            if bounds is None:
                continue
            taken = [one.record for one in entries[start : entry.record.upto]]
            at_once = any(isinstance(one, (Charter, Decision, Order, Release)) for one in taken)
            at_once = at_once or any(isinstance(one, Act) and one.counts for one in taken)
            if len(taken) > bounds.most or (len(taken) < bounds.least and not at_once):
                found.append(entry.index)
    return found


def folded_at_once(home: Path) -> tuple[str, str]:
    """The digest of the last epoch that has one, and that of the same records folded without any epoch."""
    with reading(home) as journal:
        last = [entry.record for entry in journal.of_kind("epoch") if entry.record.state != DASHES][-1]  # type: ignore[attr-defined]
        assert isinstance(last, Epoch)
        nothing = Reader(installed().configuration.regions).read(())
        fold = Fold(installed().configuration, empty_world(), 4096, lambda _: nothing)  # there is room for all
        fold.take([(entry.index, entry.record) for entry in journal.read(0, last.upto)])
        return last.state, to_text(fold.world.digest())


steps = st.one_of(
    st.tuples(st.just("videos"), st.integers(1, 30)),
    st.tuples(st.just("viewers"), st.integers(1, 30)),
    st.tuples(st.just("impressions"), st.integers(1, 60)),
    st.tuples(st.just("decision"), st.integers(1, 3)),
    st.tuples(st.just("order"), st.integers(1, 3)),
    st.tuples(st.just("approve"), st.sampled_from([(0, 1), (1, 3), (5, 5), (20, 40), (10**6, 10**6), (30, 10**9)])),
    st.tuples(st.just("approve later"), st.sampled_from([(1, 4), (50, 50)])),
    st.tuples(st.just("revoke"), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([1, 500, 1000, DAY])),
    st.tuples(st.just("go on"), st.none()),
    st.tuples(st.just("restart"), st.none()),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(steps, max_size=16))
def test_whatever_is_in_force_its_epochs_pass_and_the_world_is_the_same(taken: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / secrets.token_hex(4)
        numbers = count(1)
        with platform(path) as running:
            running.license()
            running.admit(10**6)
            running.append(ORIGIN)
            clock = running.clock
        rounds: list[list[tuple[str, object]]] = [[]]
        for step in taken:
            rounds[-1].append(step)
            if step[0] == "restart":
                rounds.append([])
        for round_ in rounds:
            with platform(path, clock) as running:
                for what, how in round_:
                    do(running, what, how, numbers)
        with platform(path, clock) as running:
            running.clock.now += 3 * DAY  # nothing holds any more, and nothing bounds the learner
            running.append(video(next(numbers)))
            running.learner._go_on()
            assert running.behind <= 0
        assert outside(path) == []
        report = replayed(path)
        assert report.sound, report.differing
        here, there = folded_at_once(path)
        assert here == there


def do(running: Platform, what: str, how: object, numbers: Iterator[int]) -> None:
    match what, how:
        case "videos", int(many):
            running.append(*(video(next(numbers)) for _ in range(many)))
        case "viewers", int(many):
            ids = [next(numbers) for _ in range(many)]
            running.append(
                *(Viewer(time=0, viewer=one, region="US", age="18+", mode="personal", **UNSIGNED) for one in ids)
            )
        case "impressions", int(many):
            running.append(*(impression(next(numbers)) for _ in range(many)))
        case "decision", int(about):
            running.append(decision(next(numbers), about))
        case "order", int(about):
            running.order(about)
        case "approve", (int(least), int(most)):
            running.approve(least, most)
        case "approve later", (int(least), int(most)):
            running.approve(least, most, begins=500)
        case "revoke", _:
            running.revoke()
        case "wait", int(some):
            running.clock.now += some
        case "go on", _:
            running.learner._go_on()
        case _:
            pass


def test_an_epoch_is_as_large_as_it_may_be_and_waits_until_it_may(tmp_path: Path) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        running.approve(20, 25)
        running.learner._go_on()
        running.append(*(video(number) for number in range(60)))
        before = len(running.spans)
        running.learner._go_on()
        assert running.spans[before:] == [25, 25]
        assert 0 < running.behind < 20
        running.learner._go_on()
        assert len(running.spans) == before + 2
        running.append(decision(1, 7))  # that does not wait
        running.learner._go_on()
        assert running.behind <= 0
        assert len(running.spans) == before + 3


@pytest.mark.parametrize(("bounds", "spans"), [(None, [10, 10, 10]), ((20, 40), [20]), ((1, 7), [7, 7, 7, 7])])
def test_while_it_catches_up_an_epoch_is_no_larger_than_it_must_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int] | None, spans: list[int]
) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        if bounds is not None:
            running.approve(*bounds)
        running.append(video(0))
        running.learner._go_on()
        monkeypatch.setattr("plainview.platform.learner.CATCH_UP", 10)
        before = len(running.spans)
        running.append(*(video(number) for number in range(1, 30)))  # and the epoch's own record
        running.learner._go_on()
        assert running.spans[before : before + len(spans)] == spans
        running.revoke()


def test_what_may_not_be_closed_is_left_to_the_next_start(tmp_path: Path) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        running.approve(50, 50)
        running.append(*(video(number) for number in range(99)))
        running.learner._go_on()
        spans, size = running.spans, running.journal.size
        assert running.behind > 0
    with platform(tmp_path / "home", running.clock) as running:
        assert running.journal.size == size
        assert running.spans == spans
        running.revoke()
        running.append(video(100))
        running.learner._go_on()
        assert running.behind <= 0
        assert running.learner._follower.world.videos == 100


@pytest.mark.parametrize("bounds", [(1, 10), (500, 500)])
def test_what_comes_into_force_between_cut_and_append_is_no_failure(tmp_path: Path, bounds: tuple[int, int]) -> None:
    with platform(tmp_path / "home") as running:
        running.license()
        running.append(video(0))
        running.learner._go_on()
        learner, save = running.learner, running.learner._epochs.save_delta
        running.append(*(video(number) for number in range(1, 40)))

        def meanwhile(delta: Arrays) -> str:
            learner._epochs.save_delta = save  # type: ignore[method-assign]
            running.approve(*bounds)
            return save(delta)

        learner._epochs.save_delta = meanwhile  # type: ignore[method-assign]
        learner._attempt(learner._go_on)
        assert learner.trouble == ""
        if bounds == (1, 10):
            assert running.behind <= 0
            assert max(running.spans[-4:]) == 10
        else:
            assert running.behind > 0
            running.append(*(video(number) for number in range(40, 600)))
            learner._attempt(learner._go_on)
            assert running.spans[-1] == 500
        running.revoke()
    assert outside(tmp_path / "home") == []
    assert replayed(tmp_path / "home").sound


@pytest.mark.parametrize(
    ("bounds", "told"), [((1, 10), "at most 10 may"), ((500, 500), "none that ends one before 500")]
)
def test_replay_finds_an_epoch_that_slipped_past_the_operators_own_fence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: tuple[int, int], told: str
) -> None:
    home = tmp_path / "home"
    with platform(home) as running:
        running.license()
        running.append(video(0))
        running.learner._go_on()
        running.approve(*bounds)
        monkeypatch.setattr(Fence, "_check_size", lambda *_: None)
        monkeypatch.setattr(Learner, "_next_end", lambda _self, _upto, end: end)
        running.append(video(1))
        running.learner._go_on()  # with the approval in it, it may be small
        running.append(*(video(number) for number in range(2, 42)))
        running.learner._go_on()
        running.revoke()
    monkeypatch.undo()
    (index,) = outside(home)
    (found,) = replayed(home).differing
    assert (found.index, found.stage) == (index, "bounds: epoch")
    assert told in found.detail


def test_an_epoch_refused_again_and_again_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(tmp_path / "home") as running:
        running.append(video(1))
        size = running.journal.size
        monkeypatch.setattr(running.journal._fence, "_check_size", lambda *_: Refused("not now", "epoch"))
        for _ in range(3):
            running.learner._attempt(running.learner._go_on)
            number = running.learner._epoch.epoch + 1
            assert (
                running.learner.trouble
                == f"no epoch can be closed: the journal refused epoch {number} (epoch): not now"
            )
            assert running.journal.size == size
        monkeypatch.undo()
        running.learner._attempt(running.learner._go_on)
        assert running.learner.trouble == ""
        assert running.behind <= 0
        assert running.learner._follower.world.videos == 1
    assert replayed(tmp_path / "home").sound


def test_a_start_is_not_kept_from_serving_by_an_epoch_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform(tmp_path / "home") as running:
        running.append(video(1))
        monkeypatch.setattr(running.learner, "_finish", lambda: None)
    monkeypatch.setattr(Fence, "_check_size", lambda *_: Refused("not now", "epoch"))
    with platform(tmp_path / "home", running.clock) as again:
        assert again.learner.trouble.endswith("not now")
        assert again.behind > 0
        assert again.learner._follower.world.videos == 0  # as the epoch that pages are ranked on has it
        monkeypatch.undo()
        again.learner._attempt(again.learner._go_on)
        assert again.learner._follower.world.videos == 1


def test_what_waits_for_its_time_is_tried_again(tmp_path: Path) -> None:
    """With the learner's own thread: the approval that kept it waiting runs out."""
    with open_town(begun(tmp_path / "home", licensed=False).path, cadence=QUICK) as town:
        populate(town, 5)
        parties = Parties(tmp_path / "home")
        history = parties.history(RELEASE)[:-1]
        for note in history:
            assert not town.acts.submit(note).reason
        until_ = now() - parties.now + 1_500
        act = parties.approval(RELEASE, seen=town.journal.size, until=until_, epochs=(10**6, 10**6))
        assert not town.acts.submit(parties.signed(act, "partner")).reason
        town.viewers.register(NewViewer(viewer=9))
        epoch = town.epoch.epoch
        assert not town.wait_for(epoch + 1, 0.3)
        assert town.wait_for(epoch + 1, 60)
        assert town.learner.trouble == ""
