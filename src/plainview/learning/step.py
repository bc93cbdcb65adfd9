"""One action at a time: how the world moves on. Whoever calls has made room in the tables (`fold.Fold`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from plainview.feed.actions import DECISION, EVENT, IMPRESSION, LIKE, LONG_VIEW, ORIGIN, PAST, VIDEO, VIEWED
from plainview.feed.configuration import Learning
from plainview.feed.context import CONTEXT, gather, outcome
from plainview.feed.kernels.idmap import find
from plainview.feed.positives import positives
from plainview.feed.tables import Maps, Marks, Tables
from plainview.feed.viewers import DAY, HISTORY, UNKNOWN_PAGE, apply, begins_list, find_page
from plainview.learning.admission import admit, expire
from plainview.learning.catalogue import approved, take_decision, take_origin, take_video
from plainview.learning.covisits import learn_neighbours
from plainview.learning.model import PARTNERS, learn_more, learn_view, new_scratch, note_partner
from plainview.learning.popularity import count_view, draw_up
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


@njit(cache=True, nogil=True)
def take_all(  # type: ignore[no-untyped-def]
    tables: Tables, marks: Marks, maps: Maps, viewers, actions, payload, settings: Settings
) -> None:
    """Take up actions in order. `viewers` are the resident rows that the actions' `slot` names."""
    context = np.zeros(1, CONTEXT)
    scratch = new_scratch()
    for i in range(actions.shape[0]):
        action = actions[i]
        kind = action.kind
        _advance(tables, marks, action.time, settings)
        if kind == EVENT:
            _take_event(tables, marks, maps, viewers[action.slot], action, settings, context[0], scratch)
        elif kind == IMPRESSION or kind == PAST:
            _take_impression(tables, marks, maps, viewers[action.slot], action, settings, context[0], scratch)
        elif kind == VIDEO:
            take_video(tables, marks, maps, action, payload)
        elif kind == DECISION:
            take_decision(tables, marks, maps, action)
        elif kind == ORIGIN:
            take_origin(tables, marks, action.target)
        if action.slot >= 0:
            apply(viewers[action.slot], action, payload)
    marks.head[0] = 1


