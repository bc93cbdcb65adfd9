"""The lists of the non-profiling mode, by epoch and region: each is drawn up once, and again if it was forgotten."""

from __future__ import annotations

import threading
from collections import OrderedDict

from plainview.feed.plain import Pinned, pin
from plainview.feed.world import World
from plainview.platform.lineage import Lineage

PINS = 4096


class Pins:
    """May be used from many threads. A list depends on no viewer, so all sessions that begin in an epoch share it."""

    def __init__(self, lineage: Lineage, capacity: int = PINS) -> None:
        self._lineage = lineage
        self._capacity = capacity
        self._lock = threading.Lock()
        self._lists: OrderedDict[tuple[int, int], Pinned] = OrderedDict()

    def begin(self, world: World, epoch: int, region: int) -> Pinned:
        """The list of the epoch that `world` stands at."""
        return self._known(epoch, region) or self._keep(region, pin(world, epoch, region))

    def at(self, epoch: int, region: int) -> Pinned:
        """The list of any epoch; where it is not at hand, from the world as it was then (seconds)."""
        known = self._known(epoch, region)
        if known is not None:
            return known
        with self._lineage.at(epoch) as world:
            return self._keep(region, pin(world, epoch, region))

    def _known(self, epoch: int, region: int) -> Pinned | None:
        with self._lock:
            known = self._lists.get((epoch, region))
            if known is not None:
                self._lists.move_to_end((epoch, region))
            return known

    def _keep(self, region: int, pinned: Pinned) -> Pinned:
        with self._lock:
            self._lists[pinned.epoch, region] = pinned
            while len(self._lists) > self._capacity:
                self._lists.popitem(last=False)
        return pinned
