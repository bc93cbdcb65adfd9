"""Worlds of epochs gone by: the nearest snapshot, the deltas after it, and the journal where one of them is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

from plainview.feed.actions import Actions, Reader
from plainview.feed.configuration import Configuration
from plainview.feed.probe import probe
from plainview.feed.world import World
from plainview.journal import EpochStore, JournalReader, Snapshot
from plainview.journal.keys import epoch_key
from plainview.learning.epochs import close
from plainview.learning.fold import Fold
from plainview.platform.reigns import reign_of
from plainview.records import Epoch, Event, History, Impression, Page, Record, Setting, Viewer
from plainview.records.digests import Arrays
from plainview.replay.installed import Installed
from plainview.storage import StoreError

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and how far it will go."""
Keep = Callable[[Arrays], object]
"""Given a delta that was lost and has been folded again."""
CHUNK = 4096
"""Records folded at a time."""
KEPT = 60.0
"""Seconds for which a past world is kept after its last use: it takes as much memory as the serving copy."""
ACTS = (Event, History, Impression)
"""What teaches."""
_OF_VIEWERS = (*ACTS, Page, Setting, Viewer)


class LineageBroken(Exception):
    """A world cannot be had: it is another release's, or its delta is lost and folding again gives another."""


class Follower:
    """A fold at its place in the journal."""

    def __init__(
        self,
        journal: JournalReader,
        configuration: Configuration,
        residents: int,
        world: World,
        start: int,
        teaching: int = 0,
    ) -> None:
        """`world` has all records below `start` folded in; `residents` viewers at most are held in memory. Acts below
        `teaching` are left out, as if nobody had done anything.

        Raises ProbeFailed in a thread whose arithmetic is another. Who then folds in a thread of their own probes it.
        """
        probe()
        self.position = start
        self._journal = journal
        self._reader = Reader(configuration.regions)
        self._chunk = min(CHUNK, residents)
        self._teaching = teaching
        self._without: frozenset[int] = frozenset()
        """Viewers of the records being folded who have none before them."""
        self.fold = Fold(configuration, world, residents, self._load)

    @property
    def world(self) -> World:
        """The world as far as it was folded."""
        return self.fold.world

    def read_to(self, stop: int, progress: Callable[[int], None] | None = None) -> int:
        """Fold the journal's records up to `stop`, every one checked as it is read. Returns how many acts they held."""
        acts = 0
        entries = ((entry.index, entry.record) for entry in self._journal.read(self.position, stop))
        while chunk := list(islice(entries, self._chunk)):
            acts += self.take(chunk)
            if progress is not None:
                progress(self.position)
        return acts

    def take(self, entries: Sequence[tuple[int, Record]]) -> int:
        """Fold records that follow on `position`, any number of them. Returns how many acts they held."""
        acts = 0
        for start in range(0, len(entries), self._chunk):
            part = entries[start : start + self._chunk]
            self._without = self._newcomers(part)
            acts += self.fold.take(self._taught(part))
            self.position = part[-1][0] + 1
        return acts

    def _newcomers(self, part: Sequence[tuple[int, Record]]) -> frozenset[int]:
        """Who of the viewers of `part` comes for the first time: asked for all at once, since most journals hold many
        viewers with few records."""
        viewers = {record.viewer for _, record in part if isinstance(record, _OF_VIEWERS)}
        owners = {viewer: f"viewer:{viewer}" for viewer in viewers if viewer not in self.fold.residents}
        if not owners:
            return frozenset()
        before = self._journal.owners(owners.values(), self.position)
        return frozenset(viewer for viewer, owner in owners.items() if owner not in before)

    def _taught(self, entries: Sequence[tuple[int, Record]]) -> Sequence[tuple[int, Record]]:
        if not entries or entries[0][0] >= self._teaching:
            return entries
        return [one for one in entries if one[0] >= self._teaching or not isinstance(one[1], ACTS)]

    def _load(self, viewer: int) -> Actions:
        if viewer in self._without:
            return self._reader.read(())
        return self._reader.read(self._taught(self._journal.history(f"viewer:{viewer}", 0, self.position)))


