"""How the world is laid out: its tables, and what one row of each holds.

No row is keyed by a viewer. Rows stand in order of arrival and refer to each other by row number; ids are the
journal's. Field orders leave no padding, so that a row's bytes are its fields and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 16
"""Length of an embedding that ranks."""
CODE = 32
"""Length of an embedding that retrieves ..."""
PAIRS, TILE = CODE // 2, 16
"""... which is scanned so many pairs by so many rows at a time."""
NEIGHBOURS = 24
"""Co-watched videos kept for each admitted video."""
LATEST = 1 << 17
"""Length of the ring of latest positives, from which popular negatives are drawn."""
REGIONS = 8
"""Regions a release may tell apart, the first of them everywhere."""
POPULAR = 512
"""Length of a region's list of popular videos."""
FRESH = 4096
"""Videos in the ring of latest arrivals."""
LETTERS = 26
REGION_WORDS = 13
"""Words for all pairs of letters, two first letters a word."""
RECENT = 8
"""Latest videos kept for each creator."""
SURFACES = 8
"""Surfaces told apart; numbers above 6 count as 6."""
UNKNOWN_SURFACE = 7
"""Where an imported history does not say."""
TAGS = 4
"""Tags of a video."""
TAG_SLOTS = 256
"""Tags with cells of their own (the first 255 of the journal); 0 stands for none."""
DURATIONS, FORMS, HOURS = 24, 16, 25
"""Buckets of durations, kinds of making, hours of the day (24: unknown)."""

# Rows of `bias`: log-odds of cells that are not keyed by video, creator or sound.
B_FORM = 0
B_DURATION = B_FORM + FORMS
B_SURFACE = B_DURATION + DURATIONS
B_DURATION_SURFACE = B_SURFACE + SURFACES
B_TAG = B_DURATION_SURFACE + DURATIONS * SURFACES
B_TAG_SURFACE = B_TAG + TAG_SLOTS
B_HOUR_SURFACE = B_TAG_SURFACE + TAG_SLOTS * SURFACES
B_FORM_SURFACE = B_HOUR_SURFACE + HOURS * SURFACES
B_TAG_DURATION = B_FORM_SURFACE + FORMS * SURFACES
BIASES = B_TAG_DURATION + TAG_SLOTS * DURATIONS

# Rows of `tally`: shown, long views and residuals of such cells.
T_TAG = 0
T_DURATION = T_TAG + TAG_SLOTS
T_FORM = T_DURATION + DURATIONS
T_DURATION_SURFACE = T_FORM + FORMS
T_TAG_SURFACE = T_DURATION_SURFACE + DURATIONS * SURFACES
TALLIES = T_TAG_SURFACE + TAG_SLOTS * SURFACES

# Rows of `group`: embeddings of such cells.
G_TAG = 0
G_DURATION = G_TAG + TAG_SLOTS
G_SURFACE = G_DURATION + DURATIONS
GROUPS = G_SURFACE + SURFACES

FEATURES = 38
"""Dense features of a candidate, see `features.NAMES`."""
DEPTH = 50
"""Impressions of a viewer's history that are looked at, newest first."""
PREDICTED = 9
"""Heads with parameters of their own: all but the rank."""

INPUTS = 48
"""Length of a candidate's input: features, a constant, the rank and the viewer's own log-odds; the rest is 0."""
ONE, RANK, OWN_ODDS = FEATURES, FEATURES + 1, FEATURES + 2
HEAD_COLUMNS = 16
"""Room for heads, of which the first PREDICTED are used."""

# Rows of `weight`: what the attention and the offset of the rank weigh.
W_OUTCOME = 0
W_RECENCY = W_OUTCOME + 2
W_OFFSET = W_RECENCY + DEPTH
WEIGHTS = W_OFFSET + 1

