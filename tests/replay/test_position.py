"""A replay that goes on where another one stood comes to what one over the whole does."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count, islice
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.journal import Ack, Draft, Entry, JournalDamaged
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.platform.releases import environment_digest, installed
from plainview.platform.serving import Served
from plainview.platform.viewers import NewViewer
from plainview.records import Page, Setting
from plainview.replay.findings import Report
from plainview.replay.position import Place, Position, Unusable
from plainview.replay.replay import Replay
from tests.platform.forging import copied, flip, forge
from tests.platform.homes import size_of
from tests.platform.played import VIEWERS, application, home_with_late_pages, home_with_pages, play
from tests.platform.signing import of_viewer
from tests.platform.towns import ask, token
from tests.replay.replays import OTHER, Growing, of, reading
from tests.replay.test_going_on import ALL, settled, together

HERE = environment_digest()


def put_away(place: Place | None) -> Place | None:
    """As a disk gives it back."""
    if place is None:
        return None
    position = msgspec.json.decode(msgspec.json.encode(place.position), type=Position)
    return Place(position, {name: np.array(array) for name, array in place.arrays.items()})


def interrupted(home: Path, entries: list[Entry], sizes: list[int]) -> tuple[list[Report], list[Place]]:
    """One call at each of these sizes of the journal, by another replay each time, from where the one before stood."""
    reports: list[Report] = []
    places: list[Place] = []
    with reading(home, Growing) as journal:
        last: Place | None = None
        replay = Replay(journal, installed())
        for size in sizes:
            if last is not None:
                replay = Replay(journal, installed())
                replay.resume(last)
            journal.limit = size
            reports.append(replay.go_on(settled(entries, size)))
            last = put_away(replay.place())
            if last is not None:
                places.append(last)
                replay.close()
        replay.close()
    return reports, places


class Rests:
    """One replay of all of a home, and where it stood each time that the world stood at an epoch."""

    def __init__(self, home: Path, wanted: Collection[int] | None = None) -> None:
        """At these of its rests, from 0; at all of them where none is named."""
        self.cuts: list[tuple[Report, Place]] = []
        rests = count()

        def rest() -> bool:
            if wanted is None or next(rests) in wanted:
                place = put_away(replay.place())
                if place is not None:
                    self.cuts.append((replay.report, place))
            return True

        with reading(home) as journal, Replay(journal, installed(), environment=HERE, rest=rest) as replay:
            self.whole = together([replay.go_on(ALL)])


def gone_on(home: Path, place: Place) -> Report:
    with reading(home) as journal, Replay(journal, installed(), environment=HERE) as replay:
        replay.resume(place)
        return replay.go_on(ALL)


@pytest.fixture(scope="module")
def rests(served: Path) -> Rests:
    return Rests(served)


@pytest.mark.parametrize("seed", [1, 2])
def test_however_often_it_is_interrupted(served: Path, entries: list[Entry], rests: Rests, seed: int) -> None:
    chance = np.random.default_rng(seed)
    sizes = sorted({*chance.integers(1, len(entries), 12).tolist(), len(entries)})
    reports, places = interrupted(served, entries, sizes)
    assert len(places) > 8
    assert any(place.position.lists for place in places)  # plain pages go on in lists of epochs that are past
    assert together(reports) == rests.whole
    assert not any(report.stragglers for report in reports)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_in_the_midst_of_a_call(served: Path, rests: Rests, share: float) -> None:
    first, place = rests.cuts[int(share * len(rests.cuts))]
    assert together([first, gone_on(served, place)]) == rests.whole


def test_pages_that_were_read_and_not_ranked_are_ranked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that was ranked long is written down behind one that pins the next epoch."""
    home = tmp_path / "home"
    with application(home) as running:
        play(running, 12)
        append = running.serving._append

        def behind_one_of_the_next_epoch(page: Page) -> Served | tuple[str, str]:
            monkeypatch.undo()
            running.viewers.register(NewViewer(viewer=900))
            assert running.wait_for(page.epoch + 1, 30)
            running.serving.page(ask(viewer=2))
            return append(page)

        monkeypatch.setattr(running.serving, "_append", behind_one_of_the_next_epoch)
        running.serving.page(ask(viewer=1))
        play(running, 12, seed=2)
    rests = Rests(home)
    first, place = max(rests.cuts, key=lambda one: len(one[1].position.waiting))
    assert place.position.waiting
    second = gone_on(home, place)
    assert together([first, second]) == rests.whole
    assert second.pages > len(place.position.waiting)


