"""Keeps viewers out of what its creator made for older ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plainview.feed.stages import Inputs, Rows


class Age:
    """A viewer of unknown age sees what the youngest may see. The reason is 0."""

    name = "age"

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        audience = inputs.tables.video["audience"][rows]
        # Bands 2 and 3 (16-17, 18+) ask for at least that band.
        return np.where((audience >= 2) & (audience > inputs.age), 0, -1).astype(np.int64)
