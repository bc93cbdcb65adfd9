"""What the viewers of a viewer's positives also watched."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import decay
from plainview.feed.kernels.order import top_rows
from plainview.feed.positives import positives
from plainview.feed.stages import Inputs, Retrieved
from plainview.feed.tables import NEIGHBOURS, Maps, Tables
from plainview.feed.viewers import HISTORY

F32 = np.float32
STEP = F32(0.97)
"""What each further step back in the history weighs."""
HALF_LIFE = np.int64(30 * 86_400_000)
"""Of a neighbour's weight, ms."""
UNIT = F32(1024.0)


class CoWatched:
    """Sums the weights of the positives' neighbours, each list divided by the root of its video's own positives.

    The score is that sum in 1,024ths, at most 2^30.
    """

    name = "co-watched"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        return Retrieved(*_retrieve(inputs.viewer[0], inputs.tables, inputs.maps, limit))


@njit(cache=True)
def _retrieve(viewer, tables: Tables, maps: Maps, limit: int):
    past = np.empty(HISTORY, np.int64)
    count = positives(viewer, tables, maps, past)
    now = tables.head[0].now
    slots = np.full(4096, -1, np.int64)  # positives x neighbours = 1,536 at most
    videos = np.empty(HISTORY * NEIGHBOURS, np.int64)
    sums = np.empty(HISTORY * NEIGHBOURS, np.float32)
    reached = 0
    weight = F32(1.0)
    for j in range(count):
        item = tables.item[past[j]]
        share = weight * decay(now - item.neighbour_time, HALF_LIFE) / np.sqrt(item.positives + F32(5.0))
        for i in range(NEIGHBOURS):
            other = np.int64(item.neighbour[i])
            if other < 0:
                break
            at = (other * 2654435761) & 4095
            while slots[at] >= 0 and videos[slots[at]] != other:
                at = (at + 1) & 4095
            if slots[at] < 0:
                slots[at] = reached
                videos[reached] = other
                sums[reached] = F32(0.0)
                reached += 1
            sums[slots[at]] += share * item.weight[i]
        weight = weight * STEP
    ids = np.empty(reached, np.int64)
    for i in range(reached):
        ids[i] = tables.video[videos[i]].id
    first = top_rows(sums[:reached], ids, min(limit, reached))
    rows = np.empty(first.shape[0], np.int32)
    scores = np.empty(first.shape[0], np.int32)
    for i in range(first.shape[0]):
        rows[i] = videos[first[i]]
        scores[i] = np.int32(min(sums[first[i]] * UNIT, F32(1 << 30)))
    return rows, scores
