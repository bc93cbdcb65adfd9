"""The first stage at which a page that was ranked again and its receipt part ways."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plainview.feed.heads import HEADS
from plainview.feed.pipeline import Pipeline
from plainview.feed.trace import Ranked
from plainview.records import Item, Page


def compare(pipeline: Pipeline, page: Page, ranked: Ranked, digest: str) -> tuple[str, str] | None:
    """The first stage at which a receipt and the page computed again differ, and how; None where they are equal.

    `digest` is that of the trace computed.
    """
    if page.arms != ranked.arms:
        return "receipt: arms", f"{_listed(page.arms)} in the receipt, {_listed(ranked.arms)} computed"
    if page.orders != ranked.orders:
        return "receipt: orders", f"{_listed(page.orders)} in the receipt, {_listed(ranked.orders)} computed"
    if page.items == ranked.items and page.cursor == ranked.cursor and page.trace == digest:
        return None
    found = _Retrieved(pipeline, page, ranked)
    for stage in (found.retrieval, found.filters, found.scoring):
        for place, item in enumerate(page.items):
            difference = stage(place, item)
            if difference is not None:
                return difference
    selection = _selection(page.items, ranked.items)
    if selection is not None:
        return selection
    if page.cursor != ranked.cursor:
        return "receipt: cursor", f"{page.cursor} in the receipt, {ranked.cursor} computed"
    return "trace", "the items agree; what was retrieved, filtered or scored beside them does not"


class _Retrieved:
    """Looks a receipt's items up in the trace computed again."""

    def __init__(self, pipeline: Pipeline, page: Page, ranked: Ranked) -> None:
        trace = ranked.trace
        self._trace = trace
        self._filters = pipeline.filters
        plain = page.request.mode == "plain"
        self._plain = plain
        self._names = ("popular", "fresh") if plain else tuple(source.name for source, _ in pipeline.sources)
        self._places = {video: place for place, video in enumerate(trace.retrieved.tolist())}
        self._scored = {video: place for place, video in enumerate(trace.scored.tolist())}

    def retrieval(self, position: int, item: Item) -> tuple[str, str] | None:
        place = self._places.get(item.video)
        if place is None:
            return f"retrieval: {item.source}", f"video {item.video} (position {position}) is not retrieved"
        source = self._names[int(self._trace.sources[place])]
        if source != item.source:
            return f"retrieval: {item.source}", f"video {item.video} (position {position}) is retrieved by {source}"
        return None

    def filters(self, position: int, item: Item) -> tuple[str, str] | None:
        place = self._places[item.video]
        number = int(self._trace.filters[place])
        if number:
            name = self._filters[number - 1].name
            reason = int(self._trace.reasons[place])
            return f"filter: {name}", f"video {item.video} (position {position}) is kept out (names {reason})"
        if not self._plain and item.video not in self._scored:
            return (
                "filter: candidates",
                f"video {item.video} (position {position}) is past the candidates that are scored",
            )
        return None

    def scoring(self, position: int, item: Item) -> tuple[str, str] | None:
        parts = () if self._plain else tuple(_bits(self._trace.parts[self._scored[item.video]]))
        if len(item.parts) != len(parts):
            return "scoring", f"video {item.video} (position {position}) has {len(item.parts)} parts, not {len(parts)}"
        for head, there, here in zip(HEADS, item.parts, parts, strict=False):
            if there != here:
                numbers = f"{_number(there)} in the receipt, {_number(here)} computed"
                return f"scoring: {head}", f"video {item.video} (position {position}): {numbers}"
        return None


def _selection(receipt: tuple[Item, ...], computed: tuple[Item, ...]) -> tuple[str, str] | None:
    for position, (there, here) in enumerate(zip(receipt, computed, strict=False)):
        if there.video != here.video:
            return "selection: order", f"position {position}: video {there.video} in the receipt, {here.video} computed"
    if len(receipt) != len(computed):
        return "selection: order", f"{len(receipt)} videos in the receipt, {len(computed)} computed"
    for position, (there, here) in enumerate(zip(receipt, computed, strict=True)):
        video = f"video {there.video} (position {position})"
        if there.value != here.value:
            return "value", f"{video}: {_number(there.value)} in the receipt, {_number(here.value)} computed"
        if there.selector != here.selector:
            return "selection: selector", f"{video}: {there.selector} in the receipt, {here.selector} computed"
        if there.propensity != here.propensity:
            return (
                "selection: propensity",
                f"{video}: {_number(there.propensity)} in the receipt, {_number(here.propensity)} computed",
            )
    return None


def _listed(some: Iterable[object]) -> str:
    return ", ".join(map(str, some)) or "none"


def _bits(numbers: NDArray[np.float32]) -> list[int]:
    return np.ascontiguousarray(numbers).view(np.uint32).tolist()


def _number(bits: int) -> str:
    """A number, with its bits: two that print alike may differ."""
    return f"{np.uint32(bits).view(np.float32):.6g} ({bits:08x})"
