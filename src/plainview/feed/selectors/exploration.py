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
        few = np.flatnonzero(little_seen[: scored.contending])
        pool = few[top_rows(-impressions[few], scored.ids[few], settings.pool)]
        if len(pool) == 0:
            return slate
        drawn = pool[draw_below(inputs.key, STREAM, len(pool))]
        return slate.placing(drawn, slot, scored.values[drawn], number, np.float32(1.0) / np.float32(len(pool)))
