from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError
from numpy.typing import NDArray

from plainview.feed.kernels.borrowed import borrowed


class Both(NamedTuple):
    rows: NDArray[np.int64]
    weights: NDArray[np.float32]


@njit
def _stepped(both, more):
    both, more = borrowed(both), borrowed(more)
    for i in range(both.rows.shape[0]):
        both.weights[i] += np.float32(both.rows[i]) + more[i]
    return both.weights.sum()


def test_it_reads_and_writes_the_same_arrays_and_leaves_their_references_alone() -> None:
    both = Both(np.arange(5), np.zeros(5, np.float32))
    more = np.ones(5, np.float32)
    before = [sys.getrefcount(one) for one in (*both, more)]
    assert _stepped(both, more) == 15
    assert both.weights.tolist() == [1, 2, 3, 4, 5]
    assert [sys.getrefcount(one) for one in (*both, more)] == before


def test_nothing_but_arrays_is_borrowed() -> None:
    @njit
    def number(value):
        return borrowed(value)

    with pytest.raises(TypingError):
        number(3)
