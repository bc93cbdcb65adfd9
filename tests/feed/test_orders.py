"""Orders: which are due, and what they do to a page. Videos have numbers 5 x place; see `towns.town`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Configuration
from plainview.feed.orders import EVERYWHERE, due, region_words
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import pin
from plainview.feed.ranking import Asked, Ranked, rank
from plainview.feed.tables import REGION_WORDS
from plainview.learning.fold import Fold
from plainview.records import Page, Record, Request, Setting, Video
from plainview.records.fields import Mode
from tests.conformance.test_stages import order
from tests.exactness.test_cuts import served
from tests.feed.towns import START, TOKEN, fold_town, town
from tests.records.decisions import restricting

NOW = START + 10**9
SLOT = DEFAULT.ordered.slot
TOWN = [record for _, record in town()]
VIEWER = 2
"""One who has blocked nobody."""
letters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
regions = st.tuples(letters, letters).map("".join)


def lived(*records: Record) -> Fold:
    return fold_town(list(enumerate([*TOWN, *records])))


def ranked(fold: Fold, configuration: Configuration = DEFAULT, mode: Mode = "personal", **fields: Any) -> Ranked:
    asked = {"surface": 1, "region": "US", "age": "18+", "limit": 10} | fields
    viewer, now = asked.pop("viewer", VIEWER), asked.pop("now", NOW)
    request = Request(mode=mode, nonce=TOKEN, acknowledged=0, **asked)
    pinned = pin(fold.world, 0, 1) if mode == "plain" else None
    return rank(
        Pipeline.of(configuration), bytes(32), fold.world, bytes(32), fold.residents.row(viewer),
        Asked(request, TOKEN, 0, now, 0), pinned,
    )  # fmt: skip


def videos(page: Ranked) -> list[int]:
    return [item.video for item in page.items]


BARE = ranked(lived())
LAST = [int(video) for video in BARE.trace.scored[np.argsort(BARE.trace.values, kind="stable")]]
"""Videos that may be on the page, those of the least value first."""
ABSENT = LAST[0]


def _video(number: int) -> Video:
    found = TOWN[1 + number // 5]
    assert isinstance(found, Video)
    return found


OTHER = next(
    one
    for one in LAST[1:]
    if not {*_video(one).tags} & {*_video(ABSENT).tags} and _video(one).creator != _video(ABSENT).creator
)


@given(st.sets(regions, min_size=1, max_size=40), st.lists(regions, max_size=20))
def test_an_orders_regions_are_those_it_names(named: set[str], others: list[str]) -> None:
    fold = fold_town([(0, replace(order(1, 5), regions=tuple(sorted(named))))])
    for region in (*named, *others):
        found = due(fold.world.tables, fold.world.maps, region, NOW)
        assert found.numbers.tolist() == ([1] if region in named else [])


def test_an_order_that_names_no_region_holds_everywhere() -> None:
    assert region_words(()) == EVERYWHERE == (2**52 - 1,) * REGION_WORDS
    everywhere = (f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert region_words(everywhere) == EVERYWHERE


@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.tuples(*[st.integers(0, 40)] * 2), max_size=8))
def test_due_is_what_has_begun_and_is_not_over(now: int, shift: int, spans: list[tuple[int, int]]) -> None:
    orders = [order(number, 5, begins=begins, until=until) for number, (begins, until) in enumerate(spans, 1)]
    fold = fold_town(list(enumerate(orders[shift:] + orders[:shift])))
    found = due(fold.world.tables, fold.world.maps, "US", now)
    assert found.numbers.tolist() == [one.order for one in orders if one.begins <= now < one.until]
    assert found.rows.tolist() == [-1] * len(found.numbers)


def test_a_page_with_an_order_is_the_one_without_and_one_video_in_its_slot() -> None:
    page = ranked(lived(order(1, ABSENT)))
    item = page.items[SLOT]
    assert (item.video, item.selector, page.orders) == (ABSENT, "ordered", (1,))
    assert np.uint32(item.propensity).view(np.float32) == 1
    assert page.items[:SLOT] + page.items[SLOT + 1 :] == BARE.items[:-1]
    assert page.trace.orders.tolist() == [1]
    assert (BARE.orders, BARE.trace.orders.tolist()) == ((), [])


@pytest.mark.parametrize(
    "fields",
    [
        {"begins": NOW + 1},
        {"until": NOW},
        {"regions": ("DE", "ZZ")},
        {"cap": 0},
        {"ended": True},
        {"video": 99_999},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_order_that_is_not_due_changes_nothing(fields: dict[str, Any]) -> None:
    page = ranked(lived(replace(order(1, ABSENT), **fields)))
    assert (page.items, page.orders) == (BARE.items, ())


@pytest.mark.parametrize(
    "fields", [{"begins": NOW}, {"until": NOW + 1}, {"regions": ("DE", "US")}, {"cap": 1}], ids=str
)
def test_an_order_at_its_bounds_is_due(fields: dict[str, Any]) -> None:
    assert ranked(lived(replace(order(1, ABSENT), **fields))).orders == (1,)


def test_an_order_ends_at_its_cap() -> None:
    """Two pages that it was on are counted, one that somebody else's was on is not."""
    two = order(1, ABSENT, cap=3)
    pages = [replace(served(1, n, range(0, 30, 5)), orders=orders) for n, orders in enumerate(((1,), (2,), (1,)))]
    assert ranked(lived(two, *pages)).orders == (1,)
    assert ranked(lived(two, *pages, replace(pages[0], n=9))).orders == ()


