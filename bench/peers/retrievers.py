"""Retrieval peers: popularity, and implicit's alternating least squares (Hu, Koren, Volinsky, ICDM 2008)."""

from __future__ import annotations

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares as ImplicitALS
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench.positives import Ints, Positives
from bench.ranking_metrics import Floats


def top(candidates: Ints, scores: Floats, excluded: Ints, k: int) -> Ints:
    """The `k` candidates of the highest scores that are not excluded; equal scores by ascending id."""
    allowed = ~np.isin(candidates, excluded)
    items: Ints = candidates[allowed]
    return items[np.argsort(-scores[allowed], kind="stable")[:k]]


class PopularItems:
    """Items by their number of positives."""

    name = "popularity"

    def __init__(self, positives: Positives, seed: int) -> None:
        self._candidates = positives.candidates
        self._counts = np.bincount(positives.item, minlength=positives.items)[positives.candidates].astype(np.float64)

    def retrieve(self, user: int, excluded: Ints, k: int) -> Ints:
        return top(self._candidates, self._counts, excluded, k)


class AlternatingLeastSquares:
    """Scores are dot products of factors; users without positives get the mean user's."""

    name = "implicit ALS"

    def __init__(
        self,
        positives: Positives,
        seed: int,
        factors: int = 8,
        regularization: float = 1000.0,
        alpha: float = 40.0,
        iterations: int = 15,
    ) -> None:
        ones = np.ones(len(positives.user), np.float32)
        matrix = csr_matrix((ones, (positives.user, positives.item)), shape=(positives.users, positives.items))
        matrix.data[:] = 1  # a positive seen twice counts once
        # On one thread the sums come in one order; implicit warns of any other setting.
        with threadpool_limits(1, "blas"):
            model = ImplicitALS(
                factors=factors,
                regularization=regularization,
                alpha=alpha,
                iterations=iterations,
                num_threads=1,
                random_state=seed,
            )
            model.fit(matrix, show_progress=False)
        self._candidates = positives.candidates
        self._users = model.user_factors.astype(np.float64)
        self._items = model.item_factors[positives.candidates].astype(np.float64)

    def retrieve(self, user: int, excluded: Ints, k: int) -> Ints:
        factors = self._users[user] if user < len(self._users) else self._users.mean(0)
        return top(self._candidates, self._items @ factors, excluded, k)
