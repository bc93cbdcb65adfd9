"""Paired bootstrap over users: how far two rankers' metrics differ beyond the choice of users."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.ranking_metrics import Floats, Lists

NAMES = ("primary", "gauc", "ndcg5")
DRAWS = 1000
_CHUNK = 50


class Spread(NamedTuple):
    """Of a metric, or of a difference of two: standard deviation and the central 95 % of the draws."""

    sd: float
    low: float
    high: float


class Sums(NamedTuple):
    """What each user adds to the metrics' numerators and denominators; arrays (users)."""

    won: Floats
    weight: Floats
    ndcg: Floats
    lists: Floats


def by_user(lists: Lists, users: NDArray[np.int64]) -> Sums:
    """Sums over each user's lists; `users` (lists) is the user of each list. A user's lists stay together in a draw."""
    _, user = np.unique(users, return_inverse=True)
    weight = (lists.positives * lists.rated).astype(np.float64)
    each = (weight * lists.auc, weight, lists.ndcg, np.ones(len(users)))
    return Sums(*(np.bincount(user, values).astype(np.float64) for values in each))


def draws(sums: Sums, seed: int, count: int = DRAWS) -> dict[str, Floats]:
    """Metrics of `count` resamples of the users, by name. Equal seeds and users draw the same users: pairs may be
    subtracted."""
    users = len(sums.won)
    random = np.random.Generator(np.random.PCG64(seed))
    table = np.stack(sums, axis=1)
    totals = np.empty((count, 4))
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        chosen = random.integers(0, users, (size, users), dtype=np.int64)
        times = np.stack([np.bincount(row, minlength=users) for row in chosen]).astype(np.float64)
        totals[start : start + size] = times @ table
    gauc = np.divide(totals[:, 0], totals[:, 1], out=np.zeros(count), where=totals[:, 1] > 0)
    ndcg = totals[:, 2] / totals[:, 3]
    return {"primary": (gauc + ndcg) / 2, "gauc": gauc, "ndcg5": ndcg}


def spread(values: Floats) -> Spread:
    """Standard deviation and 2.5 and 97.5 percentiles of `values`."""
    low, high = np.quantile(values, (0.025, 0.975))
    return Spread(float(values.std(ddof=1)), float(low), float(high))
