"""Spaces a creator's videos: each further one on the page counts for less."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.configuration import MICRO
from plainview.feed.kernels.order import before
from plainview.feed.stages import Inputs, Scored, Slate

F32 = np.float32


class Spacing:
    """Greedy: a creator's (k+1)-th video keeps max(decay^k, floor) of its height above the slate's lowest value."""

    name = "spacing"

    def arrange(self, inputs: Inputs, scored: Scored, slate: Slate, number: int) -> Slate:
        settings = inputs.configuration.spacing
        creators = inputs.tables.video["creator"][scored.rows[slate.places]]
        order, values = _space(
            creators, scored.ids[slate.places], slate.values, F32(settings.decay / MICRO), F32(settings.floor / MICRO)
        )
        selectors = slate.selectors[order]
        selectors[order != np.arange(len(order))] = number
        return Slate(slate.places[order], values, selectors, slate.propensities[order])


@njit(cache=True)
def _space(creators, ids, values, decay: np.float32, floor: np.float32):
    count = creators.shape[0]
    order = np.empty(count, np.int32)
    placed = np.empty(count, np.float32)
    factor = np.ones(count, np.float32)
    taken = np.zeros(count, np.uint8)
    low = F32(0.0)
    for i in range(count):
        if i == 0 or values[i] < low:
            low = values[i]
    for slot in range(count):
        best = -1
        best_value = F32(0.0)
        for i in range(count):
            if taken[i]:
                continue
            value = low + (values[i] - low) * factor[i]
            if best < 0 or before(value, ids[i], best_value, ids[best]):
                best = i
                best_value = value
        order[slot] = best
        placed[slot] = best_value
        taken[best] = 1
        for i in range(count):
            if creators[i] == creators[best]:
                factor[i] = max(factor[i] * decay, floor)
    return order, placed
