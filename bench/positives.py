"""Positive feedback without times: who liked what, and what may be retrieved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Positives(NamedTuple):
    """One entry of `user` and `item` a positive, in the source's order; ids are the data set's own."""

    user: Ints
    item: Ints
    candidates: Ints
    """Items that may be retrieved, ascending."""

    @property
    def users(self) -> int:
        """One past the highest user id."""
        return int(self.user.max(initial=-1)) + 1

    @property
    def items(self) -> int:
        """One past the highest item id, candidates included."""
        return max(int(self.item.max(initial=-1)), int(self.candidates.max(initial=-1))) + 1
