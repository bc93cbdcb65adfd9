"""Keeps out what this viewer was already served."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.kernels.arithmetic import mix
from plainview.feed.stages import Inputs, Rows
from plainview.feed.tables import Tables
from plainview.feed.viewers import SEEN

_SLOTS = 4 * SEEN


class Seen:
    """Looks at the last `viewers.SEEN` videos served. The reason is 0."""

    name = "seen"

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        return _reasons(inputs.viewer[0], inputs.tables, rows)


@njit(cache=True)
def _reasons(viewer, tables: Tables, rows: Rows) -> NDArray[np.int64]:
    reasons = np.full(rows.shape[0], -1, np.int64)
    held = min(viewer.seen, SEEN)
    if held == 0:
        return reasons
    slots = np.full(_SLOTS, -1, np.int64)
    for i in range(held):
        video = viewer.s_video[i]
        at = np.int64(mix(np.uint64(video)) & np.uint64(_SLOTS - 1))
        while slots[at] >= 0 and slots[at] != video:
            at = (at + 1) & (_SLOTS - 1)
        slots[at] = video
    for i in range(rows.shape[0]):
        video = tables.video[rows[i]].id
        at = np.int64(mix(np.uint64(video)) & np.uint64(_SLOTS - 1))
        while slots[at] >= 0:
            if slots[at] == video:
                reasons[i] = 0
                break
            at = (at + 1) & (_SLOTS - 1)
    return reasons
