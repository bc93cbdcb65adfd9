"""Epochs: published versions of the world, each naming its parent, its range and what it changed."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.feed.world import World
from plainview.records import Epoch
from plainview.records.digests import arrays_digest, epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text


class Closed(NamedTuple):
    """An epoch's record (its time not yet filled in), and the delta that it commits to."""

    record: Epoch
    delta: dict[str, NDArray[np.generic]]


class Parent(Protocol):
    """The epoch that one comes after: what of it goes in."""

    @property
    def epoch(self) -> int: ...

    @property
    def digest(self) -> str: ...


def close(world: World, parent: Parent, upto: int, snapshot: bool = False) -> Closed:
    """Cut the epoch after `parent`, into which all records below `upto` were folded.

    With `snapshot` the record also carries the digest of the whole state.
    """
    delta = world.cut()
    changed = arrays_digest(delta)
    record = Epoch(
        time=0,
        epoch=parent.epoch + 1,
        upto=upto,
        parent=parent.digest,
        delta=to_text(changed),
        digest=to_text(epoch_digest(to_bytes(parent.digest), upto, changed)),
        state=to_text(world.digest()) if snapshot else DASHES,
    )
    return Closed(record, delta)


def first(world: World) -> Closed:
    """Epoch 0: the empty world, its state digest in place of a parent's."""
    delta = world.snapshot()
    changed = arrays_digest(delta)
    state = world.digest()
    record = Epoch(
        time=0,
        epoch=0,
        upto=0,
        parent=to_text(state),
        delta=to_text(changed),
        digest=to_text(epoch_digest(state, 0, changed)),
        state=to_text(state),
    )
    return Closed(record, delta)
