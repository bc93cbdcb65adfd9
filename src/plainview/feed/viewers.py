"""Viewer state: one viewer's recent history and settings, a pure fold over that viewer's own records.

A viewer is one row of the `VIEWER` layout, of constant size. Rings are addressed by `count % length`, so a row's bytes
depend on the viewer's records alone, and their digest is the digest of the state. Ids are the journal's own; nothing in
a row refers to the world.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.actions import (
    BLOCK,
    EVENT,
    FOLLOW,
    FOLLOWED,
    IMPRESSION,
    MUTE,
    NATIVE,
    PAGE,
    PAST,
    SETTING,
    UNBLOCK,
    UNFOLLOW,
    VIEWED,
)  # fmt: skip
from plainview.feed.actions import (
    VIEWER as VIEWER_ACTION,
)
from plainview.records import PAGE_LIMIT

HISTORY = 64
"""Impressions remembered."""
SEEN = 1024
"""Served videos remembered, so that none comes twice."""
PAGES = 6
"""Pages whose events still count."""
FOLLOWS, BLOCKS, MUTES = 256, 64, 32
LIST_LENGTH, LIST_SPAN = 8, 86_400_000
"""An import has no pages: its rows are compared in lists of at most 8 impressions of a viewer within a day (ms)."""
DAY = 86_400_000

VIEWER = np.dtype(
    [
        ("id", "<i8"),
        ("history", "<i8"),  # impressions ever; the ring holds the last 64
        ("seen", "<i8"),
        ("pages", "<i8"),
        ("list_start", "<i8"),  # `history` when the imported list in progress began
        ("list_time", "<i8"),  # of its first impression
        ("day", "<i4"),  # of the last impression
        ("acts", "<i4"),  # impressions of that day: what the cap on a viewer's influence counts
        ("follows", "<i4"),
        ("blocks", "<i4"),
        ("mutes", "<i4"),
        ("known", "u1"),
        ("region", "u1"),
        ("age", "u1"),
        ("plain", "u1"),
        ("h_video", "<i8", (HISTORY,)),
        ("h_time", "<i8", (HISTORY,)),
        ("h_watched", "<i4", (HISTORY,)),
        ("h_bits", "<u2", (HISTORY,)),
        ("h_surface", "u1", (HISTORY,)),
        ("s_video", "<i8", (SEEN,)),
        ("p_key", "<i8", (PAGES,)),
        ("p_session", "<i8", (PAGES,)),
        ("p_start", "<i8", (PAGES,)),  # `history` when the page was served: what its ranking had seen
        ("p_count", "<i4", (PAGES,)),
        ("p_surface", "u1", (PAGES,)),
        ("p_plain", "u1", (PAGES,)),
        ("p_video", "<i8", (PAGES, PAGE_LIMIT)),
        ("p_entry", "<i8", (PAGES, PAGE_LIMIT)),  # place in the history + 1, 0 before any event
        ("f_creator", "<i8", (FOLLOWS,)),
        ("b_creator", "<i8", (BLOCKS,)),
        ("m_tag", "<i8", (MUTES,)),
    ]
)

Viewers = NDArray[np.void]
"""Rows of `VIEWER`."""

UNKNOWN_PAGE = -1
"""An event that cites no page the state remembers, or another video than stood there."""


def new_viewers(count: int) -> Viewers:
    """`count` viewers without records."""
    return np.zeros(count, VIEWER)


def digest(viewer: np.void | NDArray[np.void]) -> bytes:
    """SHA-256 of a viewer's row."""
    return hashlib.sha256(b"plainview/viewer/v1\x00" + viewer.tobytes()).digest()


def without_profile(viewer: Viewers) -> Viewers:
    """A copy of one row that keeps only who asks and what they set: the profile input of a plain page is empty."""
    plain = np.zeros(1, VIEWER)
    for field in ("id", "known", "region", "age", "plain", "blocks", "mutes", "b_creator", "m_tag"):
        plain[field] = viewer[field]
    return plain


@njit(cache=True)
def _put(values: np.ndarray, count: int, value: int) -> int:
    """Append to a bounded set in order of arrival; the oldest goes when it is full. Returns the new count."""
    for i in range(count):
        if values[i] == value:
            return count
    limit = values.shape[0]
    if count == limit:
        for i in range(1, limit):
            values[i - 1] = values[i]
        count -= 1
    values[count] = value
    return count + 1


@njit(cache=True)
def _take(values: np.ndarray, count: int, value: int) -> int:
    """Remove from a bounded set, keeping the order. Returns the new count."""
    for i in range(count):
        if values[i] == value:
            for j in range(i + 1, count):
                values[j - 1] = values[j]
            values[count - 1] = 0
            return count - 1
    return count


