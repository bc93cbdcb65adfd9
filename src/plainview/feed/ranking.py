"""`rank`: the algorithm as one pure function. Equal inputs give equal bytes on every machine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed import experiments
from plainview.feed.context import gathered
from plainview.feed.kernels.order import top_rows
from plainview.feed.orders import NOTHING_DUE, due
from plainview.feed.pipeline import ORDERED, Pipeline
from plainview.feed.plain import Pinned, plain_page
from plainview.feed.stages import Inputs, Scored, Slate
from plainview.feed.trace import Ranked, Trace
from plainview.feed.viewers import without_profile
from plainview.feed.world import World
from plainview.records import Item, Request
from plainview.records.digests import page_seed
from plainview.records.fields import AGE_BANDS, to_bytes


class Asked(NamedTuple):
    """A feed request as the algorithm sees it."""

    request: Request
    session: str
    n: int
    now: int
    """Unix ms, taken before ranking."""
    cursor: int
    """Where the session's plain list goes on; 0 on a personal page."""


def rank(
    pipeline: Pipeline,
    release: bytes,
    world: World,
    epoch: bytes,
    viewer: NDArray[np.void],
    asked: Asked,
    pinned: Pinned | None = None,
) -> Ranked:
    """The page that `release` gives one viewer.

    `epoch` is the digest of the world's epoch, `viewer` one row of `viewers.VIEWER`. A plain page needs the `pinned`
    list of its session's first epoch, and sees nothing of the viewer but settings.
    """
    request = asked.request
    profile = request.mode == "personal"
    if not profile:
        viewer = without_profile(viewer)
    seed = page_seed(release, epoch, to_bytes(request.nonce), to_bytes(asked.session), asked.n)
    configuration = pipeline.configuration
    region = configuration.regions.index(request.region) if request.region in configuration.regions else 0
    ordered = profile and pipeline.contending < len(pipeline.sources)
    # Who is in which arm must not matter on a page that knows nobody.
    assigned = experiments.places(configuration, int(viewer[0]["id"]), asked.now) if profile else ()
    weights = experiments.weights(configuration, assigned) if any(assigned) else pipeline.weights
    inputs = Inputs(
        configuration=configuration,
        tables=world.tables,
        maps=world.maps,
        viewer=viewer,
        context=gathered(viewer, world.tables, world.maps),
        request=request,
        region=region,
        age=AGE_BANDS.index(request.age),
        now=asked.now,
        key=np.uint64(int.from_bytes(seed[:8], "big")),
        due=due(world.tables, world.maps, request.region, asked.now) if ordered else NOTHING_DUE,
        weights=np.array(weights, np.float32),
    )
    if not profile:
        if pinned is None:
            raise ValueError("a plain page needs the list pinned at its session's first epoch")
        return plain_page(pipeline, inputs, pinned, asked.cursor)
    return _personal_page(pipeline, inputs, assigned)


def _personal_page(pipeline: Pipeline, inputs: Inputs, assigned: tuple[int, ...]) -> Ranked:
    rows, sources, retrieval_scores = pipeline.retrieve(inputs)
    filters, reasons = pipeline.sift(inputs, rows)
    kept, contending = pipeline.keep(inputs, rows, sources, filters)
    scored = pipeline.score(inputs, rows[kept], sources[kept], contending)
    order = top_rows(scored.values[:contending], scored.ids[:contending], contending)
    slate = Slate(order, scored.values[order], np.zeros(len(order), np.uint8), np.ones(len(order), np.float32))
    for number, selector in enumerate(pipeline.selectors, 1):
        slate = selector.arrange(inputs, scored, slate, number)
    limit = inputs.request.limit
    slate = Slate(slate.places[:limit], slate.values[:limit], slate.selectors[:limit], slate.propensities[:limit])
    trace = Trace(
        retrieved=inputs.tables.video["id"][rows],
        sources=sources,
        retrieval_scores=retrieval_scores,
        filters=filters,
        reasons=reasons,
        scored=scored.ids,
        parts=scored.parts,
        values=scored.values,
        selected=scored.ids[slate.places],
        orders=inputs.due.numbers,
        arms=np.array(assigned, np.uint8),
        weights=inputs.weights,
    )
    items = _items(pipeline, scored, slate)
    arms = experiments.names(pipeline.configuration, assigned)
    return Ranked(items, 0, arms, _orders(inputs, scored, slate, items), trace)


def _items(pipeline: Pipeline, scored: Scored, slate: Slate) -> tuple[Item, ...]:
    """The page's items with their score parts, as the receipt holds them."""
    parts = _bits(scored.parts[slate.places])
    values = _bits(slate.values)
    propensities = _bits(slate.propensities)
    ids = scored.ids[slate.places].tolist()
    sources = scored.sources[slate.places].tolist()
    selectors = slate.selectors.tolist()
    return tuple(
        Item(
            video=ids[i],
            source=pipeline.sources[sources[i]][0].name,
            parts=tuple(parts[i]),
            value=values[i],
            selector=pipeline.selectors[selectors[i] - 1].name if selectors[i] else "value",
            propensity=propensities[i],
        )
        for i in range(len(ids))
    )


def _orders(inputs: Inputs, scored: Scored, slate: Slate, items: tuple[Item, ...]) -> tuple[int, ...]:
    """The numbers of the orders that placed items: of each the first that is due for its video."""
    placed = [scored.rows[slate.places[at]] for at, item in enumerate(items) if item.selector == ORDERED]
    return tuple(int(inputs.due.numbers[np.flatnonzero(inputs.due.rows == row)[0]]) for row in placed)


def _bits(numbers: NDArray[np.float32]) -> list[Any]:
    return np.ascontiguousarray(numbers).view(np.uint32).tolist()
