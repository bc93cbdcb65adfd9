"""A plain factorization machine (Rendle, ICDM 2010) with logistic loss, trained by AdaGrad.

score = w0 + sum_i w_i + 1/2 sum_f [ (sum_i v_if)^2 - sum_i v_if^2 ] over the active features i of an impression:
viewer, video, creator, each tag, duration bucket, form, surface and hour of day (history rows have neither of the last
two). A viewer's own weight and vector are parameters keyed by the viewer: for every list they stay as they were when
the list was first scored.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats
from plainview.records import outcome_bits

Singles = NDArray[np.float32]

HOUR = 3_600_000
BUCKETS = 24
WIDTH = 11
"""Features of an impression at most; -1 fills up."""
LOCAL = 8 * HOUR
"""The data set's viewers live at UTC+8."""


class FactorizationMachine:
    """Trained on history and all rows before the first scored one, `epochs` times; on later rows once, as they come."""

    name = "FM"

    def __init__(
        self,
        log: Log,
        seed: int,
        factors: int = 32,
        rate: float = 0.02,
        l2: float = 1e-3,
        l2_vectors: float = 1e-2,
        epochs: int = 1,
        past_epochs: int = 3,
        online_rate: float = 1.0,
    ) -> None:
        self._log = log
        self._rate, self._l2, self._l2_vectors = rate, l2, l2_vectors
        self._epochs, self._past_epochs, self._online_rate = epochs, past_epochs, online_rate
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._features, size = _features(log)
        self._weights = np.zeros(size, np.float32)
        self._vectors = self._random.normal(0, 0.01, (size, factors)).astype(np.float32)
        self._gradients = np.full((size, factors + 1), 1e-2, np.float32)
        self._bias = np.zeros(2, np.float32)
        self._bias[1] = 1e-2
        self._trained = False
        self._pending: list[tuple[int, int]] = []
        # Each list's viewer parameters, frozen: (viewer, viewer_upto) -> row of `_frozen`.
        self._lists: dict[tuple[int, int], int] = {}
        self._frozen = np.zeros((1024, factors + 1), np.float32)
        past = np.repeat(np.arange(len(log.viewers)), np.diff(log.past_start))
        self._past = _past_features(self._features, log, past)
        self._past_labels = (log.past_outcomes & outcome_bits("long_view")).astype(np.float32)

    def learn(self, start: int, stop: int) -> None:
        if self._trained:
            self._step(
                self._features.table[start:stop], self._log.label[start:stop].astype(np.float32), self._online_rate
            )
        else:
            self._pending.append((start, stop))

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        if not self._trained:
            self._train()
        slots = self._slots(rows, viewer_upto)
        scores = np.empty(len(rows))
        _score(self._features.table[rows], self._weights, self._vectors, self._frozen[slots], scores)
        return scores

    def _train(self) -> None:
        self._trained = True
        rows = np.concatenate([np.arange(*part) for part in self._pending]) if self._pending else np.zeros(0, np.int64)
        for _ in range(self._past_epochs):
            order = self._random.permutation(len(self._past))
            self._step(self._past[order], self._past_labels[order], 1.0)
        for _ in range(self._epochs):
            order = self._random.permutation(rows)
            self._step(self._features.table[order], self._log.label[order].astype(np.float32), 1.0)

    def _step(self, table: NDArray[np.int32], labels: Singles, pace: float) -> None:
        _learn(
            table,
            labels,
            self._weights,
            self._vectors,
            self._gradients,
            self._bias,
            self._rate * pace,
            self._l2,
            self._l2_vectors,
        )

    def _slots(self, rows: Ints, viewer_upto: Ints) -> Ints:
        slots = np.empty(len(rows), np.int64)
        viewers = self._log.viewer[rows].tolist()
        for at, key in enumerate(zip(viewers, viewer_upto.tolist(), strict=True)):
            slot = self._lists.get(key)
            if slot is None:
                slot = self._lists[key] = len(self._lists)
                if slot == len(self._frozen):
                    self._frozen = np.concatenate([self._frozen, np.zeros_like(self._frozen)])
                self._frozen[slot, 0] = self._weights[key[0]]
                self._frozen[slot, 1:] = self._vectors[key[0]]
            slots[at] = slot
        return slots


