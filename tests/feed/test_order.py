"""Orders are unique: larger value first, then smaller id."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plainview.feed.kernels.order import first_places, top_rows


@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(0, 70), st.randoms(use_true_random=False))
def test_top_rows_sorts_by_value_then_id(values: list[int], count: int, random: object) -> None:
    ids = np.arange(len(values), dtype=np.int64)
    random.shuffle(ids)  # type: ignore[attr-defined]
    got = top_rows(np.array(values, np.int32), ids, count)
    expected = sorted(range(len(values)), key=lambda i: (-values[i], ids[i]))[:count]
    assert got.tolist() == expected


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50))
def test_top_rows_does_not_depend_on_the_order_of_input(values: list[float]) -> None:
    numbers, ids = np.array(values, np.float32), np.arange(len(values), dtype=np.int64)
    turned = np.arange(len(values))[::-1]
    straight = ids[top_rows(numbers, ids, 10)]
    reverse = ids[turned][top_rows(numbers[turned].copy(), ids[turned].copy(), 10)]
    assert straight.tolist() == reverse.tolist()


@given(st.lists(st.integers(0, 20), max_size=80))
def test_first_places(rows: list[int]) -> None:
    expected = [i for i, row in enumerate(rows) if row not in rows[:i]]
    assert first_places(np.array(rows, np.int32)).tolist() == expected
