"""Random scores: what any ranker must beat, and the guard must not."""

from __future__ import annotations

import numpy as np

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats


class RandomOrder:
    """Uniform scores, equal for equal seeds."""

    name = "random"

    def __init__(self, log: Log, seed: int) -> None:
        self._scores = np.random.Generator(np.random.PCG64(seed)).random(len(log))

    def learn(self, start: int, stop: int) -> None:
        """Nothing is learned."""

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        scores: Floats = self._scores[rows]
        return scores
