"""Exact retrieval: int8 codes scanned with integer arithmetic, the best kept by unique keys (score, then id)."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.order import before
from plainview.feed.tables import CODE

F32 = np.float32
I32 = np.int32
CODE_SCALE = F32(32.0)
"""Of vectors to int8."""
QUERY_SCALE = F32(64.0)
"""Of interests to int8."""
PRIOR_SCALE = F32(2048.0)
"""CODE_SCALE x QUERY_SCALE: a prior in the scan's units."""
LIVE = I32(-(1 << 29))
"""Scores below this are of rows that belong to nobody."""
BLOCK = 1024


@njit(cache=True)
def to_code(x: np.float32, scale: np.float32) -> np.int8:
    """x * scale rounded half away from zero, clamped to [-127, 127]."""
    y = min(max(x * scale, F32(-127.0)), F32(127.0))
    return np.int8(I32(y + (F32(0.5) if y >= F32(0.0) else F32(-0.5))))


@njit(cache=True)
def scan(codes, priors, rows: int, queries, count: int, scores) -> None:
    """scores[r] = the highest queries[i] . codes[:, r] over i < count, plus priors[r]: exact in int32.

    `queries` is int32 (count, CODE) with entries in [-127, 127]: |dot| <= 32 * 127 * 127 < 2^19. It goes block by block
    and code by code, so that the inner loop runs along rows.
    """
    totals = np.empty(BLOCK, np.int32)
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        for i in range(count):
            totals[:] = I32(0)
            for k in range(CODE):
                weight = I32(queries[i, k])
                line = codes[k, start : start + size]
                for r in range(size):
                    totals[r] += weight * I32(line[r])
            here = scores[start : start + size]
            for r in range(size):
                here[r] = totals[r] if i == 0 else max(here[r], totals[r])
        for r in range(size):
            scores[start + r] += priors[start + r]


@njit(cache=True)
def _sift(scores, codes, heap, size: int, at: int) -> None:
    while True:
        last = 2 * at + 1
        if last >= size:
            return
        right = last + 1
        if right < size and before(
            scores[heap[last]], codes[heap[last]].id, scores[heap[right]], codes[heap[right]].id
        ):
            last = right
        if not before(scores[heap[at]], codes[heap[at]].id, scores[heap[last]], codes[heap[last]].id):
            return
        heap[at], heap[last] = heap[last], heap[at]
        at = last


@njit(cache=True)
def best(scores, codes, rows: int, heap) -> int:
    """Write the rows with the highest scores, ties to the lower id, best first, into `heap`; returns how many."""
    size = heap.shape[0]
    count = np.int64(0)
    floor = LIVE
    for r in range(rows):
        score = scores[r]
        if score < floor:
            continue
        if count < size:
            heap[count] = r
            count += 1
            if count == size:
                for at in range(size // 2 - 1, -1, -1):
                    _sift(scores, codes, heap, size, at)
                floor = scores[heap[0]]
        elif size > 0 and before(score, codes[r].id, scores[heap[0]], codes[heap[0]].id):
            heap[0] = r
            _sift(scores, codes, heap, size, np.int64(0))
            floor = scores[heap[0]]
    if count < size:
        for at in range(count // 2 - 1, -1, -1):
            _sift(scores, codes, heap, count, at)
    for left in range(count - 1, 0, -1):
        heap[0], heap[left] = heap[left], heap[0]
        _sift(scores, codes, heap, left, np.int64(0))
    return count
