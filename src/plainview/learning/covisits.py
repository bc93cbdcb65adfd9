"""Which videos are watched by the same viewers: for each a short list of others, with decayed weights."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import decay, draw_below, mix, settle
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.sources.co_watched import HALF_LIFE
from plainview.feed.tables import NEIGHBOURS, Marks, Tables

F32 = np.float32
U64 = np.uint64
NEAR = 5
"""Latest positives that a new one is paired with ..."""
FAR = 3
"""... and drawn among the older ones."""
NEAR_STEP = F32(0.8)
"""What each further step back weighs; the drawn ones weigh what the step after NEAR would."""
TOLL = F32(0.1)
"""Of its gain, what a stranger takes off the weakest neighbour of a full list."""


@njit(cache=True, forceinline=True)
def _covisit(tables: Tables, marks: Marks, item: int, other: int, gain: np.float32, now: int) -> None:
    """Add `gain` to the weight of the video in row `other` in the list of `item`.

    A stranger takes a free place. If there is none it takes TOLL x gain off the weakest neighbour (lowest weight, then
    highest row), and its place with weight `gain` if nothing is left.
    """
    here = tables.item[item]
    marks.item[item] = 1
    keep = decay(now - here.neighbour_time, HALF_LIFE)
    if keep < F32(1.0):
        for i in range(NEIGHBOURS):
            here.weight[i] = settle(here.weight[i] * keep)
        here.neighbour_time = now
    weakest = 0
    for i in range(NEIGHBOURS):
        known = here.neighbour[i]
        if known == other:
            here.weight[i] += gain
            return
        if known < 0:
            here.neighbour[i] = other
            here.weight[i] = gain
            return
        if here.weight[i] < here.weight[weakest] or (
            here.weight[i] == here.weight[weakest] and known > here.neighbour[weakest]
        ):
            weakest = i
    left = here.weight[weakest] - TOLL * gain
    if left <= F32(0.0):
        here.neighbour[weakest] = other
        here.weight[weakest] = gain
    else:
        here.weight[weakest] = left


@njit(cache=True)
def _pair(tables: Tables, marks: Marks, item: int, other: int, gain: np.float32, now: int) -> None:
    tables, marks = borrowed(tables), borrowed(marks)
    _covisit(tables, marks, other, tables.item[item].video, gain, now)
    _covisit(tables, marks, item, tables.item[other].video, gain, now)


@njit(cache=True)
def learn_neighbours(tables: Tables, marks: Marks, item: int, past, count: int) -> None:
    """Pair a new positive both ways with the viewer's NEAR latest, and FAR drawn among the older ones.

    `past` holds item rows, newest first.
    """
    now = tables.head[0].now
    gain = F32(1.0)
    for j in range(min(count, NEAR)):
        if past[j] != item:
            _pair(tables, marks, item, past[j], gain, now)
        gain = gain * NEAR_STEP
    if count > NEAR:
        key = mix(U64(tables.head[0].latest) * U64(2) + U64(1))
        for j in range(FAR):
            other = past[NEAR + draw_below(key, j, count - NEAR)]
            if other != item:
                _pair(tables, marks, item, other, gain, now)
