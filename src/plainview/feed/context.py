"""What ranking and learning see of a viewer: the history, looked up in the world. Gathered once a page."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.actions import COMPLETE, LONG_VIEW, NATIVE, VIEWED
from plainview.feed.kernels.idmap import find
from plainview.feed.tables import SURFACES, TAGS, Maps, Tables
from plainview.feed.viewers import HISTORY

DEPTH = 50
"""Impressions of the history that are looked at, newest first."""
LONG_WATCH = 18_000
"""Milliseconds that make a long view of any video; all of a shorter one."""

CONTEXT = np.dtype(
    [
        ("count", "<i4"),
        ("region", "<i4"),
        ("age", "<i4"),
        ("video", "<i4", (DEPTH,)),  # rows
        ("creator", "<i4", (DEPTH,)),
        ("sound", "<i4", (DEPTH,)),
        ("tags", "<i4", (DEPTH, TAGS)),
        ("duration", "<i4", (DEPTH,)),
        ("bits", "<i4", (DEPTH,)),
        ("bucket", "<i4", (DEPTH,)),
        ("form", "<i4", (DEPTH,)),
        ("surface", "<i4", (DEPTH,)),
        ("time", "<i8", (DEPTH,)),
    ]
)
"""Videos the catalogue does not know are left out."""


@njit(cache=True, nogil=True)
def outcome(bits: int, watched: int, duration: int) -> int:
    """The outcomes of an impression: for one watched here, long view and completion follow from the watch time."""
    if bits & NATIVE and bits & VIEWED:
        if watched >= min(LONG_WATCH, duration):
            bits |= LONG_VIEW
        if watched >= duration:
            bits |= COMPLETE
    return bits


@njit(cache=True, nogil=True)
def gather(viewer, start: int, tables: Tables, maps: Maps, context) -> None:  # type: ignore[no-untyped-def]
    """Fill `context` with the impressions of `viewer` below place `start` of the history, newest first."""
    context.region = viewer.region
    context.age = viewer.age
    count = 0
    place = start - 1
    while place >= 0 and place >= viewer.history - HISTORY and count < DEPTH:
        at = place % HISTORY
        row = find(maps.video, tables.video, viewer.h_video[at])
        if row >= 0:
            video = tables.video[row]
            context.video[count] = row
            context.creator[count] = video.creator
            context.sound[count] = video.sound
            for i in range(TAGS):
                context.tags[count][i] = video.tags[i]
            context.duration[count] = video.duration
            context.bits[count] = outcome(viewer.h_bits[at], viewer.h_watched[at], video.duration)
            context.bucket[count] = video.bucket
            context.form[count] = video.form
            context.surface[count] = min(viewer.h_surface[at], SURFACES - 1)
            context.time[count] = viewer.h_time[at]
            count += 1
        place -= 1
    context.count = count


def gathered(viewer: NDArray[np.void], tables: Tables, maps: Maps) -> NDArray[np.void]:
    """The context of a page for one viewer's row: one row of CONTEXT."""
    context = np.zeros(1, CONTEXT)
    gather(viewer[0], int(viewer[0]["history"]), tables, maps, context[0])
    return context
