"""Popularity by region: decayed views of each video, and the lists of the most popular, drawn up every period."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import decay, settle
from plainview.feed.kernels.order import top_rows
from plainview.feed.tables import POPULAR, REGIONS, Marks, Tables

F32 = np.float32


@njit(cache=True)
def count_view(
    tables: Tables, marks: Marks, item: int, region: int, time: int, gain: np.float32, half_life: int
) -> None:
    """Add `gain` views in `region`, and everywhere (region 0), to the video of `item`."""
    here = tables.item[item]
    factor = decay(time - here.popular_time, half_life)
    for r in range(REGIONS):
        here.popular[r] = settle(here.popular[r] * factor)
    here.popular_time = max(here.popular_time, time)
    here.popular[0] += gain
    if region > 0:
        here.popular[region] += gain
    marks.item[item] = 1


@njit(cache=True)
def draw_up(tables: Tables, marks: Marks, time: int, half_life: int) -> None:
    """Make each region's list anew: most popular first, ties by video id."""
    head = tables.head[0]
    head.drawn = head.taught
    items = head.items
    values = np.empty(items, np.float32)
    factors = np.empty(items, np.float32)
    ids = np.empty(items, np.int64)
    for place in range(items):
        here = tables.item[place]
        factors[place] = decay(time - here.popular_time, half_life)
        ids[place] = tables.video[here.video].id if here.video >= 0 else 0
    for region in range(REGIONS):
        found = 0
        for place in range(items):
            here = tables.item[place]
            values[place] = F32(0.0)
            if here.video >= 0 and here.popular[region] > F32(0.0):
                values[place] = here.popular[region] * factors[place]
                found += 1
        rows = top_rows(values, ids, min(found, POPULAR))
        listed = tables.popular[region]
        if listed.count == 0 and rows.shape[0] == 0:
            continue
        for i in range(POPULAR):
            listed.video[i] = tables.item[rows[i]].video if i < rows.shape[0] else -1
        listed.count = rows.shape[0]
        marks.popular[region] = 1
