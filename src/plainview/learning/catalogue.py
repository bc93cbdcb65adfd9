"""How the world takes up videos and decisions. Kernels; every written row is marked."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.idmap import find, insert
from plainview.feed.tables import FORMS, FRESH, RECENT, TAGS, Maps, Marks, Tables

DURATION_BOUNDS = (100, 5_000, 7_000, 9_000, 11_000, 13_000, 16_000, 18_000, 20_000, 25_000, 30_000, 40_000, 50_000,
                   60_000, 75_000, 90_000, 120_000, 150_000, 180_000, 240_000, 300_000)  # fmt: skip
"""Upper bounds (ms, exclusive) of the duration buckets; the last bucket has none."""


@njit(cache=True)
def duration_bucket(duration: int) -> int:
    """The bucket of a duration in ms, 0..21."""
    bucket = 0
    for bound in DURATION_BOUNDS:
        if duration >= bound:
            bucket += 1
    return bucket


@njit(cache=True)
def _row(table, flags, slots, used: int, wanted: int) -> int:
    """The row of `wanted`; `used`, prepared for it, where it has none yet (the caller counts it)."""
    row = find(slots, table, wanted)
    if row >= 0:
        return row
    table[used].id = wanted
    flags[used] = 1
    insert(slots, wanted, used)
    return used


@njit(cache=True)
def take_video(tables: Tables, marks: Marks, maps: Maps, action, payload) -> None:
    """A video enters the catalogue, or its metadata is replaced; what was learned and decided about it stays.

    A tag named twice counts once.

    Room for one more row in `video`, `creator` and `sound` and TAGS more in `tag` must have been reserved.
    """
    head = tables.head[0]
    row = find(maps.video, tables.video, action.video)
    fresh = row < 0
    if fresh:
        row = head.videos
        head.videos += 1
        video = tables.video[row]
        video.id = action.video
        video.item = -1
        video.decision = -1
        video.added = action.time
        video.restricted = 0
        video.impressions = 0
        insert(maps.video, action.video, row)
        place = head.fresh % FRESH
        tables.fresh[place].row = row
        marks.fresh[place] = 1
        head.fresh += 1
    video = tables.video[row]
    creator = _row(tables.creator, marks.creator, maps.creator, head.creators, action.target)
    if creator == head.creators:
        head.creators += 1
        tables.creator[creator].entity = -1
        for i in range(RECENT):
            tables.creator[creator].recent[i] = -1
    if fresh or video.creator != creator:
        owner = tables.creator[creator]
        owner.recent[owner.videos % RECENT] = row
        owner.videos += 1
        marks.creator[creator] = 1
    video.creator = creator
    video.sound = -1
    if action.viewer > 0:
        video.sound = _row(tables.sound, marks.sound, maps.sound, head.sounds, action.viewer)
        if video.sound == head.sounds:
            head.sounds += 1
            tables.sound[video.sound].entity = -1
    video.created = min(action.other, action.time)
    video.duration = action.watched
    video.region = action.region
    video.audience = action.age
    video.form = min(action.code, FORMS - 1)
    video.bucket = duration_bucket(action.watched)
    for i in range(TAGS):
        video.tags[i] = -1
    named = 0
    for i in range(min(action.count, TAGS)):
        tag = _row(tables.tag, marks.tag, maps.tag, head.tags, payload[action.offset + i])
        head.tags = max(head.tags, tag + 1)
        fresh_tag = True
        for j in range(named):
            fresh_tag = fresh_tag and video.tags[j] != tag
        if fresh_tag:
            video.tags[named] = tag
            named += 1
    marks.video[row] = 1
    if fresh and head.waiting > 0:
        _take_waiting(tables, marks, row)


@njit(cache=True)
def take_decision(tables: Tables, marks: Marks, maps: Maps, action) -> None:
    """Restrict a video, or lift a decision; the video's mask is the union of its active decisions.

    A decision about a video that is not known yet waits for it. A known decision's number with another video changes
    nothing.
    """
    head = tables.head[0]
    known = find(maps.decision, tables.decision, action.target)
    if known < 0:
        known = np.int64(head.decisions)
        head.decisions += 1
        decision = tables.decision[known]
        decision.id = action.target
        decision.about = action.video
        decision.video = -1
        decision.next = -1
        insert(maps.decision, action.target, known)
        row = find(maps.video, tables.video, action.video)
        if row >= 0:
            _attach(tables, known, row)
        else:
            head.waiting += 1
    decision = tables.decision[known]
    if decision.about != action.video:
        return
    decision.mask = action.other
    decision.active = 0 if action.code else 1
    marks.decision[known] = 1
    if decision.video >= 0:
        _restrict(tables, marks, decision.video)


@njit(cache=True)
def _attach(tables: Tables, known: int, row: int) -> None:
    """Put the decision in row `known` at the head of the chain of the video in `row`."""
    decision = tables.decision[known]
    decision.video = row
    decision.next = tables.video[row].decision
    tables.video[row].decision = known


@njit(cache=True)
def _restrict(tables: Tables, marks: Marks, row: int) -> None:
    """Bring a video's mask in line with its decisions."""
    video = tables.video[row]
    mask = np.int64(0)
    at = video.decision
    while at >= 0:
        if tables.decision[at].active:
            mask |= tables.decision[at].mask
        at = tables.decision[at].next
    video.restricted = mask
    marks.video[row] = 1


@njit(cache=True)
def _take_waiting(tables: Tables, marks: Marks, row: int) -> None:
    """Attach the decisions that waited for the video in `row`, in the order they came."""
    head = tables.head[0]
    for known in range(head.decisions):
        decision = tables.decision[known]
        if decision.video < 0 and decision.about == tables.video[row].id:
            _attach(tables, known, row)
            marks.decision[known] = 1
            head.waiting -= 1
    _restrict(tables, marks, row)


@njit(cache=True)
def take_origin(tables: Tables, marks: Marks, wanted: int) -> None:
    """From here on rows of this origin may teach."""
    head = tables.head[0]
    if not approved(tables, wanted):
        tables.origin[head.origins].id = wanted
        marks.origin[head.origins] = 1
        head.origins += 1


@njit(cache=True)
def approved(tables: Tables, origin: int) -> bool:
    """Whether an import of this origin may teach."""
    found = False
    for i in range(tables.head[0].origins):
        found = found or tables.origin[i].id == origin
    return found
