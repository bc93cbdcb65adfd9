"""Offline evaluation: how well predictions order and foretell outcomes, and what another policy would have earned.

Measures only: nothing here is hashed or enters a page, so the library's logarithms may be used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CUTOFF = 5
"""Places that nDCG looks at."""
_NEAR = 1e-7
"""How close to 0 or 1 a prediction counts in the log loss."""

Floats = NDArray[np.float64]
Numbers = NDArray[Any]


class Ranking(NamedTuple):
    """How well scores order what was shown together."""

    gauc: float
    """Area under the ROC curve of each list that has positives and negatives, weighted by positives."""
    ndcg: float
    """nDCG at CUTOFF, gain 2^label - 1, over all lists; a list without positives counts 0."""
    lists: int
    rated: int
    """Lists with both positives and negatives."""

    @property
    def primary(self) -> float:
        """The mean of the two."""
        return (self.gauc + self.ndcg) / 2


class Bin(NamedTuple):
    """One piece of a calibration curve."""

    predicted: float
    observed: float
    rows: int


class OffPolicy(NamedTuple):
    """What a target policy would have earned per decision, told from the decisions of the logging policy."""

    ips: float
    """Inverse propensity scoring (Horvitz and Thompson 1952): unbiased."""
    snips: float
    """Self-normalised (Swaminathan and Joachims 2015): slightly biased, far less variable."""
    effective: float
    """Effective sample size, (sum of weights)^2 / sum of squared weights."""
    rows: int


def ranking(lists: NDArray[np.integer[Any]], labels: Numbers, scores: Numbers) -> Ranking:
    """Rank each list by `scores` (higher first) and compare with `labels` (0 or 1). All arrays have shape (rows,).

    Equal scores are in no order: such a pair counts one half, and nDCG takes the expectation over a random order of
    them. Raises ValueError for arrays of unequal length and scores that are not finite.
    """
    scores = np.asarray(scores, np.float64)
    _check(labels, scores, len(lists))
    if not len(lists):
        return Ranking(0.0, 0.0, 0, 0)
    order = np.lexsort((-scores, lists))
    member, label, score = np.asarray(lists)[order], np.asarray(labels, np.float64)[order], scores[order]
    _, first, group, size = np.unique(member, return_index=True, return_inverse=True, return_counts=True)
    place = np.arange(len(member)) - first[group]
    # A run of equal scores in one list: each of its members gets the run's mean place and mean label.
    begins = np.ones(len(member), np.bool_)
    begins[1:] = (group[1:] != group[:-1]) | (score[1:] != score[:-1])
    head = np.flatnonzero(begins)
    length = np.diff(head, append=len(member))
    run = np.repeat(np.arange(len(head)), length)
    mean_label = (np.add.reduceat(label, head) / length)[run]
    mean_place = place[head][run] + (length[run] - 1) / 2

    positives = np.bincount(group, label)
    pairs = positives * (size - positives)
    # Mann and Whitney: all the places positives could be above, less those they are not.
    won = pairs + positives * (positives - 1) / 2 - np.bincount(group, label * mean_place)
    rated = pairs > 0
    weight = positives[rated]
    gauc = float((weight * won[rated] / pairs[rated]).sum() / weight.sum()) if rated.any() else 0.0

    discount = 1 / np.log2(np.arange(CUTOFF) + 2)
    top = place < CUTOFF
    gained = np.bincount(group[top], mean_label[top] * discount[place[top]], len(size))
    best = np.append(0.0, np.cumsum(discount))[np.minimum(positives, CUTOFF).astype(np.int64)]
    some = positives > 0
    return Ranking(gauc, float((gained[some] / best[some]).sum() / len(size)), len(size), int(rated.sum()))


def log_loss(labels: Numbers, predictions: Numbers) -> float:
    """Mean negative log likelihood, in nats. Predictions are kept 1e-7 away from 0 and 1; 0.0 for no rows."""
    chance = np.clip(np.asarray(predictions, np.float64), _NEAR, 1 - _NEAR)
    truth = np.asarray(labels, np.float64)
    _check(truth, chance, len(truth))
    return float(-np.mean(truth * np.log(chance) + (1 - truth) * np.log1p(-chance))) if len(truth) else 0.0


def entropy(labels: Numbers) -> float:
    """The log loss of always foretelling the mean: what a model has to beat."""
    truth = np.asarray(labels, np.float64)
    return log_loss(truth, np.full(len(truth), truth.mean())) if len(truth) else 0.0


def calibration(labels: Numbers, predictions: Numbers, bins: int = 10) -> tuple[Bin, ...]:
    """The calibration curve: rows in order of prediction, in at most `bins` bins of equal size."""
    chance = np.asarray(predictions, np.float64)
    truth = np.asarray(labels, np.float64)
    _check(truth, chance, len(truth))
    order = np.argsort(chance, kind="stable")
    return tuple(
        Bin(float(chance[part].mean()), float(truth[part].mean()), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    )


def calibration_error(curve: tuple[Bin, ...]) -> float:
    """Expected calibration error: mean distance between predicted and observed, weighted by rows."""
    rows = sum(one.rows for one in curve)
    return sum(one.rows * abs(one.predicted - one.observed) for one in curve) / rows if rows else 0.0


def off_policy(rewards: Numbers, logged: Numbers, target: Numbers) -> OffPolicy:
    """Estimate the target policy's mean reward.

    `rewards`, `logged` and `target` have shape (decisions,): what the action taken earned, and the probability with
    which the logging and the target policy take that action. Raises ValueError for a logged propensity that is not in
    (0, 1], since nothing can be told from an action that could not have been taken.
    """
    earned, taken, wanted = (np.asarray(one, np.float64) for one in (rewards, logged, target))
    if not len(earned) == len(taken) == len(wanted):
        raise ValueError(f"arrays differ in length: {len(earned)}, {len(taken)}, {len(wanted)}")
    if np.any(~(taken > 0) | (taken > 1)):
        raise ValueError("a logged propensity is above 0 and at most 1")
    if np.any(~(wanted >= 0) | (wanted > 1)):
        raise ValueError("a target propensity is between 0 and 1")
    weight = wanted / taken
    total = float(weight.sum())
    if total == 0:
        return OffPolicy(0.0, 0.0, 0.0, len(earned))
    paid = float((weight * earned).sum())
    return OffPolicy(paid / len(earned), paid / total, total**2 / float((weight**2).sum()), len(earned))


def _check(labels: Numbers, scores: Floats, rows: int) -> None:
    if not rows == len(labels) == len(scores):
        raise ValueError(f"arrays differ in length: {rows}, {len(labels)}, {len(scores)}")
    if not np.all(np.isfinite(scores)):
        raise ValueError("scores and predictions must be finite")
