"""Keeps out videos with a tag that a viewer has muted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plainview.feed.stages import Inputs, Rows


class MutedTag:
    """The reason is the tag: the first of the video's that is muted."""

    name = "muted-tag"

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        viewer = inputs.viewer[0]
        reasons = np.full(len(rows), -1, np.int64)
        muted = viewer["m_tag"][: viewer["mutes"]]
        if len(muted) == 0:
            return reasons
        places = inputs.tables.video["tags"][rows]
        tags = np.where(places >= 0, inputs.tables.tag["id"][places], -1)
        hit = np.isin(tags, muted) & (places >= 0)
        some = hit.any(axis=1)
        reasons[some] = tags[some, hit[some].argmax(axis=1)]
        return reasons
