"""How the world is laid out: its tables, and what one row of each holds.

No row is keyed by a viewer. Rows stand in order of arrival and refer to each other by row number; ids are the
journal's. Field orders leave no padding, so that a row's bytes are its fields and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 16
"""Length of an embedding."""
NEIGHBOURS = 16
"""Co-watched videos kept for each admitted video."""
REGIONS = 8
"""Regions whose popularity is counted, the first of them everywhere."""
POPULAR = 512
"""Length of a region's list of popular videos."""
FRESH = 4096
"""Videos in the ring of latest arrivals."""
RECENT = 8
"""Latest videos kept for each creator."""
SURFACES = 16
"""Surfaces told apart; higher numbers count as the last."""
TAGS = 4
COUNTS = 12
"""Decayed sums kept of what came of an entity's impressions, see `STATISTICS`."""

STATISTICS = (
    "shown",
    "long_view",
    "complete",
    "like",
    "follow",
    "share",
    "comment",
    "not_interested",
    "report",
    "watched",  # fraction of the duration, at most 2
    "residual",  # long view less what the viewer's and surface's rates alone say
    "clicked",
)

HEAD = np.dtype(
    [
        ("now", "<i8"),  # latest fold time, ms
        ("day", "<i8"),
        ("tick", "<i8"),  # period in which the lists of popular videos were last drawn up
        ("drawn", "<i8"),  # `taught` at that time
        ("videos", "<i8"),
        ("creators", "<i8"),
        ("sounds", "<i8"),
        ("tags", "<i8"),
        ("entities", "<i8"),  # rows ever used, reserved cells included
        ("free_entities", "<i8"),  # of which free again
        ("shelves", "<i8"),
        ("free_shelves", "<i8"),
        ("fresh", "<i8"),  # videos that ever entered the ring
        ("decisions", "<i8"),
        ("origins", "<i8"),
        ("taught", "<i8"),  # acts learned from
        ("refused", "<i8"),  # acts that may not teach
    ]
)
"""One row: clocks and counts."""

VIDEO = np.dtype(
    [
        ("id", "<i8"),
        ("created", "<i8"),
        ("added", "<i8"),
        ("restricted", "<i8"),  # bit 4 * region + age band: kept back there
        ("creator", "<i4"),  # row
        ("sound", "<i4"),  # row, -1 for none
        ("entity", "<i4"),  # row of what is learned about it, -1 before admission
        ("shelf", "<i4"),  # row of its lists and popularity, -1 before admission
        ("duration", "<i4"),  # ms
        ("impressions", "<i4"),  # that taught
        ("decision", "<i4"),  # row of the latest decision about it, -1 for none
        ("tags", "<i4", (TAGS,)),  # rows, -1 where none
        ("region", "u1"),
        ("audience", "u1"),
        ("form", "u1"),
        ("bucket", "u1"),  # of the duration
    ]
)

ENTITY = np.dtype(
    [
        ("touched", "<i8"),
        ("slow_time", "<i8"),
        ("fast_time", "<i8"),
        ("owner", "<i4"),  # row in its table, -1 where free
        ("table", "<i4"),  # whose: see OF_VIDEO ...
        ("slow", "<f4", (COUNTS,)),  # decayed sums, slow half-life
        ("fast", "<f4", (COUNTS,)),
        ("query", "<f4", (WIDTH,)),  # as a candidate
        ("key", "<f4", (WIDTH,)),  # as part of a history
        ("query_square", "<f4"),  # sums of squared gradients (Adagrad)
        ("key_square", "<f4"),
        ("bias", "<f4"),
        ("bias_square", "<f4"),
    ]
)
"""What is learned of a video, creator, sound, tag or cell."""
OF_CELL, OF_VIDEO, OF_CREATOR, OF_SOUND, OF_TAG = range(5)

SHELF = np.dtype(
    [
        ("popular_time", "<i8"),
        ("video", "<i4"),  # row, -1 where free
        ("popular", "<f4", (REGIONS,)),  # views, decayed with the half-life of popularity
        ("neighbour", "<i4", (NEIGHBOURS,)),  # co-watched videos' rows, -1 where none
        ("weight", "<f4", (NEIGHBOURS,)),
        ("surface", "<f4", (SURFACES, 3)),  # shown, long views, residuals by surface
        ("code", "i1", (WIDTH,)),  # its key, rounded: what exact retrieval scans
    ]
)
"""What is kept of an admitted video beside what is learned."""

CREATOR = np.dtype([("id", "<i8"), ("entity", "<i4"), ("videos", "<i4"), ("recent", "<i4", (RECENT,))])
SOUND = np.dtype([("id", "<i8"), ("entity", "<i4")])
TAG = np.dtype([("id", "<i8"), ("entity", "<i4")])
LIST = np.dtype([("count", "<i4"), ("video", "<i4", (POPULAR,))])
ROW = np.dtype([("row", "<i4")])
DECISION = np.dtype([("id", "<i8"), ("mask", "<i8"), ("video", "<i4"), ("next", "<i4"), ("active", "<i8")])
"""`next`: the row of the decision about the same video before this one, -1 for none."""
ORIGIN = np.dtype([("id", "<i8")])
WEIGHT = np.dtype([("value", "<f4"), ("square", "<f4")])

LAYOUTS: dict[str, np.dtype[np.void]] = {
    "creator": CREATOR,
    "decision": DECISION,
    "entity": ENTITY,
    "free_entity": ROW,
    "free_shelf": ROW,
    "fresh": ROW,
    "head": HEAD,
    "origin": ORIGIN,
    "popular": LIST,
    "shelf": SHELF,
    "sound": SOUND,
    "tag": TAG,
    "video": VIDEO,
    "weight": WEIGHT,
}

Table = NDArray[np.void]
Flags = NDArray[np.uint8]
Slots = NDArray[np.int32]


class Tables(NamedTuple):
    """The world's tables, in name order."""

    creator: Table
    decision: Table
    entity: Table
    free_entity: Table
    free_shelf: Table
    fresh: Table
    head: Table
    origin: Table
    popular: Table
    shelf: Table
    sound: Table
    tag: Table
    video: Table
    weight: Table


class Marks(NamedTuple):
    """For each table and row, 1 if it was written since the last cut. Shape (rows,), uint8."""

    creator: Flags
    decision: Flags
    entity: Flags
    free_entity: Flags
    free_shelf: Flags
    fresh: Flags
    head: Flags
    origin: Flags
    popular: Flags
    shelf: Flags
    sound: Flags
    tag: Flags
    video: Flags
    weight: Flags


class Maps(NamedTuple):
    """Ids to rows, derived from the tables. See `kernels.idmap`."""

    creator: Slots
    decision: Slots
    sound: Slots
    tag: Slots
    video: Slots
