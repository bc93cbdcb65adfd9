"""Popularity by region: decayed views of each video, and the lists of the most popular, drawn up every period."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import decay, settle
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.kernels.order import top_rows
from plainview.feed.kernels.prefetch import lines, prefetch
from plainview.feed.tables import ITEM, POPULAR, REGIONS, Marks, Tables

F32 = np.float32
AHEAD = 16
"""Items that are asked for before they are read."""
READ_OF_ITEM = (*lines(ITEM, "popular_time", "video"), *lines(ITEM, "popular", "popular"))


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
    tables, marks = borrowed(tables), borrowed(marks)
    head = tables.head[0]
    head.drawn = head.taught
    items = head.items
    # One pass over the items, whose rows lie far apart, and not one for each region.
    values = np.zeros((REGIONS, items), np.float32)
    found = np.zeros(REGIONS, np.int64)
    ids = np.zeros(items, np.int64)
    for place in range(items):
        if place + AHEAD < items:
            for offset in READ_OF_ITEM:
                prefetch(tables.item[place + AHEAD], offset)
        here = tables.item[place]
        if here.video < 0:
            continue
        factor = decay(time - here.popular_time, half_life)
        ids[place] = tables.code[place].id
        for region in range(REGIONS):
            values[region, place] = here.popular[region] * factor
            if values[region, place] > F32(0.0):  # and not only before it decayed
                found[region] += 1
    for region in range(REGIONS):
        rows = top_rows(values[region], ids, min(found[region], POPULAR))
        listed = tables.popular[region]
        if listed.count == 0 and rows.shape[0] == 0:
            continue
        for i in range(POPULAR):
            listed.video[i] = tables.item[rows[i]].video if i < rows.shape[0] else -1
        listed.count = rows.shape[0]
        marks.popular[region] = 1
