"""The non-profiling mode: page after page of one list, which knows nothing of the viewer.

The list is drawn up from the world of the session's first epoch. Later pages go on in it; eligibility is the page's
own epoch's, and the viewer's settings hold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.kernels.idmap import find_all
from plainview.feed.kernels.order import first_places
from plainview.feed.pipeline import Pipeline
from plainview.feed.stages import Inputs
from plainview.feed.tables import FRESH
from plainview.feed.trace import Ranked, Trace
from plainview.feed.world import World
from plainview.records import Item

STRIDE = 5
"""Every fifth place of the list goes to the newest videos."""
ONE = int(np.float32(1.0).view(np.uint32))
_NAMES = ("popular", "fresh")


class Pinned(NamedTuple):
    """A session's list."""

    epoch: int
    videos: NDArray[np.int64]
    sources: NDArray[np.uint8]
    """0 popular, 1 fresh."""


def pin(world: World, epoch: int, region: int) -> Pinned:
    """The list of `region` (as the release numbers it): the region's popular videos, then everywhere's, and at every
    fifth place the newest one not yet listed."""
    tables = world.tables
    here, everywhere = tables.popular[region], tables.popular[0]
    popular = np.concatenate([here["video"][: here["count"]], everywhere["video"][: everywhere["count"]]])
    count = int(tables.head[0]["fresh"])
    newest = tables.fresh["row"][np.arange(count - 1, max(count - FRESH, 0) - 1, -1) % FRESH]
    rows, sources = _interleave(popular, newest.astype(np.int32))
    first = first_places(rows)
    return Pinned(epoch, tables.video["id"][rows[first]], sources[first])


@njit(cache=True, nogil=True)
def _interleave(popular: NDArray[np.int32], newest: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    total = popular.shape[0] + newest.shape[0]
    rows = np.empty(total, np.int32)
    sources = np.empty(total, np.uint8)
    p = 0
    f = 0
    for i in range(total):
        turn = i % STRIDE == STRIDE - 1
        if (turn and f < newest.shape[0]) or p == popular.shape[0]:
            rows[i] = newest[f]
            sources[i] = 1
            f += 1
        else:
            rows[i] = popular[p]
            sources[i] = 0
            p += 1
    return rows, sources


def plain_page(pipeline: Pipeline, inputs: Inputs, pinned: Pinned, cursor: int) -> Ranked:
    """The next page of the list: the first `limit` videos from `cursor` on that no filter keeps out."""
    limit = inputs.request.limit
    rows = find_all(inputs.maps.video, inputs.tables.video, pinned.videos[cursor:])
    filters, reasons = pipeline.sift(inputs, rows)
    taken = np.flatnonzero(filters == 0)[:limit]
    passed = int(taken[-1]) + 1 if len(taken) == limit else len(rows)
    chosen = pinned.videos[cursor:][taken]
    trace = Trace(
        retrieved=pinned.videos[cursor : cursor + passed],
        sources=pinned.sources[cursor : cursor + passed],
        retrieval_scores=np.zeros(passed, np.int32),
        filters=filters[:passed],
        reasons=reasons[:passed],
        scored=np.zeros(0, np.int64),
        parts=np.zeros((0, 0), np.float32),
        values=np.zeros(0, np.float32),
        selected=chosen,
        orders=np.zeros(0, np.int64),
        arms=np.zeros(0, np.uint8),
        weights=np.zeros(0, np.float32),
    )
    names = [_NAMES[one] for one in pinned.sources[cursor:][taken].tolist()]
    items = tuple(
        Item(video=video, source=name, parts=(), value=0, selector="list", propensity=ONE)
        for video, name in zip(chosen.tolist(), names, strict=True)
    )
    return Ranked(items, cursor + passed, (), (), trace)
