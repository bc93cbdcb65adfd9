"""What learning starts from where a release brings nothing along: embeddings drawn from ids, so that they are the same
wherever they are drawn."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.heads import HEADS
from plainview.feed.kernels.arithmetic import draw, mix
from plainview.feed.tables import (
    CODE,
    DEPTH,
    GROUPS,
    OF_GROUP,
    ONE,
    W_OUTCOME,
    W_RECENCY,
    WIDTH,
    Tables,
)

F32 = np.float32
U64 = np.uint64
SPREAD = F32(0.1)
"""Embeddings that rank start uniform in [-SPREAD, SPREAD)."""
VECTOR_SPREAD = F32(0.05)
"""Vectors that retrieve."""
_SCALE = F32(1.0 / 2**23)

ATTENTION = (F32(-0.35), F32(0.65))
"""Weight of an impression without and with a long view."""
RECENCY = F32(0.97)
"""What each further step back in the history keeps of it."""
LOG_ODDS = {
    "long_view": -0.6,
    "complete": -1.0,
    "like": -4.0,
    "follow": -6.0,
    "share": -6.0,
    "comment": -5.0,
    "not_interested": -7.0,
    "report": -9.0,
    "watched": -1.5,
}
"""Where the heads start, before anything is learned."""


@njit(cache=True)
def uniform(key: np.uint64, counter: int) -> np.float32:
    """Uniform in [-1, 1), 24 bits: exact in float32."""
    return F32(np.int64(draw(key, counter) >> U64(40)) - np.int64(1 << 23)) * _SCALE


@njit(cache=True)
def draw_embeddings(row, table: int, identity: int) -> None:
    """Reset query and key of a row to the start of entity `identity` of `table`."""
    key = mix(U64(identity) * U64(8) + U64(table))
    for k in range(WIDTH):
        row.query[k] = SPREAD * uniform(key, k)
        row.key[k] = SPREAD * uniform(key, WIDTH + k)
    row.query_precision = F32(0.0)
    row.key_precision = F32(0.0)


@njit(cache=True)
def draw_vector(row, identity: int) -> None:
    """Reset the retrieval vector of an item."""
    key = mix(U64(identity) * U64(8))
    for k in range(CODE):
        row.vector[k] = VECTOR_SPREAD * uniform(key, k)


def begin(tables: Tables) -> None:
    """The parameters before the first record: groups drawn, attention and heads at their start."""
    for row in range(GROUPS):
        draw_embeddings(tables.group[row], OF_GROUP, row)
    for outcome, weight in enumerate(ATTENTION):
        tables.weight[W_OUTCOME + outcome]["value"] = weight
    recency = F32(1.0)
    for back in range(DEPTH):
        tables.weight[W_RECENCY + back]["value"] = recency
        recency = recency * RECENCY
    for head, name in enumerate(HEADS[1:]):
        tables.head_input[ONE]["value"][head] = LOG_ODDS[name]
