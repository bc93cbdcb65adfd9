"""The model's scorer: linear attention over the history, cells, counters and features (see `feed.features`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plainview.feed.features import predict
from plainview.feed.heads import HEADS
from plainview.feed.stages import Inputs, Rows
from plainview.feed.tables import UNKNOWN_SURFACE


class Attention:
    """Predicts all heads."""

    name = "attention"

    def predict(self, inputs: Inputs, rows: Rows) -> NDArray[np.float32]:
        parts = np.empty((len(rows), len(HEADS)), np.float32)
        surface = min(inputs.request.surface, UNKNOWN_SURFACE - 1)
        predict(inputs.tables, inputs.context[0], rows, surface, inputs.now, parts)
        return parts
