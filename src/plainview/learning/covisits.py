"""Which videos are watched by the same viewers: for each video a short list of others, with decayed weights."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.tables import NEIGHBOURS, Marks, Tables

F32 = np.float32
FADE = F32(0.98)
"""What a full list's weights keep when a stranger knocks: the weakest gives way once the strangers outweigh it."""


@njit(cache=True, nogil=True)
def covisit(tables: Tables, marks: Marks, shelf: int, video: int, gain: np.float32) -> None:
    """Note that the video row `video` was watched close to the one on `shelf`.

    A known neighbour gains; a new one takes a free place, else all weights fade and it takes the weakest place (lowest
    weight, then highest row) if its gain is the larger.
    """
    here = tables.shelf[shelf]
    marks.shelf[shelf] = 1
    weakest = 0
    for i in range(NEIGHBOURS):
        if here.neighbour[i] == video:
            here.weight[i] += gain
            return
        if here.neighbour[i] < 0:
            here.neighbour[i] = video
            here.weight[i] = gain
            return
        lighter = here.weight[i] < here.weight[weakest]
        if lighter or (here.weight[i] == here.weight[weakest] and here.neighbour[i] > here.neighbour[weakest]):
            weakest = i
    if here.weight[weakest] <= gain:
        here.neighbour[weakest] = video
        here.weight[weakest] = gain
        return
    for i in range(NEIGHBOURS):
        here.weight[i] = here.weight[i] * FADE


@njit(cache=True, nogil=True)
def covisit_all(tables: Tables, marks: Marks, context, scratch, row: int) -> None:  # type: ignore[no-untyped-def]
    pass
