"""One action at a time: how the world moves on. Whoever calls has made room in the tables (`fold.Fold`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from plainview.feed.actions import (
    DECISION,
    EVENT,
    IMPRESSION,
    LIKE,
    LONG_VIEW,
    ORDER,
    ORIGIN,
    PAGE,
    PAST,
    VIDEO,
    VIEWED,
)
from plainview.feed.configuration import Learning
from plainview.feed.context import CONTEXT, gather, outcome
from plainview.feed.kernels.borrowed import borrowed
from plainview.feed.kernels.idmap import find
from plainview.feed.positives import positives
from plainview.feed.tables import Maps, Marks, Tables
from plainview.feed.viewers import DAY, HISTORY, UNKNOWN_PAGE, apply, begins_list, find_page
from plainview.learning.admission import admit, expire
from plainview.learning.catalogue import approved, take_decision, take_origin, take_video
from plainview.learning.covisits import learn_neighbours
from plainview.learning.model import learn_more, learn_view, note_partner
from plainview.learning.orders import count_page, take_order
from plainview.learning.popularity import count_view, draw_up
from plainview.learning.scratch import PARTNERS, new_scratch
from plainview.learning.vectors import learn_vector, note_positive

F32 = np.float32
DRAW_AFTER = 256
"""The lists of popular videos are drawn up again after so many lessons, or a 64th of the admitted videos."""


class Settings(NamedTuple):
    """`configuration.Learning` with times in ms."""

    admit_after: int
    expire_after: int
    daily_cap: int
    popular_half_life: int
    popular_period: int


def settings_of(learning: Learning) -> Settings:
    """The settings as kernels take them."""
    return Settings(
        learning.admit_after,
        learning.expire_after * DAY,
        learning.daily_cap,
        learning.popular_half_life * 1000,
        learning.popular_period * 1000,
    )


LESSON = np.dtype(
    [
        ("row", "<i8"),  # of the video
        ("surface", "<i8"),
        ("bits", "<i8"),  # outcomes; of a later act, those that are new
        ("watched", "<i8"),
        ("time", "<i8"),
        ("start", "<i8"),  # place in the history at which the list began
        ("partners", "<i8"),  # noted in the scratch
    ]
)
"""What an act has to teach, as plain integers: kernels that take it are compiled once."""
NOTHING, VIEW, MORE = range(3)
"""An act that teaches nothing, a view with its outcome, or a further outcome of a view."""


@njit(cache=True, nogil=True)
def take_all(tables: Tables, marks: Marks, maps: Maps, viewers, actions, payload, settings: Settings) -> None:
    """Take up actions in order. `viewers` are the resident rows that the actions' `slot` names."""
    _take_all(
        borrowed(tables), borrowed(marks), borrowed(maps), borrowed(viewers), borrowed(actions), borrowed(payload),
        settings, np.zeros(1, CONTEXT), np.zeros(1, LESSON), new_scratch(),
    )  # fmt: skip


@njit(cache=True)
def _take_all(tables, marks, maps, viewers, actions, payload, settings, contexts, lessons, scratch) -> None:
    contexts, lessons, scratch = borrowed(contexts), borrowed(lessons), borrowed(scratch)
    context, lesson = contexts[0], lessons[0]
    for i in range(actions.shape[0]):
        action = actions[i]
        kind = action.kind
        _advance(tables, marks, maps, action.time, settings)
        if action.slot >= 0:
            viewer = viewers[action.slot]
            taught = NOTHING
            if kind == EVENT:
                taught = _take_event(tables, maps, viewer, action, settings, lesson, scratch)
            elif kind == PAGE:
                count_page(tables, marks, maps, action, payload)
            elif kind in (IMPRESSION, PAST):
                taught = _take_impression(tables, maps, viewer, action, settings, lesson, scratch)
            if taught != NOTHING:
                gather(viewer, lesson.start, tables, maps, context)
                if taught == VIEW:
                    teach(tables, marks, maps, settings, viewer, context, scratch, lesson)
                else:
                    learn_more(tables, marks, context, scratch, lesson.row, lesson.surface, lesson.time, lesson.bits)
            apply(viewer, action, payload)
        elif kind == VIDEO:
            take_video(tables, marks, maps, action, payload)
        elif kind == DECISION:
            take_decision(tables, marks, maps, action)
        elif kind == ORIGIN:
            take_origin(tables, marks, action.target)
        elif kind == ORDER:
            take_order(tables, marks, maps, action, payload)
    marks.head[0] = 1


