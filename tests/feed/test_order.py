"""Orders are unique: larger value first, then smaller id."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plainview.feed.kernels.order import first_places, top_rows


@given(
    st.lists(st.integers(-3, 3), max_size=60).map(np.int32)
    | st.lists(st.floats(-1, 1, width=32) | st.sampled_from([0.0, -0.0, 0.5]), max_size=60).map(np.float32),
    st.integers(0, 70),
    st.randoms(use_true_random=False),
)
def test_top_rows_sorts_by_value_then_id(values: np.ndarray, count: int, random: object) -> None:  # type: ignore[type-arg]
    ids = np.arange(len(values), dtype=np.int64)
    random.shuffle(ids)  # type: ignore[attr-defined]
    got = top_rows(values, ids, count)
    expected = sorted(range(len(values)), key=lambda i: (-values[i], ids[i]))[:count]
    assert got.tolist() == expected


@given(st.lists(st.integers(0, 20), max_size=80))
def test_first_places(rows: list[int]) -> None:
    expected = [i for i, row in enumerate(rows) if row not in rows[:i]]
    assert first_places(np.array(rows, np.int32)).tolist() == expected
