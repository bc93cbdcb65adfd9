"""Keeps out what a moderation decision restricts for the request's region and age band."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.stages import Inputs, Rows
from plainview.feed.tables import Tables


class Ineligible:
    """The reason is the decision's number."""

    name = "ineligible"

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        return _reasons(inputs.tables, rows, 4 * inputs.region + inputs.age)


@njit(cache=True)
def _reasons(tables: Tables, rows: Rows, bit: int) -> NDArray[np.int64]:
    reasons = np.full(rows.shape[0], -1, np.int64)
    for i in range(rows.shape[0]):
        if (tables.video[rows[i]].restricted >> bit) & 1:
            reasons[i] = deciding(tables, rows[i], bit)
    return reasons


@njit(cache=True)
def deciding(tables: Tables, row: int, bit: int) -> int:
    """The lowest number of an active decision that restricts the video in `row` for `bit` of the mask."""
    first = -1
    at = tables.video[row].decision
    while at >= 0:
        decision = tables.decision[at]
        if decision.active and (decision.mask >> bit) & 1 and (first < 0 or decision.id < first):
            first = decision.id
        at = decision.next
    return first
