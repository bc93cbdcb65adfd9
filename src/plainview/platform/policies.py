"""The decisions by which videos were kept from a page, and the policies by which they were taken."""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

from plainview.journal import Entry, JournalReader
from plainview.moderation.rules.pack import Pack, rules_of
from plainview.records import Decision, Release


class Decided(NamedTuple):
    """A decision, and what its policy is called."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    decision: Decision
    title: str
    """Of its policy; empty where no release had one of that code by that digest."""


class Decisions:
    """Where in a journal the decisions stand: each record is looked at once, and those asked for are read again.

    May be used from many threads.
    """

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._about: dict[int, int] = {}
        """By number: the video of the first record of it. One about another video changes nothing."""
        self._made: dict[int, tuple[int, ...]] = {}
        """By number: the records that restrict, ascending."""
        self._packs: dict[str, Pack] = {}
        """By their digests."""
        self._upto = 0

    def named(self, numbers: Collection[int], below: int) -> list[Decided]:
        """The decisions of these numbers as they stand below that index, in their order. Raises JournalDamaged."""
        if not numbers:
            return []
        with self._lock:
            self._go_on(below)
            places = [[at for at in self._made.get(one, ()) if at < below] for one in numbers]
        return [self._decided(entry) for entry in self._journal.some([one[-1] for one in places if one])]

    def _go_on(self, below: int) -> None:
        stop = min(below, self._journal.size)
        for release in self._journal.of_kind("release", self._upto, stop):
            assert isinstance(release.record, Release)
            with suppress(ValueError):
                found = rules_of(release.record)
                self._packs[found.name.digest] = found.pack
        for entry in self._journal.of_kind("decision", self._upto, stop):
            made = entry.record
            assert isinstance(made, Decision)
            if self._about.setdefault(made.decision, made.video) == made.video and made.effect == "restrict":
                self._made[made.decision] = (*self._made.get(made.decision, ()), entry.index)
            self._upto = entry.index + 1  # so that one that is damaged is met again, and none is taken twice
        self._upto = max(self._upto, stop)

    def _decided(self, entry: Entry) -> Decided:
        made = entry.record
        assert isinstance(made, Decision)
        pack = self._packs.get(made.pack)
        policy = None if pack is None else pack.policy(made.policy)
        return Decided(entry.index, made, "" if policy is None else policy.title)
