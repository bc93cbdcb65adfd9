"""The latest videos of the creators a viewer follows."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.idmap import find
from plainview.feed.kernels.order import top_rows
from plainview.feed.stages import Inputs, Retrieved
from plainview.feed.tables import RECENT, Maps, Tables


class Followed:
    """Newest first, ties by id. The score is the age in hours, negated."""

    name = "followed"

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        return Retrieved(*_retrieve(inputs.viewer[0], inputs.tables, inputs.maps, limit, inputs.now))


@njit(cache=True)
def _retrieve(viewer, tables: Tables, maps: Maps, limit: int, now: int):
    most = viewer.follows * RECENT
    rows = np.empty(most, np.int32)
    created = np.empty(most, np.int64)
    ids = np.empty(most, np.int64)
    found = 0
    for i in range(viewer.follows):
        creator = find(maps.creator, tables.creator, viewer.f_creator[i])
        if creator < 0:
            continue
        owner = tables.creator[creator]
        for k in range(RECENT):
            row = owner.recent[k]
            # A video that changed hands can stand in its old creator's ring.
            if row < 0 or tables.video[row].creator != creator:
                continue
            again = False
            for j in range(found):
                if rows[j] == row:
                    again = True
            if again:
                continue
            rows[found] = row
            created[found] = tables.video[row].created
            ids[found] = tables.video[row].id
            found += 1
    first = top_rows(created[:found], ids[:found], min(limit, found))
    scores = np.empty(first.shape[0], np.int32)
    result = np.empty(first.shape[0], np.int32)
    for i in range(first.shape[0]):
        result[i] = rows[first[i]]
        hours = (now - created[first[i]]) // 3_600_000
        scores[i] = -max(0, min(hours, 1_000_000_000))
    return result, scores
