"""Draws of users, lists kept together, pairs on the same draws."""

from __future__ import annotations

import numpy as np
import pytest

from bench import bootstrap
from bench.ranking_metrics import metrics, per_list


def sums(seed: int, users: int = 40) -> tuple[bootstrap.Sums, float]:
    random = np.random.Generator(np.random.PCG64(seed))
    lists = np.repeat(np.arange(users * 2), 5)
    found = per_list(lists, random.integers(0, 2, len(lists)), random.random(len(lists)))
    return bootstrap.by_user(found, np.arange(users * 2) // 2), metrics(found).primary


def test_each_user_once_is_the_metric_itself() -> None:
    found, primary = sums(1)
    gauc = found.won.sum() / found.weight.sum()
    assert (gauc + found.ndcg.sum() / found.lists.sum()) / 2 == pytest.approx(primary)
    assert found.lists.tolist() == [2.0] * 40


def test_draws_are_repeatable_centred_and_as_wide_as_users_differ() -> None:
    found, primary = sums(2, users=400)
    values = bootstrap.draws(found, 7)["primary"]
    assert np.array_equal(values, bootstrap.draws(found, 7)["primary"])
    assert len(values) == bootstrap.DRAWS
    spread = bootstrap.spread(values)
    assert spread.low < primary < spread.high
    assert values.mean() == pytest.approx(primary, abs=spread.sd / 2)


def test_pairs_share_their_draws() -> None:
    found, _ = sums(3)
    better = found._replace(ndcg=found.ndcg + 0.1 * found.lists)
    gain = bootstrap.draws(better, 5)["ndcg5"] - bootstrap.draws(found, 5)["ndcg5"]
    assert bootstrap.spread(gain) == pytest.approx((0.0, 0.1, 0.1))


def test_count_of_draws_need_not_fill_chunks() -> None:
    found, _ = sums(4)
    assert np.array_equal(bootstrap.draws(found, 1, 77)["gauc"][:50], bootstrap.draws(found, 1, 50)["gauc"])
