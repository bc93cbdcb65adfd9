"""Videos that few have seen yet: the exploration budget, drawn evenly from the latest arrivals."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import draw_below
from plainview.feed.stages import Inputs, Retrieved
from plainview.feed.tables import FRESH, Tables

STREAM = 1 << 20
"""Where this source's draws begin in the page's random stream."""


class Fresh:
    """A random sample without replacement of the ring's videos below `exploration.newcomers` impressions.

    The score is the number of impressions so far, negated.
    """

    name = "fresh"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        newcomers = inputs.configuration.exploration.newcomers
        return Retrieved(*_retrieve(inputs.tables, limit, newcomers, inputs.key))


@njit(cache=True)
def _retrieve(tables: Tables, limit: int, newcomers: int, key: np.uint64):
    held = min(tables.head[0].fresh, FRESH)
    pool = np.empty(held, np.int32)
    found = 0
    for i in range(held):
        row = tables.fresh[i].row
        if tables.video[row].impressions < newcomers:
            pool[found] = row
            found += 1
    count = min(limit, found)
    scores = np.empty(count, np.int32)
    for i in range(count):
        j = i + draw_below(key, STREAM + i, found - i)
        pool[i], pool[j] = pool[j], pool[i]
        scores[i] = -tables.video[pool[i]].impressions
    return pool[:count].copy(), scores
