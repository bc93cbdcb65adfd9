"""Whom viewers follow and block and what they mute: as much as their state holds, and nothing is pushed out of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from plainview.feed.viewers import BLOCKS, FOLLOWS, MUTES
from plainview.journal import JournalReader
from plainview.platform.faults import Fault
from plainview.platform.residency import Residency

TURNS = 64
"""Locks that viewers share by their number."""


class _Held(NamedTuple):
    """Where a viewer's state holds choices of one kind, and how many."""

    values: str
    length: str
    limit: int
    words: str


_HELD = {
    "follow": _Held("f_creator", "follows", FOLLOWS, "follows {} creators: unfollow"),
    "block": _Held("b_creator", "blocks", BLOCKS, "blocks {} creators: unblock"),
    "mute": _Held("m_tag", "mutes", MUTES, "mutes {} tags: unmute"),
}


class Choices:
    """May be used from many threads."""

    def __init__(self, journal: JournalReader, residency: Residency) -> None:
        self._journal = journal
        self._residency = residency
        self._turns = [threading.Lock() for _ in range(TURNS)]

    @contextmanager
    def turn(self, viewers: Iterable[int]) -> Iterator[Turn]:
        """What these viewers choose stands still meanwhile: what is added is checked and appended within."""
        with ExitStack() as held:
            # Held until the disk has it, even where there is much room: of what others have under way nothing is seen
            # before, and it has no bound. It costs little: four threads write as many follows of one viewer as of four.
            # In one order, or two who wait for each other's would wait for ever.
            for place in sorted({viewer % TURNS for viewer in viewers}):
                held.enter_context(self._turns[place])
            yield Turn(self._journal, self._residency)


class Turn:
    """What is added to some viewers' choices at one go."""

    def __init__(self, journal: JournalReader, residency: Residency) -> None:
        self._journal = journal
        self._residency = residency
        self._held: dict[tuple[int, str], set[int]] = {}

    def add(self, viewer: int, setting: str, target: int, key: bytes, field: str) -> None:
        """Count `target` in, which the record with `key` would add; what takes back, or was there before, adds nothing.

        Raises Fault for an unknown viewer, and where an earlier choice would have to go.
        """
        kind = _HELD.get(setting)
        if kind is None:
            return
        held = self._held.get((viewer, setting))
        if held is None:
            row = self._residency.standing(viewer).row[0]
            held = self._held[viewer, setting] = set(row[kind.values][: row[kind.length]].tolist())
        if target in held or self._journal.find(key) is not None:
            return
        if len(held) >= kind.limit:
            raise Fault(
                "too_many",
                f"{field}: viewer {viewer} already {kind.words.format(kind.limit)} one first, and send this again",
                field,
            )
        held.add(target)
