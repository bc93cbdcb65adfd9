"""Admission and expiry of what is learned: rows of `entity` and `shelf` go to what is used, and come back.

A video is admitted with its `admit_after`-th impression that teaches; creators, sounds and tags with their first. What
nothing has touched for `expire_after` is forgotten, and its rows are given to the next that are admitted.
"""

from __future__ import annotations

from numba import njit

from plainview.feed.tables import NEIGHBOURS, OF_CREATOR, OF_SOUND, OF_TAG, OF_VIDEO, TAGS, Marks, Tables
from plainview.learning.initial import blank_entity


@njit(cache=True, nogil=True)
def admit_entity(tables: Tables, marks: Marks, table: int, owner: int, identity: int) -> int:
    """A row of `entity` for row `owner` of `table`, its embeddings drawn from its id. Returns the row."""
    head = tables.head[0]
    if head.free_entities > 0:
        head.free_entities -= 1
        row = int(tables.free_entity[head.free_entities].row)
    else:
        row = int(head.entities)
        head.entities += 1
    blank_entity(tables.entity[row], table, identity)
    tables.entity[row].table = table
    tables.entity[row].owner = owner
    tables.entity[row].touched = head.now
    marks.entity[row] = 1
    return row


@njit(cache=True, nogil=True)
def admit_video(tables: Tables, marks: Marks, row: int) -> None:
    """Give the video in `row` its rows of `entity` and `shelf`."""
    head = tables.head[0]
    video = tables.video[row]
    video.entity = admit_entity(tables, marks, OF_VIDEO, row, video.id)
    if head.free_shelves > 0:
        head.free_shelves -= 1
        place = int(tables.free_shelf[head.free_shelves].row)
    else:
        place = int(head.shelves)
        head.shelves += 1
    shelf = tables.shelf[place]
    shelf.video = row
    shelf.popular_time = head.now
    shelf.popular[:] = 0
    shelf.weight[:] = 0
    shelf.surface[:] = 0
    for i in range(NEIGHBOURS):
        shelf.neighbour[i] = -1
    shelf.code[:] = 0
    video.shelf = place
    marks.shelf[place] = 1
    marks.video[row] = 1


@njit(cache=True, nogil=True)
def admit_known(tables: Tables, marks: Marks, row: int) -> None:
    """Give the creator, sound and tags of the video in `row` their rows of `entity`, where they have none."""
    video = tables.video[row]
    creator = tables.creator[video.creator]
    if creator.entity < 0:
        creator.entity = admit_entity(tables, marks, OF_CREATOR, video.creator, creator.id)
        marks.creator[video.creator] = 1
    if video.sound >= 0 and tables.sound[video.sound].entity < 0:
        sound = tables.sound[video.sound]
        sound.entity = admit_entity(tables, marks, OF_SOUND, video.sound, sound.id)
        marks.sound[video.sound] = 1
    for i in range(TAGS):
        if video.tags[i] >= 0 and tables.tag[video.tags[i]].entity < 0:
            tag = tables.tag[video.tags[i]]
            tag.entity = admit_entity(tables, marks, OF_TAG, video.tags[i], tag.id)
            marks.tag[video.tags[i]] = 1


@njit(cache=True, nogil=True)
def expire(tables: Tables, marks: Marks, before: int) -> int:
    """Forget what nothing touched since `before` (ms), cells and tags excepted. Returns how many rows came free."""
    head = tables.head[0]
    freed = 0
    for row in range(head.entities):
        entity = tables.entity[row]
        if entity.owner < 0 or entity.touched >= before:
            continue
        owner = entity.owner
        if entity.table == OF_VIDEO:
            video = tables.video[owner]
            place = video.shelf
            tables.shelf[place].video = -1
            marks.shelf[place] = 1
            tables.free_shelf[head.free_shelves].row = place
            marks.free_shelf[head.free_shelves] = 1
            head.free_shelves += 1
            video.shelf = -1
            video.entity = -1
            video.impressions = 0
            marks.video[owner] = 1
        elif entity.table == OF_CREATOR:
            tables.creator[owner].entity = -1
            marks.creator[owner] = 1
        elif entity.table == OF_SOUND:
            tables.sound[owner].entity = -1
            marks.sound[owner] = 1
        else:
            continue
        entity.owner = -1
        marks.entity[row] = 1
        tables.free_entity[head.free_entities].row = row
        marks.free_entity[head.free_entities] = 1
        head.free_entities += 1
        freed += 1
    return freed
