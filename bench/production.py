"""The production model as a ranker of the benches: the same records, fold and scorer that `plainview serve` uses."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats
from plainview.feed.actions import ACTION, Actions
from plainview.feed.configuration import DEFAULT
from plainview.feed.context import CONTEXT, gather
from plainview.feed.features import OWN, fill, predict
from plainview.feed.heads import HEADS
from plainview.feed.kernels.idmap import find
from plainview.feed.tables import FEATURES, INPUTS, Maps, Tables
from plainview.feed.viewers import VIEWER, apply, apply_all, new_viewers
from plainview.learning.fold import Fold, empty_world


def _nobody(viewer: int) -> Actions:
    return Actions(np.zeros(0, ACTION), np.zeros(0, np.int64))


class Plainview:
    """The fold over a log's records, asked for the release's `rank` head."""

    name = "Plainview"

    def __init__(self, log: Log, seed: int) -> None:
        """Takes up catalogue and histories. `seed` is not used: nothing here is random."""
        self._log = log
        self._fold = Fold(DEFAULT, empty_world(), len(log.viewers) + 1, _nobody)
        before = [log.origin, *log.videos, *log.viewers, *log.histories]
        self._fold.take(list(enumerate(before)))
        read = self._fold.reader.read([*enumerate(log.viewers), *enumerate(log.histories)])
        read.rows["slot"] = np.searchsorted(log.viewer_ids, read.rows["viewer"])
        self._before = new_viewers(len(log.viewers))
        apply_all(self._before, read.rows, read.payload)
        self._actions = self._fold.reader.read(enumerate(log.impressions)).rows

    def learn(self, start: int, stop: int) -> None:
        """Take up rows start to stop - 1."""
        self._fold.take_actions(Actions(self._actions[start:stop].copy(), np.zeros(0, np.int64)))

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        """The rank of each row's video, its viewer frozen at `viewer_upto`."""
        return self._each(rows, viewer_upto, 0).astype(np.float64)

    def features(self, rows: Ints, viewer_upto: Ints) -> NDArray[np.float32]:
        """The model's features of each row, shape (rows, FEATURES)."""
        return self._each(rows, viewer_upto, 1)

    def _each(self, rows: Ints, viewer_upto: Ints, features: int) -> NDArray[np.float32]:
        log, world = self._log, self._fold.world
        out = np.zeros((len(rows), FEATURES if features else 1), np.float32)
        frozen = np.zeros(1, VIEWER)
        _score(
            world.tables, world.maps, self._before, frozen, self._actions, log.own, log.own_start, log.viewer, rows,
            viewer_upto, features, out,
        )  # fmt: skip
        return out if features else out[:, 0]


@njit(cache=True, nogil=True)
def _score(  # type: ignore[no-untyped-def]
    tables: Tables, maps: Maps, before, frozen, actions, own, own_start, viewers, rows, upto, features, out
) -> None:
    context = np.zeros(1, CONTEXT)
    none = np.zeros(1, OWN)
    parts = np.zeros((1, len(HEADS)), np.float32)
    x = np.zeros(INPUTS, np.float32)
    row = np.zeros(1, np.int32)
    nothing = np.zeros(0, np.int64)
    for i in range(rows.shape[0]):
        viewer = viewers[rows[i]]
        frozen[0] = before[viewer]
        for at in range(own_start[viewer], own_start[viewer + 1]):
            if own[at] < upto[i]:
                apply(frozen[0], actions[own[at]], nothing)
        gather(frozen[0], frozen[0].history, tables, maps, context[0])
        action = actions[rows[i]]
        row[0] = find(maps.video, tables.video, action.video)
        if features:
            fill(tables, context[0], row[0], action.surface, action.time, none[0], x)
            for j in range(FEATURES):
                out[i, j] = x[j]
        else:
            predict(tables, context[0], row, action.surface, action.time, parts)
            out[i, 0] = parts[0, 0]


def ranker(log: Log, seed: int) -> Plainview:
    """The production model on a log."""
    return Plainview(log, seed)