class Lineage:
    """The worlds that a journal's epochs name, from the first one on of the release in charge: the installed one."""

    def __init__(self, journal: JournalReader, epochs: EpochStore, release: Installed, residents: int = CHUNK) -> None:
        reign = reign_of(journal)
        assert reign.base is not None
        self.first = reign.first
        """The number of its first epoch."""
        self._since = reign.index
        self._base = reign.base
        self._journal = journal
        self._epochs = epochs
        self._release = release
        self._residents = residents
        self._lock = threading.Lock()
        self._kept: tuple[World, Epoch] | None = None
        self._forgetting = threading.Timer(KEPT, self.forget)

    def last(self) -> Epoch:
        """The journal's latest epoch."""
        return next(self._of_journal(newest_first=True))

    def epoch(self, number: int) -> Epoch | None:
        """The record of an epoch, None where there is none of that number."""
        index = self._journal.find(epoch_key(number))
        record = None if index is None else self._journal.entry(index).record
        return record if isinstance(record, Epoch) else None

    def restore(self, last: Epoch, progress: Progress | None = None) -> World:
        """A world of its own as of epoch `last`.

        A delta that was lost is kept again. Raises LineageBroken where that can no longer be had.
        """
        return self._restored(last, self._epochs.save_delta, progress)

    def _restored(self, last: Epoch, keep: Keep, progress: Progress | None = None) -> World:
        kept = self._epochs.latest_snapshot(last.epoch, self.accepts, self.first)
        world = self._release.world()
        base = self._base if kept is None else self.epoch(kept.snapshot.epoch)
        assert base is not None
        if kept is not None:
            world.apply(kept.arrays)
        self._roll(world, base, last, keep, progress)
        return world

    @contextmanager
    def at(self, number: int) -> Iterator[World]:
        """The world of one epoch, to be read only, for as long as the context lasts. One caller at a time.

        The last one asked for is kept for a while, since the next is often close to it. Raises LineageBroken, and
        LookupError for an epoch that does not exist.
        """
        with self._lock:
            wanted = self.epoch(number)
            if wanted is None:
                raise LookupError(f"epoch {number} is not in the journal")
            if number < self.first:
                raise LineageBroken(
                    f"epoch {number} was made before record {self._since}, from which on the installed release is in "
                    "charge: `plainview replay` with its release's bundle computes it"
                )
            kept, self._kept = self._kept, None
            if kept is not None and self._near(kept[1], wanted):
                world = kept[0]
                self._roll(world, kept[1], wanted, self._keep_where_possible)
            else:
                del kept  # before another is made beside it
                world = self._restored(wanted, self._keep_where_possible)
            yield world
            self._kept = (world, wanted)
            self._forgetting.cancel()
            self._forgetting = threading.Timer(KEPT, self.forget)
            self._forgetting.daemon = True
            self._forgetting.start()

    def forget(self) -> None:
        """Give back the memory of the world that is kept."""
        with self._lock:
            self._kept = None

    def _near(self, kept: Epoch, wanted: Epoch) -> bool:
        """Whether no snapshot lies between: then going on from `kept` is the shortest way."""
        return kept.epoch <= wanted.epoch and not any(
            kept.epoch < snapshot.epoch <= wanted.epoch for snapshot in self._epochs.snapshots()
        )

    def _keep_where_possible(self, delta: Arrays) -> None:
        with suppress(OSError, StoreError):  # whoever only looks back needs no room on the disk
            self._epochs.save_delta(delta)

    def _roll(self, world: World, base: Epoch, last: Epoch, keep: Keep, progress: Progress | None = None) -> None:
        if base.epoch == last.epoch:
            return
        start = self._journal.find(epoch_key(base.epoch))
        assert start is not None
        bare = base.upto == 0 and self._epochs.bare()
        for epoch in self._of_journal(start + 1):
            delta = None if bare else self._epochs.load_delta(epoch)
            if delta is None:
                self._fold_again(world, base, epoch, keep)
            else:
                world.apply(delta)
            base = epoch
            if progress is not None:
                progress("Taking up epochs", epoch.epoch, last.epoch)
            if epoch.epoch == last.epoch:
                return

    def _fold_again(self, world: World, base: Epoch, epoch: Epoch, keep: Keep) -> None:
        follower = Follower(self._journal, self._release.configuration, self._residents, world, base.upto)
        follower.read_to(epoch.upto)
        closed = close(world, base, epoch.upto)
        if closed.record.delta != epoch.delta:
            raise LineageBroken(
                f"epoch {epoch.epoch}: its delta is lost, and records {base.upto} to {epoch.upto - 1} folded again "
                f"give {closed.record.delta}, not {epoch.delta}: restore objects/ from a copy, or use its release"
            )
        if epoch.epoch > self._epochs.pruned():
            keep(closed.delta)

    def newest(self) -> Iterator[Epoch]:
        """The journal's epochs, latest first: for what may go wrong without harm, since none is checked."""
        return self._of_journal(newest_first=True, trusting=True)

    def accepts(self, snapshot: Snapshot) -> bool:
        """Whether it is of one of these epochs."""
        epoch = self.epoch(snapshot.epoch)
        return epoch is not None and epoch.epoch >= self.first and epoch.digest == snapshot.digest

    def _of_journal(self, start: int = 0, newest_first: bool = False, trusting: bool = False) -> Iterator[Epoch]:
        for entry in self._journal.of_kind("epoch", start, newest_first=newest_first, trusting=trusting):
            assert isinstance(entry.record, Epoch)
            yield entry.record
