"""Videos like those a viewer watched long or liked, by several interests at once: exact search over all vectors."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.codes import QUERY_SCALE, best, scan, to_code
from plainview.feed.kernels.dot_products import QUERIES
from plainview.feed.positives import positives
from plainview.feed.stages import Inputs, Retrieved
from plainview.feed.tables import CODE, Maps, Tables
from plainview.feed.viewers import HISTORY

F32 = np.float32
I64 = np.int64
INTERESTS = QUERIES
ALIKE = 8
"""A positive joins an interest if its cosine with the interest's sum is at least ALIKE / 16."""
DRAWN = F32(8.0)
"""How strongly an interest is drawn to the mean of all: so many positives' worth."""
DEEPEST = 50
"""Positives looked at."""
STEP = F32(0.95)
"""What each further step back in the history weighs."""


class Similar:
    """The best of all interests: a video's score is its highest over them, as the scan gives it."""

    name = "similar"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        return Retrieved(*_retrieve(inputs.viewer[0], inputs.tables, inputs.maps, limit))


@njit(cache=True, nogil=True)
def _retrieve(viewer, tables: Tables, maps: Maps, limit: int):
    past = np.empty(HISTORY, np.int64)
    count = positives(viewer, tables, maps, past)
    queries = np.zeros((INTERESTS, CODE), np.int16)
    opened = interests(tables, past, count, queries)
    if opened == 0:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    items = np.int64(tables.head[0].items)
    scores = np.empty(items, np.int32)
    scan(maps.codes, maps.priors, items, queries, opened, scores)
    first = np.empty(limit, np.int64)
    found = best(scores, tables.code, items, first)
    rows = np.empty(found, np.int32)
    kept = np.empty(found, np.int32)
    for i in range(found):
        rows[i] = tables.item[first[i]].video
        kept[i] = scores[first[i]]
    return rows, kept


@njit(cache=True)
def interests(tables: Tables, past, count: int, queries) -> int:
    """Split a viewer's positives (item rows, newest first) into interests and write their queries, int16.

    Each positive joins the first interest whose sum of codes it is alike to, else opens one, else (all open) joins the
    one with the highest dot product, the first on ties. Returns how many are open.
    """
    total = np.zeros((INTERESTS, CODE), np.int64)
    everything = np.zeros(CODE, np.float32)
    everywhere = F32(0.0)
    mean = np.zeros((INTERESTS, CODE), np.float32)
    mass = np.zeros(INTERESTS, np.float32)
    opened = 0
    weight = F32(1.0)
    for j in range(min(count, DEEPEST)):
        code = tables.code[past[j]].code
        own = I64(0)
        for k in range(CODE):
            own += I64(code[k]) * I64(code[k])
        home = -1
        nearest = 0
        highest = I64(-(1 << 62))
        for i in range(opened):
            product = I64(0)
            size = I64(0)
            for k in range(CODE):
                product += I64(code[k]) * total[i, k]
                size += total[i, k] * total[i, k]
            if product > highest:
                highest = product
                nearest = i
            if home < 0 and product >= 0 and product * product * 256 >= ALIKE * ALIKE * own * size:
                home = i
        if home < 0:
            home = nearest
            if opened < INTERESTS:
                home = opened
                opened += 1
        vector = tables.item[past[j]].vector
        for k in range(CODE):
            total[home, k] += I64(code[k])
            mean[home, k] += weight * vector[k]
            everything[k] += weight * vector[k]
        mass[home] += weight
        everywhere += weight
        weight = weight * STEP
    for i in range(opened):
        share = F32(1.0) / (mass[i] + DRAWN)
        drawn = DRAWN / everywhere
        for k in range(CODE):
            queries[i, k] = np.int16(to_code((mean[i, k] + drawn * everything[k]) * share, QUERY_SCALE))
    return opened
