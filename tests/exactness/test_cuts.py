"""The fold is the same however the records are cut, and whoever is held in memory meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.feed.actions import Actions, Reader
from plainview.feed.configuration import DEFAULT
from plainview.feed.viewers import digest
from plainview.feed.world import World
from plainview.learning import epochs
from plainview.learning.fold import Fold, empty_world
from plainview.records import Event, Item, Order, Page, Record, Request
from plainview.records.fields import DASHES, to_text
from plainview.records.viewer import Action
from tests.feed.towns import START, town

RELEASE = bytes(range(32))
VIEWERS = 12
ACTS: tuple[tuple[Action, ...], ...] = (("view",), ("view", "like"), ("view", "not_interested"), ())
ONE = 1_065_353_216


def watched(viewer: int, page: int, items: tuple[Item, ...], chance: random.Random) -> list[Event]:
    """What `viewer` did with the page at index `page`."""
    return [
        Event(
            time=START + 100_000_000, viewer=viewer, id=to_text(chance.randbytes(16)), page=page, position=position,
            video=item.video, creator=item.video % 17, action=action,
            watched=chance.randrange(40_000) if action == "view" else 0, at=START, key="A" * 43, signature="A" * 86,
        )
        for position, item in enumerate(items)
        for action in chance.choice(ACTS)
    ]  # fmt: skip


def records() -> list[tuple[int, Record]]:
    """A town's import, then pages and what was done with them."""
    found = [record for _, record in town(videos=60, viewers=VIEWERS, impressions=400)]
    found += [_order(1, 10, ("US",)), _order(2, 15, ())]
    chance = random.Random(3)
    for n in range(40):
        viewer = n % VIEWERS
        videos = tuple(5 * video for video in chance.sample(range(60), 6))
        page = msgspec.structs.replace(served(viewer, n, videos), orders=(1 + n % 3,) if n % 2 else ())
        found += [_order(3, 20, ("DE", "FR"))] if n == 20 else []
        index = len(found)
        found.append(page)
        found += watched(viewer, index, page.items, chance)
    return list(enumerate(found))


def _order(number: int, video: int, regions: tuple[str, ...]) -> Order:
    return Order(
        time=START, order=number, video=video, regions=regions, begins=START, until=START + 10**10, cap=9,
        label="label", ended=False, note="note",
    )  # fmt: skip


def served(viewer: int, n: int, videos: Iterable[int]) -> Page:
    """The receipt of a page of these videos, in a session of its own for each `n`."""
    items = tuple(
        Item(video=video, source="fresh", parts=(), value=0, selector="value", propensity=ONE) for video in videos
    )
    request = Request(
        surface=n % 3, region="US", age="18+", mode="personal", limit=6, nonce=to_text(bytes(16)), acknowledged=0
    )
    return Page(
        time=START + 50_000_000 + n * 20_000, viewer=viewer, session=to_text(n.to_bytes(16, "big")), n=0,
        previous=DASHES, release=to_text(RELEASE), grounds=(), charter=0, policy=0, epoch=0,
        epoch_digest=to_text(RELEASE),
        pinned=0, cursor=0, viewer_upto=0, viewer_digest=to_text(RELEASE), wanted="personal", request=request,
        now=START, arms=(), orders=(), items=items, trace=to_text(RELEASE), environment=to_text(RELEASE),
    )  # fmt: skip


RECORDS = records()


def folded(cuts: list[int], residents: int) -> tuple[World, list[bytes]]:
    """The world and the viewers' digests after all records, taken up in pieces that end at `cuts`."""
    reader = Reader(DEFAULT.regions)
    taken = 0

    def load(viewer: int) -> Actions:
        return reader.read(one for one in RECORDS[:taken] if getattr(one[1], "viewer", None) == viewer)

    fold = Fold(DEFAULT, empty_world(), residents, load)
    for stop in [*cuts, len(RECORDS)]:
        fold.take(RECORDS[taken:stop])
        taken = stop
    return fold.world, [digest(fold.residents.row(viewer)) for viewer in range(VIEWERS)]


WHOLE, VIEWERS_WHOLE = folded([], 1000)


@settings(max_examples=25)
@given(st.lists(st.integers(0, len(RECORDS)), max_size=30).map(sorted), st.integers(VIEWERS, 40))
def test_however_it_is_cut(cuts: list[int], residents: int) -> None:
    world, viewers = folded(cuts, residents)
    assert world.digest() == WHOLE.digest()
    assert viewers == VIEWERS_WHOLE


@settings(max_examples=10)
@given(st.lists(st.integers(0, len(RECORDS)), min_size=1, max_size=8).map(sorted))
def test_deltas_lead_from_epoch_to_epoch(cuts: list[int]) -> None:
    """A copy that only ever took up deltas stands where the fold stands, at every epoch."""
    fold = Fold(DEFAULT, empty_world(), 1000, lambda viewer: Reader(DEFAULT.regions).read(()))
    follower = empty_world()
    epoch = epochs.first(fold.world).record
    taken = 0
    for stop in [*cuts, len(RECORDS)]:
        fold.take(RECORDS[taken:stop])
        taken = stop
        closed = epochs.close(fold.world, epoch, stop, snapshot=True)
        epoch = closed.record
        follower.apply(closed.delta)
        assert to_text(follower.digest()) == epoch.state
    assert follower.digest() == WHOLE.digest()


def test_few_residents_are_enough_one_record_at_a_time() -> None:
    world, viewers = folded(list(range(1, len(RECORDS))), 1)
    assert world.digest() == WHOLE.digest()
    assert viewers == VIEWERS_WHOLE
