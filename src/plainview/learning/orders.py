"""How the world takes up orders, and counts what they place. Kernels; every written row is marked."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.idmap import find, insert
from plainview.feed.tables import REGION_WORDS, Maps, Marks, Tables
from plainview.feed.viewers import DAY


@njit(cache=True)
def take_order(tables: Tables, marks: Marks, maps: Maps, action, payload) -> None:
    """An order, or that it is ended; what it has shown stays counted. Room for one more row must have been reserved."""
    head = tables.head[0]
    row = find(maps.order, tables.order, action.target)
    if row < 0:
        row = np.int64(head.orders)
        head.orders += 1
        tables.order[row].id = action.target
        tables.order[row].shown = 0
        insert(maps.order, action.target, row)
    order = tables.order[row]
    order.video = action.video
    order.begins = payload[action.offset]
    order.until = payload[action.offset + 1]
    order.cap = payload[action.offset + 2]
    order.ended = action.code
    for i in range(REGION_WORDS):
        order.regions[i] = payload[action.offset + 3 + i]
    marks.order[row] = 1


@njit(cache=True)
def count_page(tables: Tables, marks: Marks, maps: Maps, action, payload) -> None:
    """Count a page's videos for its day, and for each order those that it placed.

    Pages come in the order of their times. Room for one more day must have been reserved.
    """
    head = tables.head[0]
    day = action.time // DAY
    if head.days == 0 or tables.daily[head.days - 1].day < day:
        tables.daily[head.days].day = day
        head.days += 1
    last = np.int64(head.days - 1)
    tables.daily[last].videos += action.count
    tables.daily[last].ordered += action.watched
    marks.daily[last] = 1
    for i in range(action.watched):
        row = find(maps.order, tables.order, payload[action.offset + action.count + i])
        if row >= 0:
            tables.order[row].shown += 1
            marks.order[row] = 1
