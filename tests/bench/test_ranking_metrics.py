"""The vectorised metrics against their definitions, written out."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ranking_metrics import metrics, per_list

ROW = st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(-2, 2))


def brute_auc(rows: list[tuple[int, int]]) -> float:
    """Share of (positive, negative) pairs in the right order, ties one half."""
    pairs = [(p, n) for l, p in rows if l for m, n in rows if not m]  # noqa: E741
    return sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs) / len(pairs)


def brute_ndcg(rows: list[tuple[int, int]]) -> float:
    """Mean over all orders that the scores allow."""
    positives = sum(label for label, _ in rows)
    if not positives:
        return 0.0
    best = sum(1 / math.log2(i + 2) for i in range(min(5, positives)))
    values = []
    for order in permutations(rows):
        scores = [score for _, score in order]
        if scores == sorted(scores, reverse=True):
            values.append(sum((2**label - 1) / math.log2(i + 2) for i, (label, _) in enumerate(order[:5])) / best)
    return sum(values) / len(values)


@given(
    st.lists(ROW, min_size=1, max_size=16).filter(lambda rows: max(sum(r[0] == i for r in rows) for i in range(5)) <= 6)
)
def test_every_list_is_what_its_definition_says(rows: list[tuple[int, int, int]]) -> None:
    lists, labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    found = per_list(lists, labels, scores)
    total, weight, gains = 0.0, 0, []
    assert found.number.tolist() == sorted({row[0] for row in rows})
    for at, number in enumerate(found.number.tolist()):
        own = [(label, score) for one, label, score in rows if one == number]
        positives = sum(label for label, _ in own)
        gains.append(brute_ndcg(own))
        assert found.ndcg[at] == pytest.approx(gains[-1])
        assert found.positives[at] == positives
        assert bool(found.rated[at]) == (0 < positives < len(own))
        if 0 < positives < len(own):
            assert found.auc[at] == pytest.approx(brute_auc(own))
            total += positives * brute_auc(own)
            weight += positives
    value = metrics(found)
    assert value.gauc == pytest.approx(total / weight if weight else 0.0)
    assert value.ndcg5 == pytest.approx(sum(gains) / len(gains))
    assert value.primary == (value.gauc + value.ndcg5) / 2


@given(st.lists(ROW, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, int, int]], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = (metrics(per_list(*(np.array(c) for c in zip(*part, strict=True)))) for part in (rows, mixed))
    assert first == pytest.approx(second)


def test_more_than_five_positives() -> None:
    found = per_list(np.zeros(8, int), np.ones(8, int), np.arange(8))
    assert found.ndcg.tolist() == [1.0]
    assert not found.rated[0]


def test_scores_must_be_finite_and_arrays_equal() -> None:
    with pytest.raises(ValueError, match="finite"):
        per_list(np.zeros(2, int), np.ones(2), np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="differ in length: 2, 1, 2"):
        per_list(np.zeros(2, int), np.ones(1), np.zeros(2))


def test_no_rows() -> None:
    none = np.zeros(0, np.int64)
    assert metrics(per_list(none, none, none)) == (0.0, 0.0)
