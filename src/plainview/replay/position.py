"""Where a replay stands between two epochs, and all that it takes to go on from there.

What can be had from the journal's records again, at a cost that does not grow with the pages, is not in it: of rules
and sessions `Bounds.resume` says that, of viewers `learning.rerun`.
"""

from __future__ import annotations

import msgspec
import numpy as np

from plainview.feed.plain import Pinned
from plainview.learning.rerun import Stand
from plainview.records import Epoch
from plainview.records.digests import Arrays
from plainview.replay.bounds import Met

_VIDEOS, _SOURCES = "lists.videos", "lists.sources"


class Unusable(Exception):
    """A position that no replay of this journal had, and why."""


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A page that was read and not ranked yet."""

    index: int
    cursor: int
    """Where its plain list goes on."""
    outside: bool
    """Whether it breaks a bound."""


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A plain list that is held."""

    epoch: int
    region: str
    needed: int
    """The last epoch whose pages are known to go on in it."""
    length: int
    """Videos."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay stands. Beside it there are arrays: its world, and its plain lists one after another."""

    read: int
    """All records below it were read, and held to their bounds."""
    epoch: int
    """Index of the record of the epoch where the world stands; all pages below `read` that pin it, or one before, were
    dealt with."""
    wrong: bool
    """Whether that came out otherwise than its record says."""
    waiting: tuple[Waiting, ...]
    """In index order."""
    ahead: tuple[int, ...]
    """Pages from `read` on that were looked at, and handed out as stragglers or settled: in index order."""
    lists: tuple[Listed, ...]
    """The last used at the end."""
    met: Met


class Place(msgspec.Struct, frozen=True):
    """A position with its arrays."""

    position: Position
    arrays: Arrays
    """To be read before the replay goes on: they are its own."""


def place_of(position: Position, stand: Stand) -> Place:
    """The position of a replay whose release stands there, with the arrays that go with it."""
    pinned = [stand.lists[one.epoch, one.region] for one in position.lists]
    lists = {
        _VIDEOS: np.concatenate([np.zeros(0, np.int64), *(one.videos for one in pinned)]),
        _SOURCES: np.concatenate([np.zeros(0, np.uint8), *(one.sources for one in pinned)]),
    }
    return Place(position, {**stand.world, **lists})


def stand_of(place: Place, epoch: Epoch) -> Stand:
    """Where a release at work stood whose epoch this is. Raises Unusable."""
    arrays = dict(place.arrays)
    videos, sources = arrays.pop(_VIDEOS, None), arrays.pop(_SOURCES, None)
    lengths = [one.length for one in place.position.lists]
    if videos is None or sources is None or not len(videos) == len(sources) == sum(lengths):
        raise Unusable("its plain lists are not those that it names")
    lists: dict[tuple[int, str], Pinned] = {}
    start = 0
    for one in place.position.lists:
        stop = start + one.length
        lists[one.epoch, one.region] = Pinned(
            one.epoch, videos[start:stop].astype(np.int64), sources[start:stop].astype(np.uint8)
        )
        start = stop
    return Stand(epoch.epoch, epoch.upto, arrays, lists)
