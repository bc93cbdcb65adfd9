"""Admission and expiry of what is learned: rows of `item` and `entity` go to what is used, and come back.

A video is admitted with its `admit_after`-th impression that teaches, its creator and sound with it. What nothing has
touched for `expire_after` is forgotten, and its rows go to the next that are admitted.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.dot_products import lay
from plainview.feed.tables import (
    NEIGHBOURS,
    OF_CREATOR,
    OF_SOUND,
    OF_VIDEO,
    REGIONS,
    SURFACES,
    Maps,
    Marks,
    Tables,
)
from plainview.learning.initial import draw_embeddings, draw_vector

F32 = np.float32
DEAD = np.int32(-(1 << 30))
"""Prior of a code that is not to be retrieved."""


@njit(cache=True)
def _admit_entity(tables: Tables, marks: Marks, table: int, owner: int, identity: int) -> int:
    head = tables.head[0]
    if head.free_entities > 0:
        head.free_entities -= 1
        row = np.int64(tables.free_entity[head.free_entities].row)
    else:
        row = np.int64(head.entities)
        head.entities += 1
    entity = tables.entity[row]
    entity.table = table
    entity.owner = owner
    entity.tally[:] = F32(0.0)
    entity.bias = F32(0.0)
    entity.bias_precision = F32(0.0)
    draw_embeddings(entity, table, identity)
    marks.entity[row] = 1
    return row


@njit(cache=True)
def _admit_item(tables: Tables, marks: Marks, maps: Maps, row: int) -> None:
    head = tables.head[0]
    video = tables.video[row]
    if head.free_items > 0:
        head.free_items -= 1
        place = np.int64(tables.free_item[head.free_items].row)
    else:
        place = np.int64(head.items)
        head.items += 1
    item = tables.item[place]
    item.video = row
    item.slow_time = head.now
    item.fast_time = head.now
    item.popular_time = head.now
    item.positive_time = head.now
    item.neighbour_time = head.now
    item.slow[:] = F32(0.0)
    item.fast[:] = F32(0.0)
    item.bias = F32(0.0)
    item.bias_precision = F32(0.0)
    for s in range(SURFACES):
        item.surface[s][:] = F32(0.0)
        item.surface_bias[s] = F32(0.0)
        item.surface_precision[s] = F32(0.0)
    for r in range(REGIONS):
        item.popular[r] = F32(0.0)
    item.positives = F32(0.0)
    for i in range(NEIGHBOURS):
        item.neighbour[i] = -1
        item.weight[i] = F32(0.0)
    item.vector_bias = F32(0.0)
    item.square_out = F32(0.0)
    item.square_in = F32(0.0)
    draw_embeddings(item, OF_VIDEO, video.id)
    draw_vector(item, video.id)
    code = tables.code[place]
    code.id = video.id
    code.prior = DEAD
    code.code[:] = 0
    lay(maps.codes, place, code.code)
    maps.priors[place] = DEAD
    video.item = place
    marks.code[place] = 1
    marks.item[place] = 1
    marks.video[row] = 1


@njit(cache=True)
def admit(tables: Tables, marks: Marks, maps: Maps, row: int) -> None:
    """See that the video in `row`, its creator and its sound have rows of what is learned, and note their use."""
    now = tables.head[0].now
    video = tables.video[row]
    if video.item < 0:
        _admit_item(tables, marks, maps, row)
    tables.item[video.item].touched = now
    marks.item[video.item] = 1
    creator = tables.creator[video.creator]
    if creator.entity < 0:
        creator.entity = _admit_entity(tables, marks, OF_CREATOR, video.creator, creator.id)
        marks.creator[video.creator] = 1
    tables.entity[creator.entity].touched = now
    marks.entity[creator.entity] = 1
    if video.sound >= 0:
        sound = tables.sound[video.sound]
        if sound.entity < 0:
            sound.entity = _admit_entity(tables, marks, OF_SOUND, video.sound, sound.id)
            marks.sound[video.sound] = 1
        tables.entity[sound.entity].touched = now
        marks.entity[sound.entity] = 1


@njit(cache=True)
def expire(tables: Tables, marks: Marks, maps: Maps, before: int) -> int:
    """Forget what nothing has touched since `before` (ms). Returns how many rows came free."""
    head = tables.head[0]
    freed = 0
    for place in range(head.items):
        item = tables.item[place]
        if item.video < 0 or item.touched >= before:
            continue
        tables.video[item.video].item = -1
        tables.video[item.video].impressions = 0
        marks.video[item.video] = 1
        item.video = -1
        marks.item[place] = 1
        tables.code[place].prior = DEAD
        maps.priors[place] = DEAD
        marks.code[place] = 1
        tables.free_item[head.free_items].row = place
        marks.free_item[head.free_items] = 1
        head.free_items += 1
        freed += 1
    for row in range(head.entities):
        entity = tables.entity[row]
        if entity.owner < 0 or entity.touched >= before:
            continue
        if entity.table == OF_CREATOR:
            tables.creator[entity.owner].entity = -1
            marks.creator[entity.owner] = 1
        else:
            tables.sound[entity.owner].entity = -1
            marks.sound[entity.owner] = 1
        entity.owner = -1
        marks.entity[row] = 1
        tables.free_entity[head.free_entities].row = row
        marks.free_entity[head.free_entities] = 1
        head.free_entities += 1
        freed += 1
    return freed