@njit(cache=True)
def _advance(tables: Tables, marks: Marks, maps: Maps, time: int, settings: Settings) -> None:
    """Move the world's clock. It never goes back; days and periods turn by it alone, not by who cuts epochs when."""
    head = tables.head[0]
    if time > head.now:
        head.now = time
    day = head.now // DAY
    if day > head.day:
        if head.day > 0:
            expire(tables, marks, maps, head.now - settings.expire_after)
        head.day = day
    tick = head.now // settings.popular_period
    lessons = head.taught - head.drawn
    if (tick > head.tick and lessons > 0) or lessons >= max(DRAW_AFTER, head.items // 64):
        draw_up(tables, marks, head.now, settings.popular_half_life)
        head.tick = tick


@njit(cache=True)
def _capped(viewer, time: int, cap: int) -> bool:
    """Whether this viewer has taught as much today as one viewer may."""
    return viewer.day == time // DAY and viewer.acts >= cap


@njit(cache=True)
def _take_impression(tables, maps, viewer, action, settings, lesson, scratch) -> int:
    tables, maps = borrowed(tables), borrowed(maps)
    head = tables.head[0]
    row = find(maps.video, tables.video, action.video)
    if row < 0 or not approved(tables, action.target) or _capped(viewer, action.time, settings.daily_cap):
        head.refused += 1
        return NOTHING
    lesson.start = viewer.history if begins_list(viewer, action.time) else viewer.list_start
    bits = np.int64(action.bits)
    partners = 0
    place = viewer.history - 1
    while place >= lesson.start and place >= viewer.history - HISTORY:
        at = place % HISTORY
        if viewer.h_video[at] == action.video and viewer.h_time[at] == action.time:
            head.refused += 1
            return NOTHING
        theirs = np.int64(viewer.h_bits[at])
        other = find(maps.video, tables.video, viewer.h_video[at])
        if (theirs ^ bits) & LONG_VIEW and other >= 0 and partners < PARTNERS:
            partners += 1
            surface = np.int64(viewer.h_surface[at])
            watched = np.int64(viewer.h_watched[at])
            note_partner(tables, scratch, partners, other, surface, viewer.h_time[at], theirs, watched)
        place -= 1
    lesson.row = row
    lesson.surface = action.surface
    lesson.bits = bits
    lesson.watched = action.watched
    lesson.time = action.time
    lesson.partners = partners
    return VIEW


@njit(cache=True)
def _take_event(tables, maps, viewer, action, settings, lesson, scratch) -> int:
    tables, maps = borrowed(tables), borrowed(maps)
    head = tables.head[0]
    row = find(maps.video, tables.video, action.video)
    page = find_page(viewer, action.target, action.position, action.video)
    if row < 0 or page == UNKNOWN_PAGE or _capped(viewer, action.time, settings.daily_cap):
        head.refused += 1
        return NOTHING
    entry = viewer.p_entry[page][action.position] - 1
    if 0 <= entry < viewer.history - HISTORY:
        head.refused += 1
        return NOTHING
    before = np.int64(viewer.h_bits[entry % HISTORY]) if entry >= 0 else np.int64(0)
    bits = np.int64(action.bits)
    lesson.row = row
    lesson.surface = viewer.p_surface[page]
    lesson.watched = action.watched
    lesson.time = action.time
    lesson.start = viewer.p_start[page]
    lesson.bits = bits & ~before
    if lesson.bits & VIEWED:
        lesson.bits = outcome(before | bits, lesson.watched, tables.video[row].duration)
        lesson.partners = _page_partners(tables, maps, viewer, page, action.position, lesson.bits, scratch)
        return VIEW
    # An outcome that came before the view is learned with it.
    return MORE if lesson.bits and before & VIEWED and tables.video[row].item >= 0 else NOTHING


@njit(cache=True)
def _page_partners(tables, maps, viewer, page, position, bits, scratch) -> int:
    """Note the page's other viewed videos that came out otherwise than `bits`, in the page's order."""
    partners = 0
    surface = np.int64(viewer.p_surface[page])
    for other_position in range(viewer.p_count[page]):
        place = viewer.p_entry[page][other_position] - 1
        if other_position == position or place < 0 or place < viewer.history - HISTORY or partners == PARTNERS:
            continue
        at = place % HISTORY
        theirs = np.int64(viewer.h_bits[at])
        watched = np.int64(viewer.h_watched[at])
        other = find(maps.video, tables.video, viewer.h_video[at])
        if other < 0 or not theirs & VIEWED:
            continue
        theirs = outcome(theirs, watched, tables.video[other].duration)
        if (theirs ^ bits) & LONG_VIEW:
            partners += 1
            note_partner(tables, scratch, partners, other, surface, viewer.h_time[at], theirs, watched)
    return partners


@njit(cache=True)
def teach(tables, marks, maps, settings, viewer, context, scratch, lesson) -> None:
    """One impression and what came of it: counters, popularity, retrieval and the model learn from it."""
    tables, marks, maps = borrowed(tables), borrowed(marks), borrowed(maps)
    head = tables.head[0]
    row = lesson.row
    video = tables.video[row]
    head.taught += 1
    video.impressions += 1
    marks.video[row] = 1
    if video.item < 0 and video.impressions < settings.admit_after:
        return
    admit(tables, marks, maps, row)
    learn_view(
        tables, marks, context, scratch, row, lesson.surface, lesson.bits, lesson.watched, lesson.time, lesson.partners
    )
    if lesson.bits & (LONG_VIEW | LIKE):
        item = np.int64(video.item)
        count_view(tables, marks, item, viewer.region, head.now, F32(1.0), settings.popular_half_life)
        count = positives(viewer, tables, maps, scratch.past)
        learn_vector(tables, marks, maps, item, scratch.past, count)
        learn_neighbours(tables, marks, item, scratch.past, count)
        note_positive(tables, marks, maps, item)
