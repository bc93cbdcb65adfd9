"""What is counted of every impression: decayed sums of its video, tallies of its creator, sound and cells."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.actions import CLICK, LIKE, LONG_VIEW, NATIVE
from plainview.feed.context import tag_slot
from plainview.feed.features import FAST, SLOW, expected
from plainview.feed.kernels.arithmetic import decay, settle
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.tables import (
    CLICKS,
    KNOWN,
    LIKES,
    LONG_VIEWS,
    RESIDUAL,
    SHOWN,
    SURFACES,
    T_DURATION,
    T_DURATION_SURFACE,
    T_FORM,
    T_TAG,
    T_TAG_SURFACE,
    TAGS,
    UNKNOWN_SURFACE,
    WATCHED,
    Marks,
    Tables,
)

F32 = np.float32
CAP_OWN, CAP_CELL, CAP_RATE = F32(4096), F32(65536), F32(1048576)
"""Impressions at which a tally is halved, so that it can still move."""


@njit(cache=True, error_model="numpy")
def watch_share(watched: int, duration: int) -> np.float32:
    """Of the duration, or of 30 s of a longer video, what was watched; at most 1."""
    whole = 30_000 if duration <= 0 else max(1000, min(duration, 30_000))
    return min(F32(watched) / F32(whole), F32(1.0))


@njit(cache=True)
def clicked(bits: int) -> np.float32:
    """Whether it was opened: what plays here by itself always is."""
    return F32(1.0) if bits & (CLICK | NATIVE) else F32(0.0)


@njit(cache=True)
def fade(item, now: int) -> None:
    """Bring an item's decayed sums to `now`."""
    factor = decay(now - item.slow_time, SLOW)
    for k in range(7):
        item.slow[k] = settle(item.slow[k] * factor)
    factor = decay(now - item.fast_time, FAST)
    for k in range(3):
        item.fast[k] = settle(item.fast[k] * factor)
    item.slow_time = max(item.slow_time, now)
    item.fast_time = max(item.fast_time, now)


@njit(cache=True, forceinline=True)
def _tally(tally, hit: np.float32, residual: np.float32, cap: np.float32) -> None:
    tally[SHOWN] += F32(1.0)
    tally[LONG_VIEWS] += hit
    tally[RESIDUAL] += residual
    if tally[SHOWN] >= cap:
        for k in range(3):
            tally[k] = tally[k] * F32(0.5)


@njit(cache=True, error_model="numpy")
def count(tables: Tables, marks: Marks, context, row: int, surface: int, bits: int, watched: int, now: int) -> None:
    tables, marks = borrowed(tables), borrowed(marks)
    video = tables.video[row]
    hit = F32(1.0) if bits & LONG_VIEW else F32(0.0)
    residual = hit - expected(tables, context, surface)
    share = watch_share(watched, video.duration)
    item = tables.item[video.item]
    fade(item, now)
    item.slow[SHOWN] += F32(1.0)
    item.slow[LONG_VIEWS] += hit
    item.slow[RESIDUAL] += residual
    item.fast[SHOWN] += F32(1.0)
    item.fast[LONG_VIEWS] += hit
    item.fast[RESIDUAL] += residual
    if bits & LIKE:
        item.slow[LIKES] += F32(1.0)
    if surface != UNKNOWN_SURFACE:
        sums = tables.rate[surface].sums
        shown = max(sums[SHOWN], F32(1.0))
        item.slow[KNOWN] += F32(1.0)
        item.slow[CLICKS] += clicked(bits) - sums[2] / shown
        item.slow[WATCHED] += share - sums[3] / shown
    _tally(item.surface[surface], hit, residual, CAP_OWN)
    marks.item[video.item] = 1
    entity = tables.creator[video.creator].entity
    if entity >= 0:
        _tally(tables.entity[entity].tally, hit, residual, CAP_OWN)
        marks.entity[entity] = 1
    if video.sound >= 0:
        entity = tables.sound[video.sound].entity
        if entity >= 0:
            _tally(tables.entity[entity].tally, hit, residual, CAP_OWN)
            marks.entity[entity] = 1
    for i in range(TAGS):
        slot = tag_slot(video.tags[i])
        if slot > 0:
            _tally_cell(tables, marks, T_TAG + slot, hit, residual)
            _tally_cell(tables, marks, T_TAG_SURFACE + slot * SURFACES + surface, hit, residual)
    _tally_cell(tables, marks, T_DURATION + video.bucket, hit, residual)
    _tally_cell(tables, marks, T_FORM + video.form, hit, residual)
    _tally_cell(tables, marks, T_DURATION_SURFACE + video.bucket * SURFACES + surface, hit, residual)
    _rate(tables, marks, surface, hit, bits, share, surface)
    _rate(tables, marks, np.int64(SURFACES), hit, bits, share, surface)


@njit(cache=True, forceinline=True)
def _tally_cell(tables: Tables, marks: Marks, cell: int, hit: np.float32, residual: np.float32) -> None:
    _tally(tables.tally[cell].tally, hit, residual, CAP_CELL)
    marks.tally[cell] = 1


@njit(cache=True, forceinline=True)
def _rate(tables: Tables, marks: Marks, row: int, hit: np.float32, bits: int, share: np.float32, surface: int) -> None:
    sums = tables.rate[row].sums
    sums[SHOWN] += F32(1.0)
    sums[LONG_VIEWS] += hit
    if surface != UNKNOWN_SURFACE:
        sums[2] += clicked(bits)
        sums[3] += share
    if sums[SHOWN] >= CAP_RATE:
        for k in range(4):
            sums[k] = sums[k] * F32(0.5)
    marks.rate[row] = 1
