from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ranking_metrics import metrics, per_list
from plainview.learning.evaluation import (
    calibration,
    calibration_error,
    entropy,
    log_loss,
    off_policy,
    ranking,
)

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=40)


def test_one_list_worked_by_hand() -> None:
    # rows by score: 0.9 no, 0.8 yes, 0.3 no, 0.2 yes; pairs (yes above no): 1 of 4
    result = ranking(np.zeros(4, int), np.array([1, 0, 1, 0]), np.array([0.8, 0.9, 0.2, 0.3]))
    assert result.gauc == pytest.approx(1 / 4)
    gained = 1 / math.log2(3) + 1 / math.log2(5)
    assert result.ndcg == pytest.approx(gained / (1 + 1 / math.log2(3)))
    assert result.primary == pytest.approx((result.gauc + result.ndcg) / 2)
    assert (result.lists, result.rated) == (1, 1)


def test_lists_are_weighted_by_positives_and_those_of_one_kind_are_not_rated() -> None:
    # list 7: right order, 1 positive; list 3: wrong order, 2 positives; list 5: positives alone
    lists = np.array([7, 7, 3, 3, 3, 5])
    labels = np.array([1, 0, 1, 1, 0, 1])
    scores = np.array([2.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    result = ranking(lists, labels, scores)
    assert result.gauc == pytest.approx(1 / 3)
    assert (result.lists, result.rated) == (3, 2)


def test_a_constant_score_is_worth_one_half() -> None:
    lists = np.repeat(np.arange(50), 10)
    labels = np.random.default_rng(1).integers(0, 2, 500)
    assert ranking(lists, labels, np.zeros(500)).gauc == pytest.approx(0.5)


@given(rows)
def test_agrees_with_the_benches_own_metrics(drawn: list[tuple[int, int, int]]) -> None:
    lists, labels, scores = (np.array(column) for column in zip(*drawn, strict=True))
    mine = ranking(lists, labels, scores.astype(float))
    theirs = metrics(per_list(lists, labels, scores.astype(float)))
    assert mine.gauc == pytest.approx(theirs.gauc, abs=1e-12)
    assert mine.ndcg == pytest.approx(theirs.ndcg5, abs=1e-12)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(drawn: list[tuple[int, int, int]], chance: object) -> None:
    shuffled = list(drawn)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one = ranking(*(np.array(column) for column in zip(*drawn, strict=True)))
    other = ranking(*(np.array(column) for column in zip(*shuffled, strict=True)))
    assert one == pytest.approx(other, abs=1e-12)


def test_no_rows_are_no_error() -> None:
    nothing = np.zeros(0, int)
    assert ranking(nothing, nothing, nothing).primary == 0
    assert log_loss(nothing, nothing) == 0
    assert entropy(nothing) == 0
    assert calibration(nothing, nothing) == ()
    assert calibration_error(()) == 0
    assert off_policy(nothing, nothing, nothing).rows == 0


def test_log_loss_of_a_coin_and_of_certainty() -> None:
    labels = np.array([0, 1, 1, 0])
    assert log_loss(labels, np.full(4, 0.5)) == pytest.approx(math.log(2))
    assert log_loss(labels, labels) == pytest.approx(1e-7, rel=1e-3)
    assert log_loss(labels, 1 - labels) == pytest.approx(-math.log(1e-7), rel=1e-3)


def test_entropy_is_the_log_loss_of_the_mean() -> None:
    assert entropy(np.array([1, 0, 0, 0])) == pytest.approx(-(math.log(0.25) + 3 * math.log(0.75)) / 4)


def test_a_calibrated_prediction_has_little_error_and_a_doubled_one_has_its_bias() -> None:
    rng = np.random.default_rng(2)
    chance = rng.uniform(0.05, 0.45, 200_000)
    labels = rng.uniform(size=len(chance)) < chance
    curve = calibration(labels, chance)
    assert [one.rows for one in curve] == [20_000] * 10
    assert calibration_error(curve) < 0.01
    assert calibration_error(calibration(labels, 2 * chance)) == pytest.approx(0.25, abs=0.01)


def test_more_bins_than_rows_leave_the_empty_ones_out() -> None:
    assert [one.rows for one in calibration(np.array([0, 1]), np.array([0.1, 0.9]), 10)] == [1, 1]


def test_off_policy_estimates_are_the_true_value_over_every_outcome() -> None:
    # Two actions, logged with 0.8 and 0.2, earning 1 and 3; the target takes them evenly: 2.
    # The expectation over all logs of three decisions, each with its probability.
    expected = 0.0
    for actions in itertools.product((0, 1), repeat=3):
        logged = np.array([(0.8, 0.2)[action] for action in actions])
        rewards = np.array([(1.0, 3.0)[action] for action in actions])
        expected += float(np.prod(logged)) * off_policy(rewards, logged, np.full(3, 0.5)).ips
    assert expected == pytest.approx(2.0)


def test_snips_of_a_constant_reward_is_that_reward_and_even_weights_lose_no_samples() -> None:
    logged = np.array([0.1, 0.5, 0.9, 0.3])
    estimate = off_policy(np.full(4, 7.0), logged, np.full(4, 0.25))
    assert estimate.snips == pytest.approx(7)
    assert estimate.effective < 4
    same = off_policy(np.array([1.0, 2.0, 3.0, 4.0]), logged, logged)
    assert same == pytest.approx((2.5, 2.5, 4.0, 4))


@pytest.mark.parametrize("propensity", [0.0, -0.5, 1.5, math.nan])
def test_an_impossible_propensity_is_refused(propensity: float) -> None:
    with pytest.raises(ValueError, match="propensity"):
        off_policy(np.ones(1), np.array([propensity]), np.ones(1))
    if propensity != 0:
        with pytest.raises(ValueError, match="propensity"):
            off_policy(np.ones(1), np.ones(1), np.array([propensity]))


def test_bad_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        ranking(np.zeros(2, int), np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        ranking(np.zeros(2, int), np.zeros(2), np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="length"):
        log_loss(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="length"):
        off_policy(np.zeros(2), np.ones(2), np.ones(3))
