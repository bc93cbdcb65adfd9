"""Popularity: how often a video was long-viewed, plainly counted or with old views fading."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats
from plainview.records import outcome_bits

HOUR = 3_600_000


class Popularity:
    """Scores a video by its long views (`count`) or by (long views + rate * prior) / (impressions + prior) (`rate`).

    History counts as of the time of its viewer's last entry. `half_life` is in hours, None for counts that never fade.
    """

    def __init__(
        self,
        log: Log,
        seed: int,
        score: Literal["count", "rate"] = "rate",
        half_life: float | None = None,
        prior: float = 20.0,
    ) -> None:
        self.name = f"popularity ({score}, {'plain' if half_life is None else f'{half_life:g} h'})"
        self._log = log
        self._score = score
        self._prior = prior
        self._half_life = half_life
        self._start = int(log.time[0]) if len(log) else 0
        self._shown = np.zeros(len(log.videos))
        self._long = np.zeros(len(log.videos))
        weight = np.repeat(self._weight(log.past_at), np.diff(log.past_start))
        label = log.past_outcomes & outcome_bits("long_view")
        self._add(log.past_video, weight, label)

    def learn(self, start: int, stop: int) -> None:
        log = self._log
        rows = slice(start, stop)
        self._add(log.video[rows], self._weight(log.time[rows]), log.label[rows])

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        video = self._log.video[rows]
        # Weights grow with time instead of counts fading: the prior, a number of impressions now, grows along.
        now = self._weight(self._log.time[rows])
        if self._score == "count":
            counts: Floats = self._long[video] / now
            return counts
        prior = self._prior * now
        rate = self._long.sum() / max(self._shown.sum(), 1.0)
        rates: Floats = (self._long[video] + rate * prior) / (self._shown[video] + prior)
        return rates

    def _weight(self, time: Ints) -> Floats:
        if self._half_life is None:
            return np.ones(len(time))
        weight: Floats = np.exp2((time - self._start) / (self._half_life * HOUR))
        return weight

    def _add(self, video: Ints, weight: Floats, label: Ints) -> None:
        self._shown += np.bincount(video, weight, len(self._shown))
        self._long += np.bincount(video, weight * label, len(self._long))
