"""What the world keeps of orders and of the pages that they were on."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from plainview.learning.fold import Fold
from plainview.records import Page
from tests.conformance.test_stages import order
from tests.exactness.test_cuts import served
from tests.feed.towns import START, fold_town

VIDEOS = tuple(range(0, 30, 5))


def lived(*records: Any) -> Fold:
    return fold_town(list(enumerate(records)))


def page(n: int, *orders: int, **fields: Any) -> Page:
    return replace(served(1, n, VIDEOS), orders=orders, **fields)


def test_what_an_order_has_shown_stays_counted_when_it_is_written_again() -> None:
    fold = lived(order(1, 5), page(0, 1), order(1, 5, ended=True), page(1, 1))
    row = fold.world.tables.order[0]
    assert (row["shown"], row["ended"], fold.world.rows("order")) == (2, 1, 1)


def test_a_page_that_names_an_unknown_order_is_counted_for_its_day_alone() -> None:
    world = lived(page(0, 7), order(7, 5)).world
    assert world.tables.order[0]["shown"] == 0
    assert world.tables.daily[0]["ordered"] == 1


def test_days_count_videos_and_those_of_orders() -> None:
    pages = [page(n, *(1,) * (n % 2), time=START + n * 40_000_000) for n in range(5)]
    world = lived(order(1, 5), *pages).world
    first = START // 86_400_000
    assert world.tables.daily[: world.rows("daily")].tolist() == [(first, 6, 0), (first + 1, 12, 1), (first + 2, 12, 1)]
