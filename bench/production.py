"""The production model in the benches: the records, fold, scorer and sources that `plainview serve` uses."""

from __future__ import annotations

import functools

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.impression_log import Ints, Log
from bench.positives import Positives
from bench.ranking_metrics import Floats
from plainview.feed.actions import ACTION, Actions
from plainview.feed.configuration import DEFAULT
from plainview.feed.context import CONTEXT, gather, gathered
from plainview.feed.features import NAMES, OWN, fill, predict
from plainview.feed.heads import HEADS
from plainview.feed.kernels.idmap import find
from plainview.feed.orders import NOTHING_DUE
from plainview.feed.pipeline import SOURCES
from plainview.feed.stages import Inputs
from plainview.feed.tables import FEATURES, INPUTS, Maps, Tables
from plainview.feed.viewers import VIEWER, apply, apply_all, new_viewers
from plainview.learning.fold import Fold, empty_world
from plainview.records import Impression, Origin, Record, Request, Video, outcome_bits
from plainview.records.fields import to_text


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


class ModelFeatures:
    """The model's dense features, for a peer that learns from the same: `peers.clean_features.Features`."""

    names = tuple(name.replace(" ", "_").replace(",", "") for name in NAMES)

    def __init__(self, log: Log, seed: int) -> None:
        self._model = Plainview(log, seed)
        self.learn = self._model.learn
        self.matrix = self._model.features


def features(log: Log, seed: int) -> ModelFeatures:
    """The production model's features on a log."""
    return ModelFeatures(log, seed)


SECOND = 1000
DEEP = 50_000
"""Asked of a source: enough that what is left out of the ranking does not cut short what is in it."""


@functools.cache
def _learned(key: int, seed: int) -> tuple[Fold, dict[int, int]]:
    """The fold over the positives of `_given[key]`, and the row of each item."""
    positives = _given[key]
    records: list[Record] = [Origin(time=0, origin="positives", licence="", source="", digest=to_text(bytes(32)))]
    known = np.union1d(positives.item, positives.candidates)
    records += [
        Video(
            time=0, video=item, creator=item, created=0, duration=0, tags=(), sound=0, form=0, region="ZZ",
            audience="unknown", origin="positives", caption="",
        )
        for item in known.tolist()
    ]  # fmt: skip
    # The set has no times: viewers take turns, each through their own positives in the file's order.
    order = np.argsort(positives.user, kind="stable")
    starts = np.searchsorted(positives.user[order], positives.user)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    share = (place - starts) / np.bincount(positives.user)[positives.user]
    turns = np.lexsort((positives.user, share))
    records += [
        Impression(
            time=0, origin="positives", row=at, viewer=user, video=item, surface=0, at=at * SECOND, watched=0,
            outcomes=outcome_bits("long_view"),
        )
        for at, (user, item) in enumerate(
            zip(positives.user[turns].tolist(), positives.item[turns].tolist(), strict=True)
        )
    ]  # fmt: skip
    fold = Fold(DEFAULT, empty_world(), positives.users + 1, _nobody)
    for start in range(0, len(records), 50_000):
        fold.take(enumerate(records[start : start + 50_000]))
    return fold, {item: find(fold.world.maps.video, fold.world.tables.video, item) for item in known.tolist()}


_given: dict[int, Positives] = {}


class ProductionSource:
    """One of the release's candidate sources: `retrieval.Retriever`."""

    def __init__(self, name: str, positives: Positives, seed: int) -> None:
        self.name = name
        self._positives = positives
        _given[id(positives)] = positives
        self._fold, self._row = _learned(id(positives), seed)

    def retrieve(self, user: int, excluded: Ints, k: int) -> Ints:
        """What the source finds for a viewer, those items left out that the test leaves out."""
        world = self._fold.world
        row = self._fold.residents.row(user)
        token = to_text(bytes(16))
        inputs = Inputs(
            configuration=DEFAULT,
            tables=world.tables,
            maps=world.maps,
            viewer=row,
            context=gathered(row, world.tables, world.maps),
            request=Request(surface=0, region="ZZ", age="18+", mode="personal", limit=10, nonce=token, acknowledged=0),
            region=0,
            age=3,
            now=world.now,
            key=np.uint64(0),
            due=NOTHING_DUE,
            weights=np.zeros(len(HEADS), np.float32),
        )
        found = world.tables.video["id"][SOURCES[self.name].retrieve(inputs, min(DEEP, world.videos)).rows]
        wanted = np.isin(found, self._positives.candidates) & ~np.isin(found, excluded)
        kept: Ints = found[wanted][:k]
        return kept


sources = [functools.partial(ProductionSource, name) for name in ("similar", "co-watched", "popular")]
"""The sources that learn what to retrieve; `followed` and `fresh` have nothing to go by in a set of positives."""
