"""What an entity starts from: embeddings drawn from its id, so that they are the same wherever they are drawn."""

from __future__ import annotations

import numpy as np
from numba import njit

from plainview.feed.kernels.arithmetic import draw, mix
from plainview.feed.tables import WIDTH

F32 = np.float32
U64 = np.uint64
SPREAD = F32(0.05)
"""Embedding components start uniform in [-SPREAD, SPREAD)."""
_SCALE = F32(1.0 / 2**23)


@njit(cache=True, nogil=True)
def uniform(key: np.uint64, counter: int) -> np.float32:
    """Uniform in [-1, 1), 24 bits: exact in float32."""
    return F32(np.int64(draw(key, counter) >> U64(40)) - (1 << 23)) * _SCALE


@njit(cache=True, nogil=True)
def blank_entity(entity, table: int, identity: int) -> None:  # type: ignore[no-untyped-def]
    """Reset a row of `entity` to the start of entity `identity` of `table`."""
    entity.slow_time = 0
    entity.fast_time = 0
    entity.slow[:] = F32(0.0)
    entity.fast[:] = F32(0.0)
    entity.bias = F32(0.0)
    entity.bias_square = F32(0.0)
    entity.query_square = F32(0.0)
    entity.key_square = F32(0.0)
    key = mix(U64(identity) * U64(8) + U64(table))
    for k in range(WIDTH):
        entity.query[k] = SPREAD * uniform(key, k)
        entity.key[k] = SPREAD * uniform(key, WIDTH + k)
