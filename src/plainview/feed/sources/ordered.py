"""Videos that orders put on pages."""

from __future__ import annotations

import numpy as np

from plainview.feed.kernels.order import first_places
from plainview.feed.stages import Inputs, Retrieved

_NONE = Retrieved(np.zeros(0, np.int32), np.zeros(0, np.int32))


class Ordered:
    """The videos of the orders that are due, lowest number first. The score is the place among them, negated.

    They do not contend by their value: what this source alone has found is placed by the selector `ordered` or not at
    all. So it stands last, and a video that others have found too is theirs.
    """

    name = "ordered"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        if not len(inputs.due.rows):
            return _NONE
        known = inputs.due.rows[inputs.due.rows >= 0]
        rows = known[first_places(known)][:limit]
        return Retrieved(rows, -np.arange(len(rows), dtype=np.int32))