@njit(cache=True)
def find_page(viewer: np.void, key: int, position: int, video: int) -> int:
    """The ring place of the page `key` if `video` stood at `position` on it, else UNKNOWN_PAGE."""
    held = min(viewer.pages, PAGES)
    for back in range(held):
        place = (viewer.pages - 1 - back) % PAGES
        if viewer.p_key[place] == key:
            if position < viewer.p_count[place] and viewer.p_video[place][position] == video:
                return place
            return UNKNOWN_PAGE
    return UNKNOWN_PAGE


@njit(cache=True)
def begins_list(viewer: np.void, time: int) -> bool:
    """Whether an imported impression at `time` begins a new list of this viewer's."""
    length = viewer.history - viewer.list_start
    return length == 0 or length >= LIST_LENGTH or time - viewer.list_time > LIST_SPAN


@njit(cache=True)
def _remember(viewer: np.void, video: int, time: int, watched: int, bits: int, surface: int) -> None:
    day = time // DAY
    if viewer.day != day:
        viewer.day = day
        viewer.acts = 0
    viewer.acts += 1
    place = viewer.history % HISTORY
    viewer.h_video[place] = video
    viewer.h_time[place] = time
    viewer.h_watched[place] = watched
    viewer.h_bits[place] = bits
    viewer.h_surface[place] = surface
    viewer.history += 1


@njit(cache=True)
def apply(viewer: np.void, action: np.void, payload: np.ndarray) -> None:
    """Take up one action of this viewer's own."""
    kind = action.kind
    viewer.id = action.viewer
    if kind == EVENT:
        position = action.position
        place = find_page(viewer, action.target, position, action.video)
        if place == UNKNOWN_PAGE:
            return
        entries = viewer.p_entry[place]
        if entries[position] == 0:
            _remember(
                viewer, action.video, action.time, np.int64(0), np.int64(NATIVE), np.int64(viewer.p_surface[place])
            )
            entries[position] = viewer.history
        entry = entries[position] - 1
        if entry >= viewer.history - HISTORY:
            at = entry % HISTORY
            viewer.h_bits[at] |= action.bits
            if action.bits & VIEWED and action.watched > viewer.h_watched[at]:
                viewer.h_watched[at] = action.watched
        if action.bits & FOLLOWED:
            viewer.follows = _put(viewer.f_creator, viewer.follows, action.other)
    elif kind in (IMPRESSION, PAST):
        if begins_list(viewer, action.time):
            viewer.list_start = viewer.history
            viewer.list_time = action.time
        _remember(
            viewer,
            action.video,
            action.time,
            np.int64(action.watched),
            np.int64(action.bits),
            np.int64(action.surface),
        )
        viewer.s_video[viewer.seen % SEEN] = action.video
        viewer.seen += 1
    elif kind == PAGE:
        place = viewer.pages % PAGES
        viewer.p_key[place] = action.target
        viewer.p_session[place] = action.other
        viewer.p_start[place] = viewer.history
        viewer.p_count[place] = action.count
        viewer.p_surface[place] = action.surface
        viewer.p_plain[place] = action.code
        for i in range(PAGE_LIMIT):
            viewer.p_entry[place][i] = 0
            viewer.p_video[place][i] = 0
        for i in range(action.count):
            video = payload[action.offset + i]
            viewer.p_video[place][i] = video
            viewer.s_video[viewer.seen % SEEN] = video
            viewer.seen += 1
        viewer.pages += 1
    elif kind == SETTING:
        code = action.code
        if code == FOLLOW:
            viewer.follows = _put(viewer.f_creator, viewer.follows, action.target)
        elif code == UNFOLLOW:
            viewer.follows = _take(viewer.f_creator, viewer.follows, action.target)
        elif code == BLOCK:
            viewer.blocks = _put(viewer.b_creator, viewer.blocks, action.target)
        elif code == UNBLOCK:
            viewer.blocks = _take(viewer.b_creator, viewer.blocks, action.target)
        elif code == MUTE:
            viewer.mutes = _put(viewer.m_tag, viewer.mutes, action.target)
        else:
            viewer.mutes = _take(viewer.m_tag, viewer.mutes, action.target)
    elif kind == VIEWER_ACTION:
        viewer.known = 1
        viewer.region = action.region
        viewer.age = action.age
        viewer.plain = action.code


@njit(cache=True, nogil=True)
def apply_all(viewers: np.ndarray, actions: np.ndarray, payload: np.ndarray) -> None:
    """Take up actions in order, each in the row its `slot` names (-1: not a resident viewer's, passed over)."""
    for i in range(actions.shape[0]):
        slot = actions[i].slot
        if slot >= 0:
            apply(viewers[slot], actions[i], payload)
