"""One slot of a page may go to a video that an order puts there: the page is else what it would be without."""

from __future__ import annotations

import numpy as np

from plainview.feed.stages import Inputs, Scored, Slate


class Ordered:
    """The first order, by number, whose video passed all filters and is not on the page anyway places it.

    What stood in the slot moves down with all that follow, and the last of them off the page: so that one is not on it.
    A page too short to have the slot gets none.
    """

    name = "ordered"

    def arrange(self, inputs: Inputs, scored: Scored, slate: Slate, number: int) -> Slate:
        slot, limit = inputs.configuration.ordered.slot, inputs.request.limit
        if not len(inputs.due.rows) or slot >= limit or len(slate.places) < slot:
            return slate
        page = slate.places[: limit - 1].tolist()
        for row in inputs.due.rows.tolist():
            for place in np.flatnonzero(scored.rows == row).tolist():
                if place not in page:
                    return slate.placing(place, slot, scored.values[place], number, np.float32(1.0))
        return slate
