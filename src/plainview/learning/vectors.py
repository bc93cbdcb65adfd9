"""Vectors for retrieval: learned so that a viewer's latest positives point at the next one.

Sampled softmax: the positive against negatives drawn from the latest positives of everyone and evenly from all admitted
videos, given the mean vector of the viewer's latest positives; Adagrad with one sum of squares a row and direction.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import decay, draw_below, exp, mix
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.kernels.codes import CODE_SCALE, PRIOR_SCALE, to_code
from plainview.feed.kernels.dot_products import lay
from plainview.feed.tables import CODE, LATEST, Maps, Marks, Tables

F32 = np.float32
I32 = np.int32
I64 = np.int64
U64 = np.uint64
BEFORE = 10
"""Latest positives whose vectors are averaged ..."""
BEFORE_STEP = F32(0.9)
"""... each further step back with this weight."""
POPULAR_NEGATIVES, EVEN_NEGATIVES = 6, 2
NEGATIVES = POPULAR_NEGATIVES + EVEN_NEGATIVES
RATE, BIAS_RATE = F32(0.3), F32(0.1)
TINY = F32(1e-6)
LARGEST, LARGEST_BIAS = F32(4.0), F32(64.0)
"""Bounds of components and biases, so that codes and priors have bounds too."""
POSITIVE_HALF_LIFE = np.int64(7 * 86_400_000)
"""Milliseconds."""
DOUBLING = 1420
"""PRIOR_SCALE x ln 2, rounded: what a doubling of the positives adds to a prior."""


@njit(cache=True)
def log2_fixed(x: np.float32) -> int:
    """log2(x) in 256ths for 2^-12 <= x < 2^30, linear between powers of two (too low by at most 0.0861)."""
    n = I64(x * F32(4096.0))
    if n < 1:
        n = I64(1)
    whole = 0
    step = 32
    while step > 0:
        if (n >> (whole + step)) > 0:
            whole += step
        step >>= 1
    part = (n >> (whole - 8)) & 255 if whole >= 8 else (n << (8 - whole)) & 255
    return (whole - 12) * 256 + part


@njit(cache=True, forceinline=True)
def encode(tables: Tables, marks: Marks, maps: Maps, row: int) -> None:
    """Derive what retrieval scans from an item: its vector in int8, and its prior, PRIOR_SCALE x (bias + ln(1 + c)).

    c, its decayed positives, would have to be brought to one time for all; but log2 of it falls by one in each
    half-life for every row alike, so it is enough to add the time of its last positive in half-lives.
    """
    item = tables.item[row]
    code = tables.code[row]
    for k in range(CODE):
        code.code[k] = to_code(item.vector[k], CODE_SCALE)
    lay(maps.codes, row, code.code)
    lifted = log2_fixed(item.positives + F32(1.0)) + (item.positive_time * 256) // POSITIVE_HALF_LIFE
    code.prior = I32(item.vector_bias * PRIOR_SCALE) + I32((lifted * DOUBLING) >> 8)
    maps.priors[row] = code.prior
    marks.code[row] = 1
    marks.item[row] = 1


@njit(cache=True)
def bounded(x: np.float32, limit: np.float32) -> np.float32:
    """x, clamped to [-limit, limit]."""
    return min(max(x, -limit), limit)


@njit(cache=True, forceinline=True)
def _dot(a, b) -> np.float32:
    total = F32(0.0)
    for k in range(CODE):
        total += a[k] * b[k]
    return total


@njit(cache=True, error_model="numpy")
def learn_vector(tables: Tables, marks: Marks, maps: Maps, row: int, past, count: int) -> None:
    """One step on a positive of item `row`; `past` holds the item rows of the viewer's positives before it."""
    tables, marks, maps, past = borrowed(tables), borrowed(marks), borrowed(maps), borrowed(past)
    head = tables.head[0]
    before = min(count, BEFORE)
    if before == 0 or head.latest == 0 or head.items < 2:
        return
    mean = np.zeros(CODE, np.float32)
    back = np.zeros(CODE, np.float32)
    weight = F32(1.0)
    total = F32(0.0)
    for j in range(before):
        vector = tables.item[past[j]].vector
        for k in range(CODE):
            mean[k] += weight * vector[k]
        total += weight
        weight = weight * BEFORE_STEP
    share = F32(1.0) / total
    for k in range(CODE):
        mean[k] = mean[k] * share
    rows = np.empty(1 + NEGATIVES, np.int64)
    slope = np.empty(1 + NEGATIVES, np.float32)
    key = mix(U64(head.latest) * U64(2))
    filled = min(head.latest, LATEST)
    rows[0] = row
    used = 1
    for q in range(NEGATIVES):
        if q < POPULAR_NEGATIVES:
            drawn = I64(tables.video[tables.latest[draw_below(key, q, filled)].row].item)
        else:
            drawn = I64(draw_below(key, q, head.items))
        # What came free since stands for nobody.
        if drawn != row and drawn >= 0 and tables.item[drawn].video >= 0:
            rows[used] = drawn
            used += 1
    highest = F32(-3e38)
    for q in range(used):
        slope[q] = _dot(mean, tables.item[rows[q]].vector) + tables.item[rows[q]].vector_bias
        highest = max(highest, slope[q])
    mass = F32(0.0)
    for q in range(used):
        slope[q] = exp(slope[q] - highest)
        mass += slope[q]
    for q in range(used):
        slope[q] = slope[q] / mass
    slope[0] -= F32(1.0)
    for q in range(used):
        item = tables.item[rows[q]]
        item.square_out += slope[q] * slope[q]
        step = slope[q] / np.sqrt(item.square_out + TINY)
        vector = item.vector
        for k in range(CODE):
            back[k] += slope[q] * vector[k]
            vector[k] = bounded(vector[k] - RATE * step * mean[k], LARGEST)
        item.vector_bias = bounded(item.vector_bias - BIAS_RATE * step, LARGEST_BIAS)
    length = _dot(back, back)
    weight = share
    for j in range(before):
        item = tables.item[past[j]]
        item.square_in += weight * weight * length
        step = RATE * weight / np.sqrt(item.square_in + TINY)
        vector = item.vector
        for k in range(CODE):
            vector[k] = bounded(vector[k] - step * back[k], LARGEST)
        weight = weight * BEFORE_STEP
    for q in range(1, used):
        encode(tables, marks, maps, rows[q])
    for j in range(before):
        encode(tables, marks, maps, past[j])


@njit(cache=True)
def note_positive(tables: Tables, marks: Marks, maps: Maps, row: int) -> None:
    """Count a positive of item `row`, and put it among the latest."""
    head = tables.head[0]
    item = tables.item[row]
    item.positives = item.positives * decay(head.now - item.positive_time, POSITIVE_HALF_LIFE) + F32(1.0)
    item.positive_time = head.now
    place = head.latest % LATEST
    tables.latest[place].row = item.video
    marks.latest[place] = 1
    head.latest += 1
    encode(tables, marks, maps, row)