@njit(cache=True, nogil=True)
def _advance(tables: Tables, marks: Marks, time: int, settings: Settings) -> None:
    """Move the world's clock. It never goes back; days and periods turn by it alone, not by who cuts epochs when."""
    head = tables.head[0]
    if time > head.now:
        head.now = time
    day = head.now // DAY
    if day > head.day:
        if head.day > 0:
            expire(tables, marks, head.now - settings.expire_after)
        head.day = day
    tick = head.now // settings.popular_period
    lessons = head.taught - head.drawn
    if (tick > head.tick and lessons > 0) or lessons >= max(DRAW_AFTER, head.items // 64):
        draw_up(tables, marks, head.now, settings.popular_half_life)
        head.tick = tick


@njit(cache=True, nogil=True)
def _capped(viewer, time: int, cap: int) -> bool:  # type: ignore[no-untyped-def]
    """Whether this viewer has taught as much today as one viewer may."""
    return viewer.day == time // DAY and viewer.acts >= cap


@njit(cache=True, nogil=True)
def _take_impression(tables, marks, maps, viewer, action, settings, context, scratch) -> None:  # type: ignore[no-untyped-def]
    head = tables.head[0]
    row = find(maps.video, tables.video, action.video)
    if row < 0 or not approved(tables, action.target) or _capped(viewer, action.time, settings.daily_cap):
        head.refused += 1
        return
    start = viewer.history if begins_list(viewer, action.time) else viewer.list_start
    partners = 0
    place = viewer.history - 1
    while place >= start and place >= viewer.history - HISTORY:
        at = place % HISTORY
        if viewer.h_video[at] == action.video and viewer.h_time[at] == action.time:
            head.refused += 1
            return
        differs = (viewer.h_bits[at] ^ action.bits) & LONG_VIEW
        other = find(maps.video, tables.video, viewer.h_video[at])
        if differs and other >= 0 and partners < PARTNERS:
            partners += 1
            note_partner(
                tables,
                scratch,
                partners,
                other,
                viewer.h_surface[at],
                viewer.h_time[at],
                viewer.h_bits[at],
                viewer.h_watched[at],
            )
        place -= 1
    gather(viewer, start, tables, maps, context)
    _teach(
        tables, marks, maps, settings, viewer, context, scratch, row, action.surface, action.bits, action.watched,
        action.time, partners,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _take_event(tables, marks, maps, viewer, action, settings, context, scratch) -> None:  # type: ignore[no-untyped-def]
    head = tables.head[0]
    row = find(maps.video, tables.video, action.video)
    page = find_page(viewer, action.target, action.position, action.video)
    if row < 0 or page == UNKNOWN_PAGE or _capped(viewer, action.time, settings.daily_cap):
        head.refused += 1
        return
    entry = viewer.p_entry[page][action.position] - 1
    if 0 <= entry < viewer.history - HISTORY:
        head.refused += 1
        return
    before = viewer.h_bits[entry % HISTORY] if entry >= 0 else 0
    fresh = action.bits & ~before
    if fresh == 0:
        return
    surface = viewer.p_surface[page]
    if fresh & VIEWED:
        bits = outcome(before | action.bits, action.watched, tables.video[row].duration)
        partners = _page_partners(tables, maps, viewer, page, action.position, bits, scratch)
        gather(viewer, viewer.p_start[page], tables, maps, context)
        _teach(
            tables, marks, maps, settings, viewer, context, scratch, row, surface, bits, action.watched, action.time,
            partners,
        )  # fmt: skip
    elif before & VIEWED and tables.video[row].item >= 0:
        # An outcome that came before the view is learned with it.
        gather(viewer, viewer.p_start[page], tables, maps, context)
        learn_more(tables, marks, context, scratch, row, surface, action.time, fresh)


@njit(cache=True, nogil=True)
def _page_partners(tables, maps, viewer, page, position, bits, scratch) -> int:  # type: ignore[no-untyped-def]
    """Note the page's other viewed videos that came out otherwise than `bits`, in the page's order."""
    partners = 0
    for other_position in range(viewer.p_count[page]):
        place = viewer.p_entry[page][other_position] - 1
        if other_position == position or place < 0 or place < viewer.history - HISTORY or partners == PARTNERS:
            continue
        at = place % HISTORY
        other = find(maps.video, tables.video, viewer.h_video[at])
        if other < 0 or not viewer.h_bits[at] & VIEWED:
            continue
        theirs = outcome(viewer.h_bits[at], viewer.h_watched[at], tables.video[other].duration)
        if (theirs ^ bits) & LONG_VIEW:
            partners += 1
            note_partner(
                tables,
                scratch,
                partners,
                other,
                viewer.p_surface[page],
                viewer.h_time[at],
                theirs,
                viewer.h_watched[at],
            )
    return partners


@njit(cache=True, nogil=True)
def _teach(  # type: ignore[no-untyped-def]
    tables, marks, maps, settings, viewer, context, scratch, row, surface, bits, watched, time, partners
) -> None:
    """One impression and what came of it: counters, popularity, retrieval and the model learn from it."""
    head = tables.head[0]
    video = tables.video[row]
    head.taught += 1
    video.impressions += 1
    marks.video[row] = 1
    if video.item < 0 and video.impressions < settings.admit_after:
        return
    admit(tables, marks, row)
    learn_view(tables, marks, context, scratch, row, surface, bits, watched, time, partners)
    if bits & (LONG_VIEW | LIKE):
        count_view(tables, marks, video.item, viewer.region, head.now, F32(1.0), settings.popular_half_life)
        count = positives(viewer, tables, maps, scratch.past)
        learn_vector(tables, marks, video.item, scratch.past, count)
        learn_neighbours(tables, marks, video.item, scratch.past, count)
        note_positive(tables, marks, video.item)
