"""A viewer's positives: what they watched long or liked, as the retrieval sources and their learning see it."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.actions import LIKE, LONG_VIEW
from plainview.feed.context import outcome
from plainview.feed.kernels.idmap import find
from plainview.feed.tables import Maps, Tables
from plainview.feed.viewers import HISTORY


@njit(cache=True)
def positives(viewer, tables: Tables, maps: Maps, items) -> int:
    """Write the item rows of the history's admitted positives, newest first, into `items` (int64, room for
    HISTORY). Two of the same video in a row count once.

    Returns how many there are.
    """
    count = 0
    place = viewer.history - 1
    while place >= 0 and place >= viewer.history - HISTORY:
        at = place % HISTORY
        row = find(maps.video, tables.video, viewer.h_video[at])
        if row >= 0 and tables.video[row].item >= 0:
            bits = outcome(np.int64(viewer.h_bits[at]), np.int64(viewer.h_watched[at]), tables.video[row].duration)
            again = count > 0 and items[count - 1] == tables.video[row].item
            if bits & (LONG_VIEW | LIKE) and not again:
                items[count] = tables.video[row].item
                count += 1
        place -= 1
    return count
