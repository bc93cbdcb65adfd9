from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from plainview.feed.viewers import BLOCKS, FOLLOWS, MUTES, PAGES
from plainview.journal import Draft, JournalDamaged
from plainview.platform.application import Application
from plainview.platform.choices import TURNS, Choices
from plainview.platform.faults import Fault
from plainview.platform.viewers import NewSetting
from plainview.records import Setting
from tests.platform.signing import of_viewer
from tests.platform.towns import event, open_town, page_of, raw, registered, token

KINDS = [("follow", FOLLOWS, "f_creator"), ("block", BLOCKS, "b_creator"), ("mute", MUTES, "m_tag")]
FIRST = 10_000
"""No creator of a town's."""
OTHER = 20_000


def numbers(count: int) -> range:
    return range(FIRST, FIRST + count)


def holding(town: Application, viewer: int, setting: str, count: int) -> None:
    """Have a new viewer hold `numbers(count)`."""
    registered(town, viewer)
    own = of_viewer(viewer)
    town.journal.append([Draft(Setting(time=0, **own.chosen(token(), setting, target))) for target in numbers(count)])


def choose(town: Application, viewer: int, setting: str, target: int, id: str | None = None) -> bool:  # noqa: A002
    new = NewSetting(**of_viewer(viewer).chosen(id or token(), setting, target))
    return town.viewers.set(new).fresh


def held(town: Application, viewer: int, values: str) -> list[int]:
    row = town.residency.standing(viewer).row[0]
    return [value for value in row[values].tolist() if value]


@pytest.mark.parametrize(("setting", "limit", "values"), KINDS)
def test_nothing_is_pushed_out(town: Application, setting: str, limit: int, values: str) -> None:
    viewer = 1000 + limit
    holding(town, viewer, setting, limit - 1)
    last = token()
    assert choose(town, viewer, setting, FIRST + limit - 1, last)
    records = town.journal.size
    with pytest.raises(Fault, match=rf"^target: .* {limit} .*: un{setting} one first") as caught:
        choose(town, viewer, setting, OTHER)
    assert (caught.value.code, caught.value.field) == ("too_many", "target")
    assert list(town.journal.owned(f"viewer:{viewer}", records)) == []
    assert not choose(town, viewer, setting, FIRST + limit - 1, last)
    assert choose(town, viewer, setting, FIRST)
    assert held(town, viewer, values) == [*numbers(limit)]
    choose(town, viewer, f"un{setting}", FIRST)
    choose(town, viewer, setting, OTHER)
    assert held(town, viewer, values) == [*numbers(limit)[1:], OTHER]


def test_of_two_at_once_one_has_the_last_place(town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    holding(town, 2000, "block", BLOCKS - 1)
    began, both = threading.Barrier(2, timeout=5), threading.Barrier(2, timeout=0.3)
    append = town.journal.append

    def together(drafts: list[Draft]) -> object:
        """Whoever was let through waits for the other to be let through, too."""
        with suppress(threading.BrokenBarrierError):
            both.wait()
        return append(drafts)

    def block(target: int) -> str:
        began.wait()
        try:
            choose(town, 2000, "block", target)
        except Fault as fault:
            return fault.code
        return "done"

    monkeypatch.setattr(town.journal, "append", together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(block, (OTHER, OTHER + 1))) == ["done", "too_many"]
    assert held(town, 2000, "b_creator")[:-1] == [*numbers(BLOCKS - 1)]


def test_a_viewer_whose_state_is_not_in_memory(tmp_path: Path) -> None:
    with open_town(tmp_path / "home", residents=1) as town:
        holding(town, 1, "mute", MUTES)
        registered(town, 2)
        town.residency.standing(2)
        with pytest.raises(Fault, match=f"mutes {MUTES} tags"):
            choose(town, 1, "mute", OTHER)


def test_a_follow_that_comes_as_an_event(town: Application) -> None:
    holding(town, 3000, "follow", FOLLOWS - 1)
    index, page = page_of(town, viewer=3000)
    creators = [town.catalogue.record(item.video).creator for item in page.items]
    other = next(place for place, creator in enumerate(creators) if creator != creators[0])
    follows = [event(index, page, place, action="follow", watched=0) for place in (0, other)]
    first, second, view = town.events.take(raw(*follows, event(index, page)))
    assert first.fresh
    assert second.fault is not None
    assert (second.fault.code, second.fault.field) == ("too_many", "action")
    assert view.fresh
    again, same = town.events.take(raw(follows[0], event(index, page, action="follow", watched=0)))
    assert (again.index, again.fresh) == (first.index, False)
    assert same.fresh
    assert held(town, 3000, "f_creator") == [*numbers(FOLLOWS - 1), creators[0]]


def test_a_follow_sent_again_is_there_though_it_was_taken_back_and_the_list_is_full(town: Application) -> None:
    holding(town, 4000, "follow", FOLLOWS - 1)
    shown = page_of(town, viewer=4000)
    creator = town.catalogue.record(shown[1].items[0].video).creator
    sent, told = event(*shown, action="follow", watched=0), token()
    (first,) = town.events.take(raw(sent))
    choose(town, 4000, "unfollow", creator)
    assert choose(town, 4000, "follow", OTHER, told)
    choose(town, 4000, "unfollow", OTHER)
    assert choose(town, 4000, "follow", OTHER + 1)
    full = held(town, 4000, "f_creator")
    (again,) = town.events.take(raw(sent))
    assert (again.index, again.fresh, again.fault) == (first.index, False, None)
    assert not choose(town, 4000, "follow", OTHER, told)
    assert held(town, 4000, "f_creator") == full


def test_a_late_follow_takes_no_place_and_is_kept_though_the_list_is_full(town: Application) -> None:
    holding(town, 5000, "follow", FOLLOWS)
    session = token()
    shown = [page_of(town, viewer=5000, session=session, n=n, limit=2) for n in range(PAGES + 1)]
    follows = [event(*page, action="follow", watched=0) for page in (shown[0], shown[-1])]
    late, one_more = town.events.take(raw(*follows))
    assert (late.fresh, late.late) == (True, True)
    assert one_more.fault is not None
    assert one_more.fault.code == "too_many"
    assert held(town, 5000, "f_creator") == [*numbers(FOLLOWS)]


def test_a_follow_of_one_whose_choices_cannot_be_read(town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise JournalDamaged(7, "seal", "it is broken")

    shown = page_of(town, viewer=1)
    monkeypatch.setattr(town.residency, "standing", damaged)
    follow, view = town.events.take(raw(event(*shown, action="follow", watched=0), event(*shown)))
    assert follow.fault is not None
    assert (follow.index, follow.fault.code) == (None, "unavailable")
    assert follow.fault.message.startswith("record 7, seal: it is broken; ")
    assert view.fresh
    assert town.trouble == "record 7, seal: it is broken"


def test_turns_are_taken_in_one_order(town: Application) -> None:
    """Or two who wait for each other's would wait for ever."""
    taken: list[int] = []

    class Noted:
        def __init__(self, place: int) -> None:
            self.place = place

        def __enter__(self) -> None:
            taken.append(self.place)

        def __exit__(self, *_: object) -> None:
            pass

    choices = Choices(town.journal, town.residency)
    choices._turns = [Noted(place) for place in range(TURNS)]  # type: ignore[misc]
    with choices.turn([TURNS * 3 + 40, TURNS + 9, 40, 2**52 + 33, 8, 1]):
        assert taken == [1, 8, 9, 33, 40]
