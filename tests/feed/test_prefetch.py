from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import TypingError, njit

from plainview.feed.kernels.prefetch import LINE, lines, prefetch, prefetch_at


@njit
def _ask(table: np.ndarray, row: int, offset: int) -> None:  # type: ignore[type-arg]
    prefetch(table[row], offset)


def test_it_asks_and_changes_nothing() -> None:
    table = np.arange(20, dtype="<i8").view([("a", "<i8"), ("b", "<i8")])
    before = table.tobytes()
    _ask(table, 3, 8)
    assert table.tobytes() == before
    assert "call void @llvm.prefetch" in next(iter(_ask.inspect_llvm().values()))


@njit
def _ask_at(array: np.ndarray, index: int) -> None:  # type: ignore[type-arg]
    prefetch_at(array, index)


def test_entries_of_an_array_are_asked_for() -> None:
    array = np.arange(20)
    _ask_at(array, 7)
    assert array.tolist() == list(range(20))
    assert "call void @llvm.prefetch" in next(iter(_ask_at.inspect_llvm().values()))


def test_only_of_a_row_or_an_array() -> None:
    with pytest.raises(TypingError):
        _ask(np.zeros(3), 0, 0)
    with pytest.raises(TypingError):
        _ask_at(1, 0)  # type: ignore[arg-type]


@given(st.lists(st.integers(1, 200), min_size=3, max_size=6), st.integers(0, LINE - 1), st.data())
def test_all_lines_of_the_fields_are_asked_for(sizes: list[int], begins: int, data: st.DataObject) -> None:
    layout = np.dtype([(str(place), f"V{size}") for place, size in enumerate(sizes)])
    first = data.draw(st.integers(0, len(sizes) - 1))
    last = data.draw(st.integers(first, len(sizes) - 1))
    start, stop = begins + sum(sizes[:first]), begins + sum(sizes[: last + 1])
    asked = {(begins + offset) // LINE for offset in lines(layout, str(first), str(last))}
    assert asked == set(range(start // LINE, (stop - 1) // LINE + 1))
