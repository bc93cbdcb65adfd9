"""One slot of a page goes to a video that few have seen, by chance, and the chance is written down."""

from __future__ import annotations

import numpy as np

from plainview.feed.kernels.arithmetic import draw_below
from plainview.feed.kernels.order import top_rows
from plainview.feed.stages import Inputs, Scored, Slate

STREAM = 1 << 21
"""Where this selector's draws begin in the page's random stream."""


class Exploration:
    """Draws evenly among up to `pool` candidates below `newcomers` impressions.

    The pool is the first candidates, by (impressions, id), that are not on the page already. The propensity is one
    over the pool's size. A page too short to have the slot gets no exploration.
    """

    name = "exploration"

    def arrange(self, inputs: Inputs, scored: Scored, slate: Slate, number: int) -> Slate:
        settings = inputs.configuration.exploration
        slot, limit = settings.slot, inputs.request.limit
        if slot >= limit or len(slate.places) < slot:
            return slate
        page = slate.places[: limit - 1]
        impressions = inputs.tables.video["impressions"][scored.rows]
        little_seen = impressions < settings.newcomers
        little_seen[page] = False
        few = np.flatnonzero(little_seen)
        pool = few[top_rows(-impressions[few], scored.ids[few], settings.pool)]
        if len(pool) == 0:
            return slate
        drawn = pool[draw_below(inputs.key, STREAM, len(pool))]
        keep = np.flatnonzero(slate.places != drawn)
        before, after = keep[:slot], keep[slot:]
        chance = np.float32(1.0) / np.float32(len(pool))
        return Slate(
            np.concatenate((slate.places[before], np.array([drawn], np.int32), slate.places[after])),
            np.concatenate((slate.values[before], scored.values[[drawn]], slate.values[after])),
            np.concatenate((slate.selectors[before], np.array([number], np.uint8), slate.selectors[after])),
            np.concatenate((slate.propensities[before], np.array([chance]), slate.propensities[after])),
        )
