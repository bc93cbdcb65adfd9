"""The guard: minus the viewer's own running rate of long views, which ranks nothing better.

With about four impressions a list, GAUC conditions on a user's other outcomes: a score that falls as the user's own
positives come in looks like skill (0.6085 where random is 0.4753). Under the clean protocol the rate is frozen at the
start of each list, so that the score is constant within it and comes out as random does. A harness that leaks shows
here first.
"""

from __future__ import annotations

import numpy as np

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats

PRIOR = (1.0, 3.0)
"""Long views and impressions a rate begins with."""


class OwnRate:
    """Minus (long views + 1) / (impressions + 3) of the viewer's rows below `viewer_upto`."""

    name = "minus own rate"

    def __init__(self, log: Log, seed: int) -> None:
        self._log = log
        # Positives among a viewer's rows, added up along `own`.
        self._positives = np.append(0, np.cumsum(log.label[log.own]))

    def learn(self, start: int, stop: int) -> None:
        """Nothing is learned from others."""

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        log = self._log
        scores = np.empty(len(rows))
        for at, (viewer, upto) in enumerate(zip(log.viewer[rows].tolist(), viewer_upto.tolist(), strict=True)):
            first = int(log.own_start[viewer])
            count = int(np.searchsorted(log.own[first : log.own_start[viewer + 1]], upto))
            positives = self._positives[first + count] - self._positives[first]
            scores[at] = -(positives + PRIOR[0]) / (count + PRIOR[1])
        return scores
