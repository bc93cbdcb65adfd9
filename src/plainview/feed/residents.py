"""Viewers whose state is held in memory, the longest unused of whom give way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import Actions
from plainview.feed.viewers import Viewers, apply_all, new_viewers

Load = Callable[[int], Actions]
"""The actions of one viewer's own records, as far as the caller has come, in order; empty for a new viewer."""


class Residents:
    """Rows of viewer state by viewer id. Not thread-safe.

    Who was forgotten is built again from their own records, to the same bytes: memory is bounded, results are not
    touched.
    """

    def __init__(self, capacity: int, load: Load) -> None:
        """Room for `capacity` viewers; grows to it in steps."""
        if capacity < 1:
            raise ValueError("room for at least one viewer is needed")
        self.capacity = capacity
        self._load = load
        self._slots: OrderedDict[int, int] = OrderedDict()
        self.rows: Viewers = new_viewers(min(capacity, 64))

    def __contains__(self, viewer: int) -> bool:
        return viewer in self._slots

    def __len__(self) -> int:
        return len(self._slots)

    def slot(self, viewer: int) -> int:
        """The row of `viewer`, built from their records if they were not resident; where `load` raises, nobody is."""
        slot = self._slots.get(viewer)
        if slot is not None:
            self._slots.move_to_end(viewer)
            return slot
        actions = self._load(viewer)
        slot = self._place()
        self._slots[viewer] = slot
        row = self.rows[slot : slot + 1]
        row[:] = np.zeros(1, row.dtype)
        row["id"] = viewer
        if len(actions.rows):
            actions.rows["slot"] = slot
            apply_all(self.rows, actions.rows, actions.payload)
        return slot

    def _place(self) -> int:
        held = len(self._slots)
        if held == self.capacity:
            return self._slots.popitem(last=False)[1]
        if held == len(self.rows):
            grown = new_viewers(min(self.capacity, 2 * held))
            grown[:held] = self.rows
            self.rows = grown
        return held

    def row(self, viewer: int) -> NDArray[np.void]:
        """A copy of one viewer's row, shape (1,)."""
        slot = self.slot(viewer)
        return self.rows[slot : slot + 1].copy()

    def forget(self) -> None:
        """Hold nobody."""
        self._slots.clear()
