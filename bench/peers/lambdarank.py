"""LightGBM LambdaRank (Burges 2010; Ke et al., NeurIPS 2017) on given features: the strongest of the usual peers.

Lists to learn from are viewer-days, with the viewer frozen where the day's list begins, as in the test. The model is
fitted anew when the first row of a new day is scored, on all rows taken up so far; between fits its features go on.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from bench.clean_protocol import DELAY, STEP
from bench.impression_log import Ints, Log
from bench.peers.clean_features import FeaturesFactory, Matrix, clean_features
from bench.ranking_metrics import Floats


class LambdaRank:
    """A `clean_protocol.Ranker` over `features`, with LightGBM's `parameters` put over its own."""

    def __init__(
        self,
        log: Log,
        seed: int,
        features: FeaturesFactory = clean_features,
        rounds: int = 40,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        self.name = "LightGBM LambdaRank"
        self._log = log
        self._features = features(log, seed)
        self._rounds = rounds
        self._parameters: dict[str, Any] = {
            "objective": "lambdarank",
            "lambdarank_truncation_level": 5,
            "learning_rate": 0.05,
            "num_leaves": 7,
            "min_data_in_leaf": 1000,
            "feature_fraction": 0.8,
            "lambda_l2": 10.0,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        } | (parameters or {})
        self._matrix = np.zeros((len(log), len(self._features.names)), np.float32)
        self._filled = np.zeros(len(log), np.bool_)
        self._learned = 0
        self._fitted_day = 0
        self._fitted_rows = -1
        self._model: lightgbm.Booster | None = None
        # Whoever learns from a row must have seen its features as they were for someone frozen at the day's start.
        first = np.empty(len(log), np.int64)
        day = log.viewer * 10**8 + log.date
        order = np.lexsort((np.arange(len(log)), day))
        starts = np.flatnonzero(np.append(True, np.diff(day[order]) != 0)) if len(log) else order
        first[order] = np.repeat(order[starts], np.diff(np.append(starts, len(log))))
        self._day, self._day_start = day, first
        newest = (log.time - DELAY) // STEP * STEP
        self._world = np.searchsorted(log.time, newest, side="right")

    def learn(self, start: int, stop: int) -> None:
        """Features of rows that no one was asked about are computed here, with the delay that scoring has."""
        rows = np.arange(start, stop)
        marks = np.clip(self._world[start:stop], start, stop)
        for part in np.split(rows, np.flatnonzero(np.diff(marks)) + 1):
            upto = int(marks[part[0] - start])
            if upto > self._learned:
                self._features.learn(self._learned, upto)
                self._learned = upto
            missing = part[~self._filled[part]]
            if len(missing):
                self._matrix[missing] = self._features.matrix(missing, self._day_start[missing])
                self._filled[missing] = True
        if stop > self._learned:
            self._features.learn(self._learned, stop)
            self._learned = stop

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        day = int(self._log.date[rows].max())
        if self._model is None or (day > self._fitted_day and self._learned > self._fitted_rows):
            self._fit()
            self._fitted_day, self._fitted_rows = day, self._learned
        if self._model is None:
            return np.zeros(len(rows))
        scores = self._model.predict(self._features.matrix(rows, viewer_upto), num_threads=1)
        return np.asarray(scores, np.float64)

    def _fit(self) -> None:
        if not self._learned:
            return
        rows = np.arange(self._learned)
        order = rows[np.lexsort((rows, self._day[rows]))]
        _, sizes = np.unique(self._day[order], return_counts=True)
        data = lightgbm.Dataset(self._taken(order), self._log.label[order], group=sizes, free_raw_data=True)
        self._model = lightgbm.train(self._parameters, data, self._rounds)

    def _taken(self, rows: Ints) -> Matrix:
        matrix: Matrix = self._matrix[rows]
        return matrix
