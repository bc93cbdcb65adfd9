"""The fold: world' = fold(world, records). The same however the records are cut into batches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import (
    DECISION,
    EVENT,
    IMPRESSION,
    ORDER,
    ORIGIN,
    PAGE,
    PAST,
    SETTING,
    VIDEO,
    VIEWER,
    Actions,
    Reader,
)
from plainview.feed.configuration import Configuration
from plainview.feed.residents import Load, Residents
from plainview.feed.tables import TAGS
from plainview.feed.world import World
from plainview.learning.initial import begin
from plainview.learning.parameters import NONE, Parameters, lay
from plainview.learning.step import settings_of, take_all
from plainview.records import Record

BATCH = 4096
"""Actions for which room is made at a time."""
_OF_VIEWERS = (EVENT, IMPRESSION, PAST, PAGE, SETTING, VIEWER)


def empty_world(parameters: Parameters = NONE) -> World:
    """The world before any record, epoch 0, of a release that brings these parameters along."""
    world = World()
    begin(world.tables)
    lay(world.tables, parameters)
    return world


class Fold:
    """Takes up records in journal order. Pure but for `load`, which reads a viewer's own earlier records."""

    def __init__(self, configuration: Configuration, world: World, residents: int, load: Load) -> None:
        """`load` must give a viewer's actions from the records of earlier calls of `take`, and no later ones."""
        self.world = world
        self.reader = Reader(configuration.regions)
        self.residents = Residents(residents, load)
        self._settings = settings_of(configuration.learning)

    def take(self, entries: Iterable[tuple[int, Record]]) -> int:
        """Fold (index, record) pairs into the world. Returns how many actions they held.

        Raises ValueError, with nothing taken up, for more viewers at once than the residents hold.
        """
        actions = self.reader.read(entries)
        self.take_actions(actions)
        return len(actions.rows)

    def take_actions(self, actions: Actions) -> None:
        """Fold actions, all from records that come after those taken so far."""
        rows = actions.rows
        own = np.isin(rows["kind"], _OF_VIEWERS)
        viewers = rows["viewer"][own].tolist()
        distinct = dict.fromkeys(viewers)
        if len(distinct) > self.residents.capacity:
            raise ValueError(f"{len(distinct)} viewers at once, room for {self.residents.capacity}: take fewer records")
        # Those already resident first, so that bringing in the others cannot push them out.
        slots = {viewer: self.residents.slot(viewer) for viewer in distinct if viewer in self.residents}
        slots |= {viewer: self.residents.slot(viewer) for viewer in distinct if viewer not in slots}
        rows["slot"] = -1
        rows["slot"][own] = [slots[viewer] for viewer in viewers]
        for start in range(0, len(rows), BATCH):
            self._take_batch(rows[start : start + BATCH], actions.payload)

    def _take_batch(self, rows: NDArray[np.void], payload: NDArray[np.int64]) -> None:
        kinds = np.bincount(rows["kind"], minlength=ORDER + 1)
        videos, acts = int(kinds[VIDEO]), int(kinds[EVENT] + kinds[IMPRESSION] + kinds[PAST])
        # An act admits at most its video, creator and sound; expiry may free every row there is.
        world = self.world
        world.reserve(
            {
                "video": videos,
                "creator": videos,
                "sound": videos,
                "tag": TAGS * videos,
                "decision": int(kinds[DECISION]),
                "origin": int(kinds[ORIGIN]),
                "order": int(kinds[ORDER]),
                "daily": int(kinds[PAGE]),
                "code": acts,
                "item": acts,
                "entity": 2 * acts,
                "free_item": world.rows("item") + acts,
                "free_entity": world.rows("entity") + 2 * acts,
            }
        )
        take_all(world.tables, world.marks, world.maps, self.residents.rows, rows, payload, self._settings)
