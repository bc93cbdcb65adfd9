"""A map from ids to table rows: open addressing with linear probing, usable inside kernels.

It is derived from the table it indexes and never hashed or stored.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.kernels.arithmetic import mix
from plainview.feed.kernels.prefetch import prefetch_at

U64 = np.uint64
Slots = NDArray[np.int32]
"""Rows, -1 where empty; the length is a power of two, at least twice the number of rows."""


def empty_slots(rows: int) -> Slots:
    """Slots for up to `rows` rows."""
    size = 16
    while size < 2 * rows:
        size *= 2
    return np.full(size, -1, np.int32)


@njit(cache=True)
def find(slots: Slots, table: np.ndarray, wanted: int) -> int:
    """The row of `table` whose field `id` is `wanted`, or -1."""
    mask = slots.shape[0] - 1
    at = np.int64(mix(U64(wanted)) & U64(mask))
    while True:
        row = slots[at]
        if row < 0:
            return -1
        if table[row].id == wanted:
            return int(row)
        at = (at + 1) & mask


@njit(cache=True)
def look_ahead(slots: Slots, table: np.ndarray, wanted: NDArray[np.int64]) -> None:
    """Ask for what `find` reads of each of `wanted`: first the slots of all, then their rows."""
    mask = U64(slots.shape[0] - 1)
    for i in range(wanted.shape[0]):
        prefetch_at(slots, np.int64(mix(U64(wanted[i])) & mask))
    for i in range(wanted.shape[0]):
        row = slots[np.int64(mix(U64(wanted[i])) & mask)]
        if row >= 0:
            prefetch_at(table, np.int64(row))


@njit(cache=True, nogil=True)
def find_all(slots: Slots, table: np.ndarray, wanted: NDArray[np.int64]) -> NDArray[np.int32]:
    """The row of each of `wanted`, or -1."""
    rows = np.empty(wanted.shape[0], np.int32)
    for i in range(wanted.shape[0]):
        rows[i] = find(slots, table, wanted[i])
    return rows


@njit(cache=True)
def insert(slots: Slots, wanted: int, row: int) -> None:
    """Note that id `wanted`, which is not yet in the map, stands in `row`."""
    mask = slots.shape[0] - 1
    at = np.int64(mix(U64(wanted)) & U64(mask))
    while slots[at] >= 0:
        at = (at + 1) & mask
    slots[at] = row


@njit(cache=True, nogil=True)
def insert_all(slots: Slots, table: np.ndarray, start: int, stop: int) -> None:
    """Insert rows start..stop-1 of `table`."""
    for row in range(start, stop):
        insert(slots, table[row].id, row)
