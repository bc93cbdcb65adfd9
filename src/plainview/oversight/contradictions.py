"""What of a page's receipt cannot be so, by the configuration of the release that it names.

All is derived from `feed`: a value is the sum of weights x predictions, less what selectors took off. They place first
what has the highest value left. Exploration, which comes after them, draws evenly and leaves the sum as it is; so does
what an order puts on the page at last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite

import numpy as np

from plainview.feed import experiments
from plainview.feed.configuration import MICRO, Configuration
from plainview.feed.heads import HEADS
from plainview.oversight.orders import Given
from plainview.records import Item, Page

EXPLORATION = "exploration"
ORDERED = "ordered"
UNVALUED = (EXPLORATION, ORDERED)
"""Selectors that place a video whatever its value."""
COSTLY = ("diversity", "spacing")
"""Selectors that take something off a value."""
PLAIN_SOURCES = ("popular", "fresh")
SPREAD = 4096.0
"""How far apart in value a page's candidates are taken to lie at most. Spacing computes with the difference to the
lowest of them, which is not in the receipt: what rounding can do to that is forgiven."""
LEAST = 2.0**-16
"""Of a propensity: a pool has less than 2^16 videos."""

Found = Iterator[tuple[int, str]]
"""Place from 0, and what cannot be so."""


def number(bits: int) -> float:
    """The number that a receipt's bits stand for."""
    return float(np.uint32(bits).view(np.float32))


def among(item: Item) -> int | None:
    """Among how many videos it was drawn: the propensity is one over that. None where it is that of no such draw."""
    chance = number(item.propensity)
    if not LEAST <= chance <= 1.0:
        return None
    count = round(1.0 / chance)
    return count if np.float32(1.0) / np.float32(count) == np.float32(chance) else None


def judges(configuration: Configuration) -> bool:
    """Whether a receipt tells if values, places and chances fit.

    It does not where a selector but that of orders comes after exploration, or is set so that it could add to a value.
    """
    selectors = configuration.selectors
    if selectors[-1:] == (ORDERED,):
        selectors = selectors[:-1]
    spacing, diversity = configuration.spacing, configuration.diversity
    fair = diversity.penalty >= 0 and 0 <= spacing.decay <= MICRO and 0 <= spacing.floor <= MICRO
    return fair and EXPLORATION not in selectors[:-1] and ORDERED not in selectors


def page_contradictions(page: Page, configuration: Configuration, orders: Mapping[int, Given]) -> Iterator[str]:
    """What of the page's arms and orders cannot be so; `orders` are those that are known, by number."""
    placed = [item for item in page.items if item.selector == ORDERED]
    if len(placed) != len(page.orders):
        yield f"orders {_listed(page.orders)} are named, and {len(placed)} of its videos were placed by one"
    for number, item in zip(page.orders, placed, strict=False):
        if number in orders and (other := orders[number].leaves_out(item.video, page.request.region, page.now)):
            yield f"video {item.video} was placed by order {number}, which is {other}"
    assigned = experiments.places(configuration, page.viewer, page.now) if page.request.mode == "personal" else ()
    arms = experiments.names(configuration, assigned)
    if arms != page.arms:
        yield f"its arms are {_listed(page.arms)}, and this release has this viewer in {_listed(arms)}"


def contradictions(page: Page, configuration: Configuration, sums: Sequence[float | None]) -> Found:
    """`sums` are those of the items' weights x predictions, None where there are too few or too many of these."""
    if page.request.mode == "plain":
        yield from _plain(page)
        return
    sources = {source.name for source in configuration.sources}
    for at, item in enumerate(page.items):
        if item.source not in sources:
            yield at, f"no source of this release is called {item.source}"
        if item.selector not in ("value", *configuration.selectors):
            yield at, f"no selector of this release is called {item.selector}"
        if len(item.parts) != len(HEADS):
            yield at, f"{len(item.parts)} predictions; this release makes {len(HEADS)} of each video"
        elif not all(map(isfinite, (number(item.value), sums[at] or 0.0, *map(number, item.parts)))):
            yield at, "one of its numbers is none: infinite, or NaN"
    if judges(configuration):
        yield from _drawn(page, configuration)
        yield from _values(page, configuration, sums)


def _plain(page: Page) -> Found:
    for at, item in enumerate(page.items):
        if item.source not in PLAIN_SOURCES:
            yield at, f"the list of a plain page has no source called {item.source}"
        if (item.parts, item.value, item.selector, number(item.propensity)) != ((), 0, "list", 1.0):
            yield at, "something was predicted, weighed, selected or drawn, and on a plain page nothing is"


def _drawn(page: Page, configuration: Configuration) -> Found:
    settings = configuration.exploration
    for at, item in enumerate(page.items):
        if item.selector == ORDERED and at != configuration.ordered.slot:
            yield at, f"an order put it there, and what is ordered comes to place {configuration.ordered.slot + 1}"
        chance = f"a propensity of {number(item.propensity):g}"
        if item.selector != EXPLORATION:
            if number(item.propensity) != 1.0:
                yield at, f"{chance}, and it was not drawn"
        elif not 1 <= (among(item) or 0) <= settings.pool:
            yield at, f"{chance}, which is that of no even draw among at most {settings.pool} videos"
        # What an order has put before it has moved it down.
        elif at != (place := settings.slot + sum(other.selector == ORDERED for other in page.items[:at])):
            yield at, f"it was drawn, and what is drawn comes to place {place + 1}"


def _values(page: Page, configuration: Configuration, sums: Sequence[float | None]) -> Found:
    """Of what can be weighed: whether sum, value and place fit."""
    costly = any(name in COSTLY for name in configuration.selectors)
    placed: list[tuple[int, float, float]] = []
    for at, item in enumerate(page.items):
        total, value = sums[at], number(item.value)
        if total is None or not isfinite(total) or not isfinite(value):
            continue
        if item.selector in UNVALUED or not costly:
            if value != total:
                yield at, _apart(value, total)
        elif value > total + _slack(value):
            yield at, f"{_apart(value, total)}: nothing in this release adds to that"
        if item.selector not in UNVALUED:
            placed.append((at, total, value))
    for (before, _, higher), (at, _, value) in pairwise(placed):
        if (-higher, page.items[before].video) >= (-value, page.items[at].video):
            yield at, f"its value is {_exact(value)}, and before it stands {_exact(higher)}: the higher one comes first"
    if placed:
        first, most, value = placed[0]
        if value < most - _slack(value):
            yield first, f"{_apart(value, most)}: nothing stands before it that can have cost it that"
        for at, total, _ in placed[1:]:
            if total > most + _slack(most):
                yield at, f"its predictions count {_exact(total)}, and those of the first video {_exact(most)}"


def _listed(some: Iterable[object]) -> str:
    return ", ".join(map(str, some)) or "none"


def _slack(value: float) -> float:
    """What rounding can make of a value: four parts in 2^24 of what is computed with."""
    return float(2.0**-22 * max(SPREAD, abs(value)))


def _apart(value: float, total: float) -> str:
    return f"its value is {_exact(value)}, and its predictions count {_exact(total)}"


def _exact(value: float) -> str:
    """With its bits: two that print alike may differ."""
    return f"{value:.6g} ({np.float32(value).view(np.uint32):08x})"
