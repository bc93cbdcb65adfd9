"""The serving copy of the world: what pages are ranked on, and the only way in which it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.world import World
from plainview.records import Epoch
from plainview.records.fields import to_bytes


class Edition(NamedTuple):
    """A version of the world, while it is held."""

    world: World
    epoch: Epoch
    digest: bytes
    """The epoch's, 32 bytes."""
    policy: int
    """One past the index of the last decision, order or release folded in."""


class Published:
    """One world, held by many pages or changed by one epoch, never both: no page sees half an epoch.

    Whoever waits to change it goes before whoever comes later to hold it, so that neither starves. Used as a context
    manager it is held, and gives the edition.
    """

    def __init__(self, world: World, epoch: Epoch, policy: int) -> None:
        self._edition = Edition(world, epoch, to_bytes(epoch.digest), policy)
        self._turn = threading.Condition()
        self._holding = 0
        self._waiting = 0

    def __enter__(self) -> Edition:
        with self._turn:
            while self._waiting:
                self._turn.wait()
            self._holding += 1
        return self._edition

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._holding -= 1
            if not self._holding:
                self._turn.notify_all()

    @property
    def epoch(self) -> Epoch:
        """The epoch that is out now."""
        return self._edition.epoch

    def apply(self, delta: Mapping[str, NDArray[np.generic]], epoch: Epoch, policy: int) -> None:
        """Go on to the next epoch, as soon as no page holds the world."""
        with self._turn:
            self._waiting += 1
            while self._holding:
                self._turn.wait()
            try:
                world = self._edition.world
                world.apply(delta)
                self._edition = Edition(world, epoch, to_bytes(epoch.digest), policy)
            finally:
                self._waiting -= 1
                self._turn.notify_all()

    def wait_beyond(self, epoch: int, seconds: float) -> bool:
        """Wait until a later epoch than `epoch` is out. False where none came in time."""
        deadline = time.monotonic() + seconds
        with self._turn:
            while self._edition.epoch.epoch <= epoch:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._turn.wait(left)
        return True