SHOWN, LONG_VIEWS, RESIDUAL = 0, 1, 2
"""Columns of a tally. The residual is long views less what the viewers' and surfaces' own rates said."""
LIKES, KNOWN, CLICKS, WATCHED = 3, 4, 5, 6
"""Further columns of an item's slow sums: likes; and, where the surface is known, impressions, and clicks and watch
shares above the surface's means."""

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
        ("entities", "<i8"),  # rows ever used
        ("free_entities", "<i8"),  # of which free again
        ("items", "<i8"),
        ("free_items", "<i8"),
        ("latest", "<i8"),  # positives ever
        ("fresh", "<i8"),  # videos that ever entered the ring
        ("decisions", "<i8"),
        ("waiting", "<i8"),  # decisions about videos that the catalogue does not know yet
        ("origins", "<i8"),
        ("orders", "<i8"),
        ("days", "<i8"),  # on which pages were served
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
        ("item", "<i4"),  # row of what is learned about it, -1 before admission
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

EMBEDDED = [
    ("query", "<f4", (WIDTH,)),  # as a candidate
    ("query_precision", "<f4"),
    ("key", "<f4", (WIDTH,)),  # as part of a history
    ("key_precision", "<f4"),
]

ITEM = np.dtype(
    [
        ("touched", "<i8"),
        ("slow_time", "<i8"),
        ("fast_time", "<i8"),
        ("popular_time", "<i8"),
        ("video", "<i4"),  # row, -1 where free
        ("slow", "<f4", (7,)),  # sums decayed by half in 7 days
        ("fast", "<f4", (3,)),  # in one day
        ("surface", "<f4", (SURFACES, 3)),  # tallies by surface, not decayed
        ("bias", "<f4"),
        ("bias_precision", "<f4"),
        ("surface_bias", "<f4", (SURFACES,)),
        ("surface_precision", "<f4", (SURFACES,)),
        *EMBEDDED,
        ("popular", "<f4", (REGIONS,)),  # long views and likes, decayed with the half-life of popularity
        ("positive_time", "<i8"),
        ("positives", "<f4"),  # long views and likes, decayed
        ("neighbour_time", "<i8"),
        ("neighbour", "<i4", (NEIGHBOURS,)),  # rows of co-watched videos, -1 where none, filled from the left
        ("weight", "<f4", (NEIGHBOURS,)),  # decayed
        ("vector", "<f4", (CODE,)),  # for retrieval
        ("vector_bias", "<f4"),
        ("square_out", "<f4"),  # sums of squared gradients (Adagrad), as a candidate
        ("square_in", "<f4"),  # as part of a history
    ]
)
"""What is learned of an admitted video."""

CODES = np.dtype([("id", "<i8"), ("prior", "<i4"), ("code", "i1", (CODE,))])
"""What exact retrieval scans, one row for each of `item`: the video's id, its prior and its vector, rounded."""

ENTITY = np.dtype(
    [
        ("touched", "<i8"),
        ("owner", "<i4"),  # row in its table, -1 where free
        ("table", "<i4"),  # OF_CREATOR or OF_SOUND
        ("tally", "<f4", (3,)),
        ("bias", "<f4"),
        ("bias_precision", "<f4"),
        *EMBEDDED,
    ]
)
"""What is learned of a creator or a sound."""
# As NumPy integers, kernels are compiled once for all of them, not once for each.
OF_VIDEO, OF_CREATOR, OF_SOUND, OF_GROUP = (np.int64(kind) for kind in range(1, 5))