@pytest.mark.parametrize(
    ("name", "record", "fields"),
    [
        ("ineligible", lambda video: replace(restricting(7, video, "US"), time=START), {}),
        ("age", lambda video: replace(_video(video), audience="18+"), {"age": "16-17"}),
        ("blocked-creator", lambda video: Setting(time=START, viewer=VIEWER, id=TOKEN, setting="block",
                                                  target=video // 5 % 17, signature="A" * 86), {}),
        ("muted-tag", lambda video: Setting(time=START, viewer=VIEWER, id=TOKEN, setting="mute",
                                            target=_video(video).tags[0], signature="A" * 86), {}),
        ("seen", lambda video: _showing(video), {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_no_filter_lets_an_order_pass(name: str, record: Any, fields: dict[str, Any]) -> None:
    page = ranked(lived(record(ABSENT), order(1, ABSENT)), **fields)
    assert page.orders == ()
    place = page.trace.retrieved.tolist().index(ABSENT)
    assert DEFAULT.filters[page.trace.filters[place] - 1] == name
    # The next one has its turn.
    fold = lived(record(ABSENT), order(1, ABSENT), order(2, OTHER))
    assert ranked(fold, **fields).orders == (2,)


def test_of_two_orders_the_lower_number_has_its_turn() -> None:
    for records in ((order(1, ABSENT), order(2, OTHER)), (order(2, OTHER), order(1, ABSENT))):
        page = ranked(lived(*records))
        assert (page.items[SLOT].video, page.orders) == (ABSENT, (1,))
        assert OTHER not in videos(page)  # found by its order alone, it has no place by its value
        assert page.trace.orders.tolist() == [1, 2]
    twice = ranked(lived(order(1, ABSENT, cap=0), order(2, ABSENT), order(3, ABSENT)))
    assert (twice.items[SLOT].video, twice.orders) == (ABSENT, (2,))


@pytest.mark.parametrize("place", [0, SLOT, 8])
def test_what_is_on_the_page_anyway_needs_no_order(place: int) -> None:
    there = BARE.items[place].video
    assert ranked(lived(order(1, there))).items == BARE.items
    assert ranked(lived(order(1, there))).orders == ()
    assert ranked(lived(order(1, there), order(2, ABSENT))).orders == (2,)


def test_the_last_of_the_page_would_have_to_go_and_so_is_placed() -> None:
    page = ranked(lived(order(1, BARE.items[9].video), order(2, ABSENT)))
    assert (page.items[SLOT].video, page.orders) == (BARE.items[9].video, (1,))
    assert page.items[:SLOT] + page.items[SLOT + 1 :] == BARE.items[:-1]


@pytest.mark.parametrize("limit", [1, SLOT, SLOT + 1, 30])
def test_a_page_too_short_for_the_slot_has_none(limit: int) -> None:
    page = ranked(lived(order(1, ABSENT)), limit=limit)
    assert (len(page.items), page.orders) == (limit, (1,) if limit > SLOT and ABSENT not in _without(limit) else ())


def test_a_plain_page_knows_no_orders() -> None:
    page, without = (ranked(fold, mode="plain") for fold in (lived(order(1, ABSENT)), lived()))
    assert (page.items, page.orders, page.trace.digest()) == (without.items, (), without.trace.digest())


def test_a_video_past_the_candidates_is_placed_all_the_same() -> None:
    few = replace(DEFAULT, candidates=12)
    without = ranked(lived(), few)
    last = without.trace.retrieved[without.trace.filters == 0][-1]
    page = ranked(lived(order(1, int(last))), few)
    assert (page.items[SLOT].video, page.items[SLOT].source != "ordered") == (last, True)
    assert page.items[:SLOT] == without.items[:SLOT]
    assert page.trace.scored.tolist() == [*without.trace.scored.tolist(), last]


def test_exploration_never_draws_what_an_order_alone_has_found() -> None:
    """Of a world whose sources find little."""
    small = replace(DEFAULT, sources=(replace(DEFAULT.sources[-2], limit=12), DEFAULT.sources[-1]))
    orders = [order(number, 5 * number) for number in range(1, 90)]
    fold = lived(*orders)
    contending = {video for video, source in zip(*_retrieved(ranked(fold, small)), strict=True) if source == 0}
    for session in range(20):
        page = ranked(fold, small, viewer=session)
        assert all(item.video in contending for item in page.items if item.selector == "exploration")


@pytest.mark.parametrize(
    "configuration",
    [
        replace(DEFAULT, sources=DEFAULT.sources[:-1]),
        replace(DEFAULT, selectors=DEFAULT.selectors[:-1]),
        replace(DEFAULT, sources=DEFAULT.sources[::-1]),
        replace(DEFAULT, selectors=DEFAULT.selectors[::-1]),
    ],
)
def test_orders_have_their_place_in_a_configuration(configuration: Configuration) -> None:
    with pytest.raises(ValueError, match="ordered is the last source and the last selector, or neither"):
        Pipeline.of(configuration)


def test_a_release_without_orders_looks_at_none() -> None:
    without = replace(DEFAULT, sources=DEFAULT.sources[:-1], selectors=DEFAULT.selectors[:-1])
    page = ranked(lived(order(1, ABSENT)), without)
    assert (page.items, page.trace.orders.tolist()) == (BARE.items, [])


def _showing(video: int) -> Page:
    return served(VIEWER, 0, [video])


def _retrieved(page: Ranked) -> tuple[list[int], list[int]]:
    return page.trace.retrieved.tolist(), page.trace.sources.tolist()


def _without(limit: int) -> list[int]:
    return videos(ranked(lived(), limit=limit))