def test_a_page_that_came_late_is_handed_out_once(tmp_path: Path) -> None:
    """It is found as the journal is looked at, before what lies below it is read."""
    home, late = home_with_late_pages(tmp_path / "home")
    size = size_of(home)
    ahead = 0
    with reading(home, Growing) as journal:
        for index in late:
            cuts: list[tuple[Report, Place]] = []

            def rest(cuts: list[tuple[Report, Place]] = cuts) -> bool:
                place = put_away(replay.place())
                if place is not None:
                    cuts.append((replay.report, place))
                return True

            journal.limit = index
            with Replay(journal, installed(), environment=HERE, rest=rest) as replay:
                first = replay.go_on(ALL)
                cuts.clear()
                journal.limit = size
                whole = replay.go_on(ALL)
            assert whole.stragglers == (index,)
            for before, place in cuts:
                after = gone_on(home, place)
                assert before.stragglers + after.stragglers == whole.stragglers
                assert together([first, before, after]) == together([first, whole])
                ahead += index in place.position.ahead
    assert ahead


def test_a_page_that_pins_no_epoch_is_counted_once(served: Path, entries: list[Entry], tmp_path: Path) -> None:
    """That shows as the journal is looked at, too."""
    home = copied(served, tmp_path / "home")
    forged = of(entries, "page")[-1].index
    forge(home, forged, epoch=10**6)
    with reading(home) as journal:
        with Replay(journal, installed(), environment=HERE) as replay:
            first = replay.go_on(of(entries, "epoch")[3].index)
            place = put_away(replay.place())
        whole = Replay(journal, installed(), environment=HERE).run()
    assert place is not None
    assert place.position.ahead == (forged,)
    second = gone_on(home, place)
    assert (first.pages + second.pages, first.identical + second.identical) == (whole.pages, whole.identical)
    assert {one.index for one in (*first.differing, *second.differing)} == {one.index for one in whole.differing}


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_differs_before_and_after(
    tmp_path_factory: pytest.TempPathFactory, served: Path, entries: list[Entry], data: st.DataObject
) -> None:
    """A bound that was broken stays broken, and what came before it stays in force."""
    home = copied(served, tmp_path_factory.mktemp("forged") / "home")
    changes = st.sampled_from(
        [{"trace": OTHER}, {"charter": 7}, {"previous": OTHER}, {"release": OTHER}, {"pinned": 1}, {"epoch": 0},
         {"grounds": ()}, {"policy": 1}, {"now": 1}, {"viewer_digest": OTHER}]
    )  # fmt: skip
    pages = st.lists(st.sampled_from(of(entries, "page")), min_size=1, max_size=3, unique_by=lambda one: one.index)
    for page in data.draw(pages):
        forge(home, page.index, **data.draw(changes))
    found = Rests(home, {data.draw(st.integers(0, len(of(entries, "epoch")) - 2))})
    ((first, place),) = found.cuts
    assert together([first, gone_on(home, place)]) == found.whole


def test_an_act_that_never_came_into_force(served: Path, entries: list[Entry], tmp_path: Path) -> None:
    """An order is taken down with other terms than its note has: all stands as if it were not there."""
    order = of(entries, "order")[0]
    home = copied(served, tmp_path / "home")
    forge(home, order.index, cap=5)
    found = Rests(home, {sum(one.index < order.index for one in of(entries, "epoch")) + 2})
    ((first, place),) = found.cuts
    assert order.index in place.position.met.passed_over
    assert together([first, gone_on(home, place)]) == found.whole
    believing = replace(place.position, met=replace(place.position.met, passed_over=()))
    with pytest.raises(JournalDamaged, match=f"record {order.index}"):
        gone_on(home, Place(believing, place.arrays))


