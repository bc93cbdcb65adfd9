"""Keeps out the creators a viewer has blocked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plainview.feed.stages import Inputs, Rows


class BlockedCreator:
    """The reason is the creator's id."""

    name = "blocked-creator"

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        viewer = inputs.viewer[0]
        blocked = viewer["b_creator"][: viewer["blocks"]]
        if len(blocked) == 0:
            return np.full(len(rows), -1, np.int64)
        creators = inputs.tables.creator["id"][inputs.tables.video["creator"][rows]]
        return np.where(np.isin(creators, blocked), creators, -1)
