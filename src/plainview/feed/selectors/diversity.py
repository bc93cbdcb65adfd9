"""Maximal marginal relevance (Carbonell and Goldstein 1998) among the best candidates."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.configuration import MICRO
from plainview.feed.kernels.order import before
from plainview.feed.stages import Inputs, Scored, Slate
from plainview.feed.tables import TAGS, Tables

F32 = np.float32


class Diversity:
    """Greedy: the next video is the one whose value, less `penalty` x spread x likeness to the likest already placed,
    is highest; ties by id.

    Likeness is the share of tags in common (Jaccard), plus 1/2 for the same sound, at most 1. Spread is the difference
    between the pool's highest and lowest value, so that the penalty means the same at any scale.
    """

    name = "diversity"

    def arrange(self, inputs: Inputs, scored: Scored, slate: Slate, number: int) -> Slate:
        settings = inputs.configuration.diversity
        pool = slate.places[: settings.pool]
        penalty = F32(settings.penalty / MICRO)
        order, values = _greedy(
            inputs.tables,
            scored.rows[pool],
            scored.ids[pool],
            slate.values[: len(pool)],
            penalty,
            2 * inputs.request.limit,
        )
        moved = order != np.arange(len(order))
        selectors = slate.selectors[order]
        selectors[moved] = number
        return Slate(pool[order], values, selectors, slate.propensities[order])


@njit(cache=True)
def likeness(tables: Tables, a: int, b: int) -> np.float32:
    """How alike two videos are by tags and sound, in [0, 1]."""
    one, other = tables.video[a], tables.video[b]
    shared = 0
    union = 0
    for i in range(TAGS):
        if one.tags[i] >= 0:
            union += 1
            for j in range(TAGS):
                if other.tags[j] == one.tags[i]:
                    shared += 1
        if other.tags[i] >= 0:
            union += 1
    union -= shared
    alike = F32(shared) / F32(union) if union > 0 else F32(0.0)
    if one.sound >= 0 and one.sound == other.sound:
        alike = alike + F32(0.5)
    return min(alike, F32(1.0))


@njit(cache=True)
def _greedy(tables: Tables, rows, ids, values, penalty: np.float32, length: int):
    count = rows.shape[0]
    length = min(length, count)
    order = np.empty(length, np.int32)
    placed_values = np.empty(length, np.float32)
    nearest = np.zeros(count, np.float32)
    taken = np.zeros(count, np.uint8)
    spread = F32(0.0)
    if count > 0:
        low = values[0]
        high = values[0]
        for i in range(count):
            low = min(low, values[i])
            high = max(high, values[i])
        spread = high - low
    for slot in range(length):
        best = -1
        best_value = F32(0.0)
        for i in range(count):
            if taken[i]:
                continue
            value = values[i] - penalty * spread * nearest[i]
            if best < 0 or before(value, ids[i], best_value, ids[best]):
                best = i
                best_value = value
        order[slot] = best
        placed_values[slot] = best_value
        taken[best] = 1
        for i in range(count):
            if not taken[i]:
                nearest[i] = max(nearest[i], likeness(tables, rows[i], rows[best]))
    return order, placed_values
