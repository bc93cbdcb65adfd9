"""Ordering without ties: sorts and top-k on unique keys, so that no CPU and no sort can order two ways."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.kernels.arithmetic import mix


@njit(cache=True)
def before(value: float, identity: int, other_value: float, other_identity: int) -> bool:
    """Whether (value, identity) comes first: larger value, then smaller id."""
    return value > other_value or (value == other_value and identity < other_identity)


@njit(cache=True)
def _sift(values, ids, heap, size: int, at: int) -> None:
    # The heap's root is the one that comes last.
    while True:
        left = 2 * at + 1
        if left >= size:
            return
        last = left
        right = left + 1
        if right < size and before(values[heap[left]], ids[heap[left]], values[heap[right]], ids[heap[right]]):
            last = right
        if not before(values[heap[at]], ids[heap[at]], values[heap[last]], ids[heap[last]]):
            return
        heap[at], heap[last] = heap[last], heap[at]
        at = last


@njit(cache=True, nogil=True)
def top_rows(values: np.ndarray, ids: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """The first `count` positions of `values` in order: larger value first, then smaller id. Ids must be unique.

    `values` has no NaN. Fewer than `count` come back where there are fewer values. Returns int32, shape (count,).
    """
    count = min(count, values.shape[0])
    heap = np.empty(count, np.int32)
    if count == 0:
        return heap
    for i in range(count):
        heap[i] = i
    for at in range(count // 2 - 1, -1, -1):
        _sift(values, ids, heap, count, at)
    last = values[heap[0]]
    for i in range(count, values.shape[0]):
        if values[i] < last:
            continue
        if before(values[i], ids[i], last, ids[heap[0]]):
            heap[0] = i
            _sift(values, ids, heap, count, np.int64(0))
            last = values[heap[0]]
    for size in range(count - 1, 0, -1):
        heap[0], heap[size] = heap[size], heap[0]
        _sift(values, ids, heap, size, np.int64(0))
    return heap


@njit(cache=True)
def first_places(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """The places of `rows` (not negative) at which a row stands for the first time, ascending."""
    slots = 16
    while slots < 2 * rows.shape[0]:
        slots *= 2
    held = np.full(slots, -1, np.int32)
    places = np.empty(rows.shape[0], np.int32)
    count = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        at = np.int64(mix(np.uint64(row)) & np.uint64(slots - 1))
        while held[at] >= 0 and held[at] != row:
            at = (at + 1) & (slots - 1)
        if held[at] < 0:
            held[at] = row
            places[count] = i
            count += 1
    return places[:count].copy()