def test_a_page_that_was_changed_after_the_cut_is_found(
    served: Path, entries: list[Entry], rests: Rests, tmp_path: Path
) -> None:
    first, place = rests.cuts[len(rests.cuts) // 2]
    home = copied(served, tmp_path / "home")
    page = next(one for one in of(entries, "page") if one.index > place.position.read + 20)
    forge(home, page.index, trace=OTHER)
    second = gone_on(home, place)
    assert second.differing[0].index == page.index
    assert not first.differing


def test_damage_below_that_is_looked_up_judges_nobody(tmp_path: Path) -> None:
    """A viewer's key is looked up for a setting of theirs: where damage hides it, the setting is not to blame."""
    viewer = VIEWERS - 1
    with application(tmp_path / "home") as running:
        for other in (1, 2, 1, 2):
            running.serving.page(ask(viewer=other))
        chosen = Setting(time=0, **of_viewer(viewer).chosen(token(), "block", 3))
        (setting,) = running.journal.append([Draft(chosen)])
        assert isinstance(setting, Ack)
        assert running.wait_for(running.epoch.epoch + 1, 30)
        for other in (1, 2):
            running.serving.page(ask(viewer=other))
    home = copied(tmp_path / "home", tmp_path / "copy")
    *_, place = (place for _, place in Rests(home).cuts if place.position.read <= setting.index)
    with reading(home) as journal:
        registered = next(journal.owned(f"viewer:{viewer}")).index
    sound = gone_on(home, place)
    assert sound.sound
    flip(home, registered, "hash", 1)
    found = gone_on(home, place)
    assert [(one.index, one.stage) for one in found.differing] == [(registered, "journal: hash")]
    assert found.pages == sound.pages == found.identical + found.unreached
    assert found.unreached


def test_a_tally_follows_on_one_that_was_read_before(tmp_path: Path) -> None:
    home = home_with_pages(tmp_path / "home", 30)
    with Application(Home(home)) as running:
        play(running, 30, seed=2)
    with reading(home) as journal:
        one, other = (entry.index for entry in journal.of_kind("tally"))
    found = Rests(home)
    first, place = next(cut for cut in found.cuts if one < cut[1].position.read <= other)
    assert together([first, gone_on(home, place)]) == found.whole
    assert found.whole["differing"] == ()


def test_of_what_lies_below_nothing_is_judged_again(served: Path, entries: list[Entry], rests: Rests) -> None:
    _, place = rests.cuts[-1]
    with reading(served, Growing) as journal, Replay(journal, installed()) as replay:
        journal.limit = len(entries)
        replay.resume(place)
        few = sum(entry.kind not in ("page", "event", "video", "viewer", "setting") for entry in entries)
        assert journal.rows <= few + len(place.position.waiting) + 1
        assert journal.rows < len(entries) / 3


def test_there_is_none_before_the_first_epoch_or_after_damage(copy: Path, entries: list[Entry]) -> None:
    with reading(copy, Growing) as journal, Replay(journal, installed()) as replay:
        journal.limit = of(entries, "epoch")[0].index
        replay.go_on(ALL)
        assert replay.place() is None
        journal.limit = len(entries) // 2
        replay.go_on(ALL)
        assert replay.place() is not None
        flip(copy, journal.limit + 5, "hash", 1)
        journal.limit = len(entries)
        replay.go_on(ALL)
        assert replay.place() is None


def test_what_no_replay_of_this_journal_had(served: Path, entries: list[Entry], rests: Rests) -> None:
    _, place = rests.cuts[9]
    position, page = place.position, of(entries, "page")[0].index
    assert isinstance(entries[page].record, Page)
    smaller = dict(islice(place.arrays.items(), 4))
    for wrong in (
        Place(replace(position, epoch=page), place.arrays),
        Place(replace(position, epoch=len(entries)), place.arrays),
        Place(position, smaller),
        Place(position, place.arrays | {"lists.sources": np.zeros(1, np.uint8)}),
        Place(position, place.arrays | {"video.data": np.zeros((1, 1), np.uint8)}),
    ):
        with pytest.raises(Unusable):
            gone_on(served, wrong)
