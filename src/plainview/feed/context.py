"""What ranking and learning see of a viewer: the history up to the start of a list, looked up in the world and summed
up once, so that each candidate meets sums instead of fifty impressions."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.actions import COMPLETE, LIKE, LONG_VIEW, NATIVE, VIEWED
from plainview.feed.kernels.arithmetic import log
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.kernels.idmap import find, look_ahead
from plainview.feed.kernels.prefetch import lines, prefetch
from plainview.feed.tables import (
    DEPTH,
    DURATIONS,
    ENTITY,
    FORMS,
    G_DURATION,
    G_TAG,
    ITEM,
    LONG_VIEWS,
    SHOWN,
    SURFACES,
    TAG_SLOTS,
    TAGS,
    UNKNOWN_SURFACE,
    W_OUTCOME,
    W_RECENCY,
    WIDTH,
    Maps,
    Tables,
)
from plainview.feed.viewers import HISTORY

F32 = np.float32
LONG_WATCH = 18_000
"""Milliseconds that make a long view of any video; all of a shorter one."""
REACH = np.array([1.0, 0.5, 0.15, 0.03], np.float32)
"""How much an impression says of durations 0, 1, 2, 3 buckets away."""
ITEM_KEY, ENTITY_KEY = lines(ITEM, "key", "key"), lines(ENTITY, "key", "key")

CONTEXT = np.dtype(
    [
        ("count", "<i4"),
        ("region", "<i4"),
        ("video", "<i4", (DEPTH,)),  # rows, newest first
        ("creator", "<i4", (DEPTH,)),
        ("positive", "u1", (DEPTH,)),  # watched long, or liked
        ("surprise", "<f4", (DEPTH,)),  # long view less the viewer's own rate
        ("attention", "<f4", (DEPTH,)),  # weight by outcome and recency
        ("rate", "<f4"),  # of long views, drawn to everyone's
        ("log_odds", "<f4"),  # of that rate
        ("tag_shown", "<f4", (TAG_SLOTS,)),
        ("tag_surprise", "<f4", (TAG_SLOTS,)),
        ("duration_shown", "<f4", (DURATIONS,)),
        ("duration_surprise", "<f4", (DURATIONS,)),
        ("around_shown", "<f4", (DURATIONS,)),  # durations near by included, see REACH
        ("around_surprise", "<f4", (DURATIONS,)),
        ("form_shown", "<f4", (FORMS,)),
        ("form_surprise", "<f4", (FORMS,)),
        ("surface_shown", "<f4", (SURFACES,)),
        ("surface_surprise", "<f4", (SURFACES,)),
        ("taste", "<f4", (WIDTH,)),  # attention-weighted sum of keys
    ]
)
"""Videos the catalogue does not know are left out."""


@njit(cache=True, forceinline=True)
def outcome(bits: int, watched: int, duration: int) -> int:
    """The outcomes of an impression: for one watched here, long view and completion follow from the watch time."""
    if bits & NATIVE and bits & VIEWED:
        if watched >= min(LONG_WATCH, duration):
            bits |= LONG_VIEW
        if watched >= duration:
            bits |= COMPLETE
    return bits


@njit(cache=True, forceinline=True)
def tag_slot(tag: int) -> int:
    """The slot of a row of the tag table; 0 for none and for tags that came after the slots were taken."""
    return tag + 1 if 0 <= tag < TAG_SLOTS - 1 else 0


@njit(cache=True)
def first_tag(video) -> int:
    """The slot of a video's first tag."""
    return tag_slot(video.tags[0])


@njit(cache=True)
def everyones_rate(tables: Tables) -> np.float32:
    """Long views per impression of everyone, 0.35 before the first hundred."""
    sums = tables.rate[SURFACES].sums
    if sums[SHOWN] <= F32(100.0):
        return F32(0.35)
    return sums[LONG_VIEWS] / sums[SHOWN]


