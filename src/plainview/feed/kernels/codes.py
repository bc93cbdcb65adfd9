"""Exact retrieval: int8 codes scanned with integer arithmetic, the best kept by unique keys (score, then id)."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.dot_products import QUERIES, tile_products
from plainview.feed.kernels.order import top_rows
from plainview.feed.tables import TILE

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
SAMPLED = 16
"""Every so many-th row is looked at to guess what score the best reach."""


@njit(cache=True)
def to_code(x: np.float32, scale: np.float32) -> np.int8:
    """x * scale rounded half away from zero, clamped to [-127, 127]."""
    y = min(max(x * scale, F32(-127.0)), F32(127.0))
    return np.int8(I32(y + (F32(0.5) if y >= F32(0.0) else F32(-0.5))))


@njit(cache=True)
def scan(codes, priors, rows: int, queries, count: int, scores) -> None:
    """scores[r] = the highest queries[i] . code of row r over i < count, plus priors[r]: exact.

    `queries` is int16 (QUERIES, CODE), 1 <= count <= QUERIES; codes are laid out as by `dot_products.laid`. All entries
    lie in [-127, 127].
    """
    pairs = queries.view(np.int32)
    products = np.empty((QUERIES, TILE), np.int32)
    highest = products[0]
    for start in range(0, rows, TILE):
        tile_products(codes, start // TILE, pairs, products)
        for i in range(1, count):
            for lane in range(TILE):
                highest[lane] = max(highest[lane], products[i, lane])
        if start + TILE <= rows:
            for lane in range(TILE):
                scores[start + lane] = highest[lane] + priors[start + lane]
        else:
            for lane in range(rows - start):
                scores[start + lane] = highest[lane] + priors[start + lane]


@njit(cache=True)
def _before(scores, codes, row: int, other: int) -> bool:
    """Whether `row` comes first: higher score, then lower id. Ids are far apart in memory, and looked at last."""
    if scores[row] != scores[other]:
        return scores[row] > scores[other]
    return codes[row].id < codes[other].id


@njit(cache=True)
def _sift(scores, codes, heap, size: int, at: int) -> None:
    while True:
        last = 2 * at + 1
        if last >= size:
            return
        right = last + 1
        if right < size and _before(scores, codes, heap[last], heap[right]):
            last = right
        if not _before(scores, codes, heap[at], heap[last]):
            return
        heap[at], heap[last] = heap[last], heap[at]
        at = last


@njit(cache=True)
def _likely_floor(scores, rows: int, size: int) -> np.int32:
    """A score that more than `size` rows are likely to reach, half as many again, by every SAMPLED-th row."""
    sample = scores[:rows:SAMPLED].copy()
    reaching = size // SAMPLED + size // (2 * SAMPLED) + 8
    if reaching >= sample.shape[0]:
        return LIVE
    return max(LIVE, sample[top_rows(sample, np.arange(sample.shape[0]), reaching)[reaching - 1]])


@njit(cache=True)
def _keep(scores, codes, rows: int, floor: np.int32, heap) -> int:
    """Put the best of the rows that reach `floor` into `heap`: as a heap if they fill it, as they come if not."""
    size = heap.shape[0]
    count = np.int64(0)
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
        elif size > 0 and _before(scores, codes, r, heap[0]):
            heap[0] = r
            _sift(scores, codes, heap, size, np.int64(0))
            floor = scores[heap[0]]
    return count


@njit(cache=True)
def best(scores, codes, rows: int, heap) -> int:
    """Write the rows with the highest scores, ties to the lower id, best first, into `heap`; returns how many."""
    size = heap.shape[0]
    floor = _likely_floor(scores, rows, size)
    count = _keep(scores, codes, rows, floor, heap)
    if count < size and floor > LIVE:
        count = _keep(scores, codes, rows, LIVE, heap)
    if count < size:
        for at in range(count // 2 - 1, -1, -1):
            _sift(scores, codes, heap, count, at)
    for left in range(count - 1, 0, -1):
        heap[0], heap[left] = heap[left], heap[0]
        _sift(scores, codes, heap, left, np.int64(0))
    return count
