"""What many watched in the last days: the region's list, then everywhere's."""

from __future__ import annotations

import numpy as np

from plainview.feed.kernels.order import first_places
from plainview.feed.stages import Inputs, Retrieved


class Popular:
    """The score is the place from the list's end."""

    name = "popular"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        lists = inputs.tables.popular
        here, world = lists[inputs.region], lists[0]
        rows = np.concatenate([here["video"][: here["count"]], world["video"][: world["count"]]])
        rows = rows[first_places(rows)][:limit]
        return Retrieved(rows, np.arange(len(rows), 0, -1, dtype=np.int32))
