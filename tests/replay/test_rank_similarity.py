from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.replay.rank_similarity import overlap, rank_biased_overlap

RANKINGS = st.lists(st.integers(0, 12), unique=True, max_size=10)


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ([], [], 1.0),
        ([], [1], 0.0),
        ([1, 2, 3], [1, 2, 3], 1.0),
        ([1, 2], [2, 1], 0.9),  # agreement 0 at depth 1, 1 at depth 2: 1/9 x 0.81 + 0.81
        ([1], [1, 2], 1.0),  # nothing says that the shorter one would have gone on otherwise
        ([1, 2], [1, 3], 0.55),  # 1/9 x (0.9 + 0.405) + 0.405
        ([2], [1, 2], 0.45),  # 1/9 x (0 + 0.405) + (1/2 + 0) x 0.81
        ([1, 2], [3, 4], 0.0),
    ],
)
def test_rank_biased_overlap_of_small_rankings(one: list[int], other: list[int], value: float) -> None:
    assert rank_biased_overlap(one, other) == pytest.approx(value)


@given(RANKINGS, RANKINGS)
def test_both_measures_lie_between_disjoint_and_equal(one: list[int], other: list[int]) -> None:
    for measure in (overlap, rank_biased_overlap):
        value = measure(one, other)
        assert -1e-12 <= value <= 1 + 1e-12
        assert value == measure(other, one)
        assert measure(one, one) == pytest.approx(1)
        if one and not set(one) & set(other):
            assert value == 0


@given(st.lists(st.integers(0, 12), unique=True, min_size=3, max_size=10))
def test_a_change_counts_the_more_the_higher_it_stands(ranking: list[int]) -> None:
    first, last = [99, *ranking[1:]], [*ranking[:-1], 99]
    assert rank_biased_overlap(ranking, first) < rank_biased_overlap(ranking, last)
    assert overlap(ranking, first) == overlap(ranking, last) == (len(ranking) - 1) / len(ranking)
