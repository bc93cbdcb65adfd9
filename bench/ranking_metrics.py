"""GAUC, nDCG@5 and their mean `primary`, over lists of impressions (TikTok TechJam 2026, track 2).

A list is what was ranked together: a user's impressions of the test window, or of one session. GAUC is the area under
the ROC curve of each list with 0 < positives < n, weighted by positives. nDCG@5 has gain 2^rel - 1, discount
1 / log2(position + 1), and is averaged over all lists, those without positives counting 0.

Equal scores are in no order: AUC counts such a pair one half, nDCG takes the expectation over a random order of them.
So a score that is constant within every list comes out exactly as random does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CUTOFF = 5

Floats = NDArray[np.float64]


class Lists(NamedTuple):
    """What each list contributes; arrays of one entry a list, in ascending order of list number."""

    number: NDArray[np.int64]
    positives: NDArray[np.int64]
    auc: Floats
    """0 where `rated` is false."""
    rated: NDArray[np.bool_]
    """Whether the list has both positives and negatives."""
    ndcg: Floats


class Metrics(NamedTuple):
    gauc: float
    ndcg5: float

    @property
    def primary(self) -> float:
        return (self.gauc + self.ndcg5) / 2


def per_list(lists: NDArray[np.integer[Any]], labels: NDArray[Any], scores: NDArray[Any]) -> Lists:
    """AUC and nDCG@5 of every list.

    `lists` (n) numbers the list of each row, `labels` (n) is 0 or 1, `scores` (n) finite, higher is better.
    Raises ValueError for scores that are not finite or arrays of unequal length.
    """
    if not len(lists) == len(labels) == len(scores):
        raise ValueError(f"lists, labels and scores differ in length: {len(lists)}, {len(labels)}, {len(scores)}")
    if not np.all(np.isfinite(scores)):
        raise ValueError("scores must be finite")
    order = np.lexsort((-np.asarray(scores, np.float64), lists))
    key = np.asarray(lists)[order]
    label = np.asarray(labels, np.float64)[order]
    score = np.asarray(scores, np.float64)[order]
    number, first, size = np.unique(key, return_index=True, return_counts=True)
    group = np.repeat(np.arange(len(number)), size)
    place = np.arange(len(key)) - first[group]

    # Runs of equal scores within a list: every member has the run's mean label and mean rank.
    starts = np.ones(len(key), np.bool_)
    starts[1:] = (key[1:] != key[:-1]) | (score[1:] != score[:-1])
    run = np.cumsum(starts) - 1
    head = np.flatnonzero(starts)
    length = np.diff(np.append(head, len(key)))
    expected = (np.add.reduceat(label, head) / length)[run] if len(key) else label
    rank = place[head][run] + (length[run] - 1) / 2

    positives = np.bincount(group, label, len(number))
    negatives = size - positives
    rated = (positives > 0) & (negatives > 0)
    # Mann-Whitney: with rank 0 for the best, pairs won are what the positives' ranks leave of the maximum.
    ranks = np.bincount(group, label * rank, len(number))
    won = positives * negatives + positives * (positives - 1) / 2 - ranks
    auc = np.divide(won, positives * negatives, out=np.zeros(len(number)), where=rated)

    discount = 1 / np.log2(np.arange(CUTOFF) + 2)
    top = place < CUTOFF
    gained = np.bincount(group[top], expected[top] * discount[place[top]], len(number))
    best = np.append(0, np.cumsum(discount))[np.minimum(positives, CUTOFF).astype(np.int64)]
    ndcg = np.divide(gained, best, out=np.zeros(len(number)), where=positives > 0)
    return Lists(number.astype(np.int64), positives.astype(np.int64), auc, rated, ndcg)


def metrics(lists: Lists) -> Metrics:
    """GAUC and nDCG@5 over all lists."""
    weight = lists.positives * lists.rated
    gauc = float((weight * lists.auc).sum() / weight.sum()) if weight.sum() else 0.0
    return Metrics(gauc, float(lists.ndcg.mean()) if len(lists.ndcg) else 0.0)
