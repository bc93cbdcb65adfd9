from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from plainview.feed.viewers import BLOCKS, FOLLOWS, MUTES
from plainview.journal import Draft, JournalDamaged
from plainview.platform.application import Application
from plainview.platform.choices import Choices
from plainview.platform.faults import Fault
from plainview.platform.viewers import NewSetting, NewViewer
from plainview.records import Setting
from tests.platform.towns import event, open_town, page_of, raw, token

KINDS = [("follow", FOLLOWS, "f_creator"), ("block", BLOCKS, "b_creator"), ("mute", MUTES, "m_tag")]
FIRST = 10_000
"""No creator of a town's."""
OTHER = 20_000


def numbers(count: int) -> range:
    return range(FIRST, FIRST + count)


def holding(town: Application, viewer: int, setting: str, count: int) -> None:
    """Have a new viewer hold `numbers(count)`."""
    town.viewers.register(NewViewer(viewer=viewer))
    town.journal.append(
        [
            Draft(Setting(time=0, viewer=viewer, id=token(), setting=setting, target=target))  # type: ignore[arg-type]
            for target in numbers(count)
        ]
    )


def choose(town: Application, viewer: int, setting: str, target: int, id: str | None = None) -> bool:  # noqa: A002
    new = NewSetting(viewer=viewer, id=id or token(), setting=setting, target=target)  # type: ignore[arg-type]
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
        town.viewers.register(NewViewer(viewer=2))
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


def test_who_wait_for_each_others_turns_do_not_for_ever(town: Application) -> None:
    choices = Choices(town.journal, town.residency)
    orders: list[Callable[[], list[int]]] = [lambda: [*range(100)], lambda: [*reversed(range(100))]]

    def take(order: Callable[[], list[int]]) -> None:
        for _ in range(200):
            with choices.turn(order()):
                pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(take, orders, timeout=30))
