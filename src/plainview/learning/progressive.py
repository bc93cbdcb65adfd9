"""Progressive evaluation: each impression is foretold before the world learns from it (predict, then learn).

The predictions are the scorer's own: the same kernel that ranks pages, on the same context, with the viewer's state as
it was when the list began.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed.actions import EVENT, IMPRESSION, PAGE, PAST, SETTING, VIEWED, VIEWER
from plainview.feed.context import CONTEXT, gather, outcome
from plainview.feed.features import predict
from plainview.feed.heads import HEADS
from plainview.feed.kernels.idmap import find
from plainview.feed.tables import UNKNOWN_SURFACE, Maps, Tables
from plainview.feed.viewers import UNKNOWN_PAGE, apply, begins_list, find_page
from plainview.learning.fold import Fold
from plainview.records import Event, Impression, Record, Video

_OWN = (EVENT, IMPRESSION, PAGE, PAST, SETTING, VIEWER)


class Foretold(NamedTuple):
    """Impressions with what was predicted of them and what came of them, in order. One row each."""

    viewer: NDArray[np.int64]
    list: NDArray[np.int64]
    """Which of the viewer's lists: the page's index, or for an import the negated place in the history it began at."""
    position: NDArray[np.int64]
    """On the page; 0 for an import."""
    outcomes: NDArray[np.int64]
    """Bits as in `records.viewer.OUTCOMES`, as far as the view itself tells."""
    parts: NDArray[np.float32]
    """Shape (rows, heads)."""


class Later(NamedTuple):
    """What a viewer did with an impression of a page beside watching it. One row each."""

    viewer: NDArray[np.int64]
    list: NDArray[np.int64]
    position: NDArray[np.int64]
    outcomes: NDArray[np.int64]


class Progressive:
    """A fold that foretells before it takes up. Within one call of `take` the world moves on only for new videos."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold

    def take(self, entries: Iterable[tuple[int, Record]]) -> tuple[Foretold, Later]:
        """Foretell the impressions of records that follow on those taken so far, then fold them.

        Videos that come first are folded first; impressions of videos that the catalogue does not know are left out.
        """
        pieces: list[tuple[Foretold, Later]] = []
        piece: list[tuple[int, Record]] = []
        videos = False
        for entry in entries:
            if videos and isinstance(entry[1], (Event, Impression)):
                pieces.append(self._take(piece))
                piece, videos = [], False
            videos = videos or isinstance(entry[1], Video)
            piece.append(entry)
        pieces.append(self._take(piece))
        foretold, later = (
            [np.concatenate(column) for column in zip(*part, strict=True)] for part in zip(*pieces, strict=True)
        )
        return Foretold(*foretold), Later(*later)

    def _take(self, entries: list[tuple[int, Record]]) -> tuple[Foretold, Later]:
        actions = self.fold.reader.read(entries)
        rows = actions.rows
        acts = np.isin(rows["kind"], (EVENT, IMPRESSION))
        # All of a viewer's own records in between move the state that later impressions are foretold from.
        concerned = np.isin(rows["viewer"], np.unique(rows["viewer"][acts])) & np.isin(rows["kind"], _OWN)
        viewers, slots = np.unique(rows["viewer"][concerned], return_inverse=True)
        residents = self.fold.residents
        held = np.zeros(len(viewers), residents.rows.dtype)
        for place, viewer in enumerate(viewers.tolist()):
            held[place] = residents.row(viewer)[0]
        rows["slot"] = -1
        rows["slot"][concerned] = slots
        parts = np.zeros((len(rows), len(HEADS)), np.float32)
        lists = np.zeros(len(rows), np.int64)
        bits = np.zeros(len(rows), np.int64)
        told = np.zeros(len(rows), np.uint8)
        world = self.fold.world
        _foretell(world.tables, world.maps, held, rows, actions.payload, parts, lists, bits, told)
        seen, later = told == 1, told == 2
        foretold = Foretold(
            rows["viewer"][seen], lists[seen], rows["position"][seen].astype(np.int64), bits[seen], parts[seen]
        )
        more = Later(rows["viewer"][later], lists[later], rows["position"][later].astype(np.int64), bits[later])
        self.fold.take_actions(actions)
        return foretold, more


@njit(cache=True, nogil=True)
def _foretell(tables: Tables, maps: Maps, viewers, actions, payload, parts, lists, bits, told) -> None:
    context = np.zeros(1, CONTEXT)
    one = np.empty(1, np.int32)
    for i in range(actions.shape[0]):
        action = actions[i]
        if action.slot < 0:
            continue
        viewer = viewers[action.slot]
        if action.kind == IMPRESSION or action.kind == EVENT:
            row = find(maps.video, tables.video, action.video)
            page = UNKNOWN_PAGE
            if action.kind == EVENT:
                page = find_page(viewer, action.target, action.position, action.video)
            if row >= 0 and (action.kind == IMPRESSION or page != UNKNOWN_PAGE):
                start = 0
                surface = int(action.surface)
                if action.kind == IMPRESSION:
                    start = viewer.history if begins_list(viewer, action.time) else viewer.list_start
                    lists[i] = -start - 1
                else:
                    start = viewer.p_start[page]
                    surface = int(viewer.p_surface[page])
                    lists[i] = action.target
                bits[i] = outcome(action.bits, action.watched, tables.video[row].duration)
                told[i] = 2
                if action.bits & VIEWED:
                    told[i] = 1
                    gather(viewer, start, tables, maps, context[0])
                    one[0] = row
                    predict(tables, context[0], one, min(surface, UNKNOWN_SURFACE - 1), action.time, parts[i : i + 1])
        apply(viewer, action, payload)