class _Features:
    """Feature numbers: viewers first (so that a viewer's number is its own), then the other fields."""

    def __init__(self, table: NDArray[np.int32], content: NDArray[np.int32]) -> None:
        self.table = table
        self.content = content
        """Per video: video, creator, tags, duration bucket, form."""


def duration_bucket(duration: Ints) -> Ints:
    """log2 of seconds in halves, 0 for unknown, at most BUCKETS - 1."""
    seconds = np.maximum(duration, 1) / 1000
    bucket = np.clip(np.floor(2 * np.log2(np.maximum(seconds, 1))) + 1, 1, BUCKETS - 1)
    return np.where(duration > 0, bucket, 0).astype(np.int64)


def _features(log: Log) -> tuple[_Features, int]:
    videos = np.arange(len(log.videos))
    tags = int(log.tags.max(initial=-1)) + 1
    offset = len(log.viewers)
    columns: list[Ints] = []

    def field(values: Ints, size: int) -> Ints:
        nonlocal offset
        numbers = np.where(values >= 0, values + offset, -1)
        offset += size
        return numbers

    columns.append(field(videos, len(videos)))
    columns.append(field(log.creator, int(log.creator.max(initial=-1)) + 1))
    tag_base = offset
    columns.extend(np.where(log.tags[:, i] >= 0, log.tags[:, i] + tag_base, -1) for i in range(log.tags.shape[1]))
    offset += tags
    columns.append(field(duration_bucket(log.duration), BUCKETS))
    columns.append(field(log.form, 256))
    content = np.stack(columns, axis=1).astype(np.int32)
    surface = field(log.surface, 256)
    hour = field((log.time + LOCAL) // HOUR % 24, 24)
    table = np.full((len(log), WIDTH), -1, np.int32)
    table[:, 0] = log.viewer
    table[:, 1 : 1 + content.shape[1]] = content[log.video]
    table[:, 9] = surface
    table[:, 10] = hour
    return _Features(table, content), offset


def _past_features(features: _Features, log: Log, viewer: Ints) -> NDArray[np.int32]:
    table = np.full((len(viewer), WIDTH), -1, np.int32)
    table[:, 0] = viewer
    table[:, 1 : 1 + features.content.shape[1]] = features.content[log.past_video]
    return table


@numba.njit(cache=True, nogil=True)
def _learn(
    table: NDArray[np.int32],
    labels: Singles,
    weights: Singles,
    vectors: Singles,
    gradients: Singles,
    bias: Singles,
    rate: float,
    l2: float,
    l2_vectors: float,
) -> None:
    factors = vectors.shape[1]
    total = np.zeros(factors, np.float32)
    for row in range(len(table)):
        total[:] = 0
        score = bias[0]
        for i in table[row]:
            if i >= 0:
                score += weights[i]
                for f in range(factors):
                    total[f] += vectors[i, f]
                    score -= np.float32(0.5) * vectors[i, f] * vectors[i, f]
        for f in range(factors):
            score += np.float32(0.5) * total[f] * total[f]
        error = np.float32(1 / (1 + math.exp(-score))) - labels[row]
        bias[1] += error * error
        bias[0] -= np.float32(rate) * error / np.sqrt(bias[1])
        for i in table[row]:
            if i >= 0:
                gradient = error + np.float32(l2) * weights[i]
                gradients[i, factors] += gradient * gradient
                weights[i] -= np.float32(rate) * gradient / np.sqrt(gradients[i, factors])
                for f in range(factors):
                    slope = error * (total[f] - vectors[i, f]) + np.float32(l2_vectors) * vectors[i, f]
                    gradients[i, f] += slope * slope
                    vectors[i, f] -= np.float32(rate) * slope / np.sqrt(gradients[i, f])


@numba.njit(cache=True, nogil=True)
def _score(table: NDArray[np.int32], weights: Singles, vectors: Singles, frozen: Singles, scores: Floats) -> None:
    factors = vectors.shape[1]
    total = np.zeros(factors, np.float32)
    for row in range(len(table)):
        score = frozen[row, 0]
        for f in range(factors):
            total[f] = frozen[row, 1 + f]
            score -= np.float32(0.5) * total[f] * total[f]
        for i in table[row, 1:]:
            if i >= 0:
                score += weights[i]
                for f in range(factors):
                    total[f] += vectors[i, f]
                    score -= np.float32(0.5) * vectors[i, f] * vectors[i, f]
        for f in range(factors):
            score += np.float32(0.5) * total[f] * total[f]
        scores[row] = score
