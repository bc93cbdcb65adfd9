"""How queries and keys learn: a candidate's query from the viewer's taste, the history's keys from what came of it."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.context import first_tag
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.tables import G_DURATION, G_SURFACE, G_TAG, WIDTH, Marks, Tables
from plainview.learning.scratch import Scratch

F32 = np.float32
P_EMBEDDING = F32(200)
"""Prior precision of every component."""
SHRINK = F32(0.02)
"""Of an embedding, taken off in each step before it is divided by the precision."""


@njit(cache=True, error_model="numpy", forceinline=True)
def _step_query(row, gradient: np.float32, curvature: np.float32, taste) -> None:
    row.query_precision += curvature
    step = F32(1.0) / (P_EMBEDDING + row.query_precision)
    query = row.query
    for k in range(WIDTH):
        query[k] += step * (gradient * taste[k] - SHRINK * query[k])


@njit(cache=True, error_model="numpy", forceinline=True)
def _step_key(row, attention: np.float32, curvature: np.float32, back) -> None:
    row.key_precision += curvature
    step = F32(1.0) / (P_EMBEDDING + row.key_precision)
    key = row.key
    for k in range(WIDTH):
        key[k] += step * (attention * back[k] - SHRINK * key[k])


@njit(cache=True)
def learn_embeddings(tables: Tables, marks: Marks, context, scratch: Scratch, partners: int) -> None:
    tables, marks = borrowed(tables), borrowed(marks)
    length = F32(0.0)
    spread = F32(0.0)
    for k in range(WIDTH):
        scratch.back[k] = F32(0.0)
        length += context.taste[k] * context.taste[k]
    for place in range(partners + 1):
        size = F32(0.0)
        for k in range(WIDTH):
            scratch.back[k] += scratch.slope[place] * scratch.query[place, k]
            size += scratch.query[place, k] * scratch.query[place, k]
        spread += scratch.curve[place] * size
    for place in range(partners + 1):
        video = tables.video[scratch.rows[place]]
        gradient = scratch.slope[place]
        curvature = scratch.curve[place] * length
        if video.item >= 0:
            _step_query(tables.item[video.item], gradient, curvature, context.taste)
            marks.item[video.item] = 1
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            _step_query(tables.entity[entity], gradient, curvature, context.taste)
            marks.entity[entity] = 1
        tag = G_TAG + first_tag(video)
        bucket = G_DURATION + video.bucket
        where = G_SURFACE + scratch.surfaces[place]
        _step_query(tables.group[tag], gradient, curvature, context.taste)
        _step_query(tables.group[bucket], gradient, curvature, context.taste)
        _step_query(tables.group[where], gradient, curvature, context.taste)
        marks.group[tag] = 1
        marks.group[bucket] = 1
        marks.group[where] = 1
    if partners == 0:
        return
    for j in range(context.count):
        video = tables.video[context.video[j]]
        attention = context.attention[j]
        curvature = attention * attention * spread
        if video.item >= 0:
            _step_key(tables.item[video.item], attention, curvature, scratch.back)
            marks.item[video.item] = 1
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            _step_key(tables.entity[entity], attention, curvature, scratch.back)
            marks.entity[entity] = 1
        tag = G_TAG + first_tag(video)
        bucket = G_DURATION + video.bucket
        _step_key(tables.group[tag], attention, curvature, scratch.back)
        _step_key(tables.group[bucket], attention, curvature, scratch.back)
        marks.group[tag] = 1
        marks.group[bucket] = 1
