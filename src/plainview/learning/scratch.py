"""Room for one lesson: an impression (row 0) and the partners it is compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.features import CELLS, OWN
from plainview.feed.tables import INPUTS, PREDICTED, WIDTH
from plainview.feed.viewers import HISTORY

F32 = np.float32
PARTNERS = 6
"""Earlier impressions of a list that one is compared with, at most: the latest."""

UNKNOWN = F32(-1)
"""A label that is not known."""
FIRST, NOBODY = np.int64(0), np.int64(-1)
"""The scratch's row of the impression itself; and no row."""


class Scratch(NamedTuple):
    """Arrays used again for each lesson."""

    rows: NDArray[np.int64]
    """Rows of the video table."""
    surfaces: NDArray[np.int64]
    times: NDArray[np.int64]
    own: NDArray[np.void]
    """What the counters hold of each partner already (`features.OWN`)."""
    x: NDArray[np.float32]
    difference: NDArray[np.float32]
    cells: NDArray[np.int64]
    query: NDArray[np.float32]
    score: NDArray[np.float32]
    slope: NDArray[np.float32]
    curve: NDArray[np.float32]
    back: NDArray[np.float32]
    labels: NDArray[np.float32]
    """Of the heads, UNKNOWN where none."""
    chances: NDArray[np.float32]
    """What the heads said; then their gradients."""
    curves: NDArray[np.float32]
    past: NDArray[np.int64]
    """Item rows of a viewer's positives, newest first (`feed.positives`)."""


@njit(cache=True)
def new_scratch() -> Scratch:
    """Scratch for one thread."""
    n = PARTNERS + 1
    return Scratch(
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, OWN),
        np.zeros((n, INPUTS), np.float32),
        np.zeros(INPUTS, np.float32),
        np.zeros((n, CELLS), np.int64),
        np.zeros((n, WIDTH), np.float32),
        np.zeros(n, np.float32),
        np.zeros(n, np.float32),
        np.zeros(n, np.float32),
        np.zeros(WIDTH, np.float32),
        np.full(PREDICTED, UNKNOWN, np.float32),
        np.zeros(PREDICTED, np.float32),
        np.zeros(PREDICTED, np.float32),
        np.zeros(HISTORY, np.int64),
    )