CREATOR = np.dtype([("id", "<i8"), ("entity", "<i4"), ("videos", "<i4"), ("recent", "<i4", (RECENT,))])
SOUND = np.dtype([("id", "<i8"), ("entity", "<i4")])
TAG = np.dtype([("id", "<i8")])
BIAS = np.dtype([("value", "<f4"), ("precision", "<f4")])
TALLY = np.dtype([("tally", "<f4", (3,))])
GROUP = np.dtype(EMBEDDED)
RANKING = np.dtype([("value", "<f4", (INPUTS,)), ("precision", "<f4", (INPUTS,))])
"""One row: what the rank weighs of the features."""
HEADS_OF = np.dtype([("value", "<f4", (HEAD_COLUMNS,)), ("precision", "<f4", (HEAD_COLUMNS,))])
"""What each head weighs of an input (`head_input`) or adds on a surface (`head_surface`)."""
RATE = np.dtype([("sums", "<f4", (4,))])
"""Shown, long views, clicks and watch shares of a surface; the last row is of all."""
LIST = np.dtype([("count", "<i4"), ("video", "<i4", (POPULAR,))])
ROW = np.dtype([("row", "<i4")])
DECISION = np.dtype(
    [("id", "<i8"), ("mask", "<i8"), ("about", "<i8"), ("video", "<i4"), ("next", "<i4"), ("active", "<i8")]
)
"""`about` is the video's id and `video` its row, -1 while the catalogue does not know it; `next` is the row of the
decision about the same video before this one, -1 for none."""
ORIGIN = np.dtype([("id", "<i8")])
ORDER = np.dtype(
    [
        ("id", "<i8"),  # its number
        ("video", "<i8"),  # id; the catalogue need not know it yet
        ("begins", "<i8"),
        ("until", "<i8"),
        ("cap", "<i8"),
        ("shown", "<i8"),  # pages on which it placed the video
        ("ended", "<i8"),
        ("regions", "<i8", (REGION_WORDS,)),  # see `orders.region_words`
    ]
)
DAILY = np.dtype([("day", "<i8"), ("videos", "<i8"), ("ordered", "<i8")])
"""Videos on the pages of one day (UTC, days since 1970), and those of them that orders placed."""

LAYOUTS: dict[str, np.dtype[np.void]] = {
    "bias": BIAS,
    "code": CODES,
    "creator": CREATOR,
    "daily": DAILY,
    "decision": DECISION,
    "entity": ENTITY,
    "free_entity": ROW,
    "free_item": ROW,
    "fresh": ROW,
    "group": GROUP,
    "head": HEAD,
    "head_input": HEADS_OF,
    "head_surface": HEADS_OF,
    "item": ITEM,
    "latest": ROW,
    "order": ORDER,
    "origin": ORIGIN,
    "popular": LIST,
    "ranking": RANKING,
    "rate": RATE,
    "sound": SOUND,
    "tag": TAG,
    "tally": TALLY,
    "video": VIDEO,
    "weight": BIAS,
}

FIXED = {
    "bias": BIASES,
    "fresh": FRESH,
    "group": GROUPS,
    "head": 1,
    "head_input": INPUTS,
    "head_surface": SURFACES,
    "latest": LATEST,
    "popular": REGIONS,
    "ranking": 1,
    "rate": SURFACES + 1,
    "tally": TALLIES,
    "weight": WEIGHTS,
}
"""Tables whose number of rows never changes."""

Table = NDArray[np.void]
Flags = NDArray[np.uint8]
Slots = NDArray[np.int32]


class Tables(NamedTuple):
    """The world's tables, in name order."""

    bias: Table
    code: Table
    creator: Table
    daily: Table
    decision: Table
    entity: Table
    free_entity: Table
    free_item: Table
    fresh: Table
    group: Table
    head: Table
    head_input: Table
    head_surface: Table
    item: Table
    latest: Table
    order: Table
    origin: Table
    popular: Table
    ranking: Table
    rate: Table
    sound: Table
    tag: Table
    tally: Table
    video: Table
    weight: Table


class Marks(NamedTuple):
    """For each table and row, 1 if it was written since the last cut. Shape (rows,), uint8."""

    bias: Flags
    code: Flags
    creator: Flags
    daily: Flags
    decision: Flags
    entity: Flags
    free_entity: Flags
    free_item: Flags
    fresh: Flags
    group: Flags
    head: Flags
    head_input: Flags
    head_surface: Flags
    item: Flags
    latest: Flags
    order: Flags
    origin: Flags
    popular: Flags
    ranking: Flags
    rate: Flags
    sound: Flags
    tag: Flags
    tally: Flags
    video: Flags
    weight: Flags


class Maps(NamedTuple):
    """What is derived from the tables and neither hashed nor stored: ids to rows (see `kernels.idmap`), and the codes
    once more, laid out for scanning."""

    codes: NDArray[np.int8]
    """Shape (tiles, PAIRS, TILE, 2): see `kernels.dot_products`."""
    priors: NDArray[np.int32]

    creator: Slots
    decision: Slots
    order: Slots
    sound: Slots
    tag: Slots
    video: Slots