@njit(cache=True)
def gather(viewer, start: int, tables: Tables, maps: Maps, context) -> None:
    """Sum up in `context` the impressions of `viewer` below place `start` of the history."""
    tables, maps = borrowed(tables), borrowed(maps)
    context.region = viewer.region
    count = 0
    positives = F32(0.0)
    place = start - 1
    outcomes = np.empty(DEPTH, np.int64)
    surfaces = np.empty(DEPTH, np.int64)
    look_ahead(maps.video, tables.video, viewer.h_video[: min(viewer.history, HISTORY)])
    while place >= 0 and place >= viewer.history - HISTORY and count < DEPTH:
        at = place % HISTORY
        row = find(maps.video, tables.video, viewer.h_video[at])
        if row >= 0:
            bits = outcome(np.int64(viewer.h_bits[at]), np.int64(viewer.h_watched[at]), tables.video[row].duration)
            context.video[count] = row
            outcomes[count] = bits
            surfaces[count] = viewer.h_surface[at]
            if bits & LONG_VIEW:
                positives += F32(1.0)
            count += 1
        place -= 1
    context.count = count
    rate = (positives + F32(8.0) * everyones_rate(tables)) / (F32(count) + F32(8.0))
    context.rate = rate
    bounded = min(max(rate, F32(0.01)), F32(0.99))
    context.log_odds = log(bounded / (F32(1.0) - bounded))
    context.tag_shown[:] = F32(0.0)
    context.tag_surprise[:] = F32(0.0)
    context.duration_shown[:] = F32(0.0)
    context.duration_surprise[:] = F32(0.0)
    context.around_shown[:] = F32(0.0)
    context.around_surprise[:] = F32(0.0)
    context.form_shown[:] = F32(0.0)
    context.form_surprise[:] = F32(0.0)
    context.surface_shown[:] = F32(0.0)
    context.surface_surprise[:] = F32(0.0)
    context.taste[:] = F32(0.0)
    _read_ahead(tables, context)
    scale = F32(1.0) / np.sqrt(F32(count) + F32(4.0))
    for j in range(count):
        row = context.video[j]
        video = tables.video[row]
        long_view = 1 if outcomes[j] & LONG_VIEW else 0
        surprise = F32(long_view) - rate
        attention = tables.weight[W_OUTCOME + long_view].value * tables.weight[W_RECENCY + j].value * scale
        context.creator[j] = video.creator
        context.positive[j] = 1 if outcomes[j] & (LONG_VIEW | LIKE) else 0
        context.surprise[j] = surprise
        context.attention[j] = attention
        for i in range(TAGS):
            slot = tag_slot(video.tags[i])
            if slot > 0:
                context.tag_shown[slot] += F32(1.0)
                context.tag_surprise[slot] += surprise
        context.duration_shown[video.bucket] += F32(1.0)
        context.duration_surprise[video.bucket] += surprise
        context.form_shown[video.form] += F32(1.0)
        context.form_surprise[video.form] += surprise
        if surfaces[j] != UNKNOWN_SURFACE:
            context.surface_shown[surfaces[j]] += F32(1.0)
            context.surface_surprise[surfaces[j]] += surprise
        _attend(tables, video, attention, context)
    for bucket in range(DURATIONS):
        if context.duration_shown[bucket] > F32(0.0):
            for other in range(max(0, bucket - 3), min(DURATIONS, bucket + 4)):
                reach = REACH[abs(bucket - other)]
                context.around_shown[other] += reach * context.duration_shown[bucket]
                context.around_surprise[other] += reach * context.duration_surprise[bucket]


@njit(cache=True)
def _read_ahead(tables: Tables, context) -> None:
    """Ask for the keys of the history's videos and creators."""
    for j in range(context.count):
        video = tables.video[context.video[j]]
        if video.item >= 0:
            for offset in ITEM_KEY:
                prefetch(tables.item[video.item], offset)
        entity = tables.creator[video.creator].entity
        if entity >= 0:
            for offset in ENTITY_KEY:
                prefetch(tables.entity[entity], offset)


@njit(cache=True, forceinline=True)
def _attend(tables: Tables, video, attention: np.float32, context) -> None:
    """Add a video's keys (its own, its creator's, its first tag's, its duration's) to the viewer's taste."""
    tag = tables.group[G_TAG + first_tag(video)].key
    length = tables.group[G_DURATION + video.bucket].key
    taste = context.taste
    for k in range(WIDTH):
        taste[k] += attention * (tag[k] + length[k])
    if video.item >= 0:
        own = tables.item[video.item].key
        for k in range(WIDTH):
            taste[k] += attention * own[k]
    entity = tables.creator[video.creator].entity
    if entity >= 0:
        theirs = tables.entity[entity].key
        for k in range(WIDTH):
            taste[k] += attention * theirs[k]


def gathered(viewer: NDArray[np.void], tables: Tables, maps: Maps) -> NDArray[np.void]:
    """The context of a page for one viewer's row: one row of CONTEXT."""
    context = np.zeros(1, CONTEXT)
    gather(viewer[0], int(viewer[0]["history"]), tables, maps, context[0])
    return context
