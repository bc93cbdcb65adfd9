"""Exact retrieval: every score is the one that plain integers give, and the best are the best, ties by id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainview.feed.kernels.codes import LIVE, SAMPLED, best, scan
from plainview.feed.kernels.dot_products import QUERIES, laid, lay
from plainview.feed.tables import CODE, CODES, TILE


@pytest.mark.parametrize("rows", [0, 1, TILE - 1, TILE, 2 * TILE + 3, 1000])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("extreme", [False, True])
def test_scan_is_exact(rows: int, count: int, extreme: bool) -> None:
    random = np.random.default_rng(rows)
    drawn = random.choice([-127, 127], (rows + 5, CODE)) if extreme else random.integers(-127, 128, (rows + 5, CODE))
    codes = drawn.astype(np.int8)
    codes[: rows // 2] = 127 if extreme else codes[: rows // 2]
    queries = np.full((QUERIES, CODE), 127, np.int16)
    queries[1:] = random.integers(-127, 128, (QUERIES - 1, CODE))
    priors = random.integers(-(2**20), 2**20, rows + 5).astype(np.int32)
    scores = np.zeros(rows, np.int32)
    scan(laid(codes), priors, rows, queries, count, scores)
    wide = queries[:count].astype(np.int64) @ codes[:rows].T.astype(np.int64)
    assert scores.tolist() == (wide.max(axis=0) + priors[:rows]).tolist()


def test_a_row_is_laid_where_all_are() -> None:
    codes = np.random.default_rng(0).integers(-127, 128, (2 * TILE + 3, CODE)).astype(np.int8)
    tiles = laid(np.zeros_like(codes))
    for row, code in enumerate(codes):
        lay(tiles, row, code)
    assert tiles.shape == (3, CODE // 2, TILE, 2)
    assert tiles.tobytes() == laid(codes).tobytes()


def _best(scores: NDArray[np.int32], ids: NDArray[np.int64], limit: int) -> None:
    codes = np.zeros(len(scores), CODES)
    codes["id"] = ids
    places = np.zeros(limit, np.int64)
    found = best(scores, codes, len(scores), places)
    live = [row for row in range(len(scores)) if scores[row] >= LIVE]
    assert places[:found].tolist() == sorted(live, key=lambda row: (-scores[row], ids[row]))[:limit]


@given(
    st.lists(st.sampled_from([-3, -2, 0, 1, 2, LIVE, LIVE - 1]), max_size=400).map(np.int32),
    st.integers(0, 40),
    st.integers(0, 2**32 - 1),
)
def test_best_by_score_then_id(scores: NDArray[np.int32], limit: int, seed: int) -> None:
    _best(scores, np.random.default_rng(seed).permutation(len(scores)), limit)


@pytest.mark.parametrize("limit", [1, 50, 400])
@pytest.mark.parametrize("kind", ["ascending", "descending", "drawn", "equal", "free", "only sampled", "none sampled"])
def test_best_where_the_sample_tells_and_where_it_misleads(kind: str, limit: int) -> None:
    random = np.random.default_rng(1)
    rows = np.arange(4000, dtype=np.int32)
    sampled = rows % SAMPLED == 0
    scores = {
        "ascending": rows,
        "descending": rows[::-1].copy(),
        "drawn": random.integers(-(2**24), 2**24, 4000).astype(np.int32),
        "equal": np.zeros(4000, np.int32),
        "free": np.where(random.random(4000) < 0.97, LIVE - 1, rows).astype(np.int32),
        "only sampled": np.where(sampled, rows + 10_000, rows).astype(np.int32),
        "none sampled": np.where(sampled, rows - 10_000, rows).astype(np.int32),
    }[kind]
    _best(scores, random.permutation(4000), limit)
