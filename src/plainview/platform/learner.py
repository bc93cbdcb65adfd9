"""The learner: one thread that follows the journal, folds it into its own copy of the world, and publishes epochs."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple

from plainview.feed.configuration import Configuration
from plainview.feed.probe import probe
from plainview.feed.world import World
from plainview.journal import Draft, Entry, EpochStore, Journal, JournalBusy, Refused
from plainview.learning.epochs import Closed, close
from plainview.platform.lineage import Follower, Lineage, Progress
from plainview.records import KINDS, Epoch, Record
from plainview.records.digests import Arrays
from plainview.records.fields import DASHES
from plainview.replay.judged import Judged
from plainview.storage import StoreError

UNFOLDED = frozenset({"access", "act", "charter", "epoch", "refusal", "release", "tally"})
"""Kinds that the fold does not take up."""
URGENT = frozenset({"decision", "order", "release"})
"""Kinds that close an epoch at once."""
CATCH_UP = 50_000
"""Records in an epoch at most, where no act in force asks for fewer, or for more: a few large deltas take less room
than many small ones."""
HELD = 200_000
"""Records kept for the learner in memory; a learner further behind reads them from the journal."""


class EpochRefused(Exception):
    """The journal did not take an epoch: an act may have begun or ended to hold since it was cut."""


PASSING = (OSError, StoreError, JournalBusy, EpochRefused)
"""What may pass: a full disk above all. The learner tries again; anything else stops it."""
AGAIN = 0.5
"""Seconds to the second attempt, doubled for each one after it."""
AGAIN_MOST = 30.0

_logger = logging.getLogger(__name__)

Publish = Callable[[Arrays, Epoch, int], None]
"""Told of each epoch once it is in the journal: its delta, its record and its policy index."""


class Cadence(NamedTuple):
    """When an epoch is closed and a world kept."""

    seconds: float = 1.0
    """From the first record that is to be folded to the epoch that folds it."""
    records: int = 5_000
    """That many close an epoch before its time."""
    snapshot_epochs: int = 1_800
    """Epochs between two snapshots at most."""


CADENCE = Cadence()
"""Of everyday use."""


class _Trouble:
    """What keeps failing, and when it is to be tried again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._wait = AGAIN
        self.reason = ""
        """Empty where nothing fails."""
        self.until: float | None = None
        """Monotonic seconds; None where nothing fails."""

    def met(self, error: BaseException) -> None:
        reason = f"{self._what}: {error}"
        if reason != self.reason:
            _logger.warning("%s; it is tried again", reason)
        self.reason, self.until = reason, time.monotonic() + self._wait
        self._wait = min(2 * self._wait, AGAIN_MOST)

    @property
    def resting(self) -> bool:
        """Whether something fails and is not yet to be tried again."""
        return self.until is not None and time.monotonic() < self.until

    def over(self) -> None:
        if self.reason:
            _logger.warning("over: %s", self.reason)
        self._wait, self.reason, self.until = AGAIN, "", None


class Learner:
    """Owns the learning copy of the world. `start` once, then `close`."""

    def __init__(
        self,
        journal: Journal,
        epochs: EpochStore,
        lineage: Lineage,
        judged: Judged,
        release: str,
        configuration: Configuration,
        publish: Publish,
        *,
        clock: Callable[[], int],
        residents: int,
        cadence: Cadence = CADENCE,
        kept: Callable[[], None] = lambda: None,
    ) -> None:
        """`judged` says how large the epochs of `release` may be.

        `publish` is called for every epoch, `kept` after every snapshot; both by whoever closes the epoch.
        """
        self._journal = journal
        self._epochs = epochs
        self._lineage = lineage
        self._judged = judged
        self._release = release
        self._configuration = configuration
        self._publish = publish
        self._clock = clock
        self._residents = residents
        self._cadence = cadence
        self._kept = kept
        self._arrived = threading.Condition()
        self._queue: deque[Entry] = deque()
        self._end = 0
        """One past the last record that is in the journal, as far as the learner was told."""
        self._wanted = 0
        """One past the last of them that calls for an epoch."""
        self._due: float | None = None
        """When an epoch is to be closed (monotonic seconds); None while nothing calls for one."""
        self._unfolded = 0
        self._closing = False
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        """What stopped the learner, if something did. Pages go on until their epoch lags too far."""
        self._epoch_trouble = _Trouble("no epoch can be closed")
        self._snapshot_trouble = _Trouble("no snapshot can be kept")
        self._kept_trouble = _Trouble("the last snapshot is kept, but not what goes with it")
        self._cut: tuple[Closed, int] | None = None
        """An epoch that is cut and not yet in the journal, and its policy index."""
        self._follower: Follower
        self._stray = False
        """Whether the follower's world is no longer the last epoch's with the records after it."""
        self._epoch: Epoch
        self._policy = 0
        self._snapshot = -1
        """The epoch of the last snapshot."""
        self._told = -1
        """The last snapshot of which `kept` was told."""

    def catch_up(self, progress: Progress | None = None) -> tuple[World, Epoch, int]:
        """Restore the world of the last epoch, and close epochs over what came after it, as far as they may be closed.

        Returns the learner's own world, not to be changed, its epoch and its policy index. Nobody else may append yet.
        Raises LineageBroken.
        """
        self._epoch = self._lineage.last()
        self._follow(progress)
        kept = self._epochs.snapshots()
        self._snapshot = kept[0].epoch if kept and kept[0].epoch <= self._epoch.epoch else -1
        self._told = self._snapshot
        self._policy = self._last_of(URGENT, 0, self._epoch.upto)
        self._journal.watch(self._observe)
        end = self._end = self._journal.size
        self._wanted = self._last_of(KINDS.keys() - (UNFOLDED - URGENT), self._epoch.upto, end)

        def told(done: int) -> None:
            if progress is not None:
                progress("Folding records", done, end)

        try:
            self._close_epochs(end, self._wanted, told)
        except EpochRefused as error:
            self._epoch_trouble.met(error)
            self._follow()
        with self._arrived:
            self._drop_folded()
        self._call_again()
        return self._follower.world, self._epoch, self._policy

    def start(self) -> None:
        """Follow the journal from here on."""
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Fold what is there, close a last epoch with a snapshot, and stop. Raises what stopped the learner earlier.

        Where the disk, or an act in force, lets it close none, it stops without: the next start folds what is missing
        from the journal.
        """
        with self._arrived:
            self._closing = True
            self._arrived.notify_all()
        if self._thread is None:
            self._finish()
        else:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    @property
    def trouble(self) -> str:
        """What the learner is held up by and tries again; empty where nothing is."""
        return self._epoch_trouble.reason or self._snapshot_trouble.reason or self._kept_trouble.reason

    @property
    def lag(self) -> int:
        """Records in the journal that the last epoch has not folded in."""
        return max(0, self._end - self._epoch.upto)

    def _observe(self, entries: list[Entry]) -> None:
        """Called by the journal's writer."""
        foldable = sum(entry.kind not in UNFOLDED for entry in entries)
        urgent = any(entry.kind in URGENT for entry in entries)
        with self._arrived:
            self._end = entries[-1].index + 1
            if foldable or urgent:
                self._wanted = self._end
            self._unfolded += foldable
            if len(self._queue) + len(entries) <= HELD:
                self._queue.extend(entries)
            else:
                self._queue.clear()  # what is missing is read from the journal
            if not (foldable or urgent):
                return
            now = time.monotonic()
            before = self._due
            if urgent or self._unfolded >= self._cadence.records:
                self._due = now
            elif self._due is None:
                self._due = now + self._cadence.seconds
            if self._due != before:
                self._arrived.notify_all()

    def _run(self) -> None:
        try:
            probe()
            while self._wait():
                self._attempt(self._go_on)
            self._attempt(self._finish)
        except BaseException as error:
            _logger.exception("the learner has stopped: no new epochs")
            self.failure = error

    def _wait(self) -> bool:
        """Until an epoch is due, or due to be tried again: True. False once the learner closes."""
        with self._arrived:
            while not self._closing:
                now = time.monotonic()
                due = self._due if self._epoch_trouble.until is None else self._epoch_trouble.until
                if due is not None and due <= now:
                    return True
                self._arrived.wait(None if due is None else due - now)
        return False

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do `step`; where what may pass keeps it from its end, the next one goes on from there."""
        try:
            step()
        except PASSING as error:
            # Records may be half read: who they are of is built again from the journal, and so is what was not folded.
            self._follower.fold.residents.forget()
            self._epoch_trouble.met(error)
        else:
            self._epoch_trouble.over()

    def _go_on(self) -> None:
        self._write_cut()
        with self._arrived:
            self._due = None
            self._unfolded = 0
            end, wanted = self._end, self._wanted
        self._close_epochs(end, wanted)
        self._call_again()

    def _finish(self) -> None:
        self._write_cut()
        with self._arrived:
            end, wanted = self._end, self._wanted
        self._close_epochs(end, wanted if self._epoch.epoch == self._snapshot else end, last=True)
        if self._told != self._snapshot:
            self._tell()

    def _call_again(self) -> None:
        """Have an epoch that is called for, and may not be closed yet, be tried again in time: acts begin and end."""
        with self._arrived:
            if self._epoch.upto < self._wanted and self._due is None:
                self._due = time.monotonic() + self._cadence.seconds

    def _close_epochs(
        self, end: int, wanted: int, told: Callable[[int], None] | None = None, *, last: bool = False
    ) -> None:
        """Close epochs over the records below `end`, as many as it takes and may be, until those below `wanted` are in.

        `last`: none comes after them, and the last of them has a snapshot.
        """
        refused = False
        while self._epoch.upto < wanted and (stop := self._next_end(self._epoch.upto, end)) is not None:
            policy = self._fold_to(stop, told)
            if last:
                snapshot = stop >= wanted or self._next_end(stop, end) is None
            else:
                due = self._epoch.epoch + 1 - self._snapshot >= self._cadence.snapshot_epochs
                snapshot = due and not self._snapshot_trouble.resting
            self._cut = close(self._follower.world, self._epoch, stop, snapshot), policy
            try:
                self._write_cut()
                refused = False
            except EpochRefused:
                if refused:
                    raise
                refused = True  # what holds may just have begun or ended: by that it is cut anew

    def _next_end(self, upto: int, end: int) -> int | None:
        """Where the epoch may end that begins at `upto`: at `end` at the latest; None where it may not, for now."""
        # The fence judges by journal time, which is this or later.
        bounds = self._judged.epoch_bounds(self._release, max(self._clock(), self._journal.last_time))
        if bounds is None:
            return min(end, upto + CATCH_UP)
        stop = min(end, upto + min(bounds.most, max(CATCH_UP, bounds.least)))
        return stop if stop - upto >= bounds.least or self._last_of(URGENT, upto, stop) else None

    def _fold_to(self, stop: int, told: Callable[[int], None] | None) -> int:
        """Fold all records below `stop`, and no other. Returns the policy index."""
        if self._stray or self._follower.position > stop:
            self._follow()
        with self._arrived:
            self._drop_folded()
            chunk: list[tuple[int, Record]] = []
            while self._queue and self._queue[0].index < stop:
                entry = self._queue.popleft()
                chunk.append((entry.index, entry.record))
        gap = chunk[0][0] if chunk else stop
        if self._follower.position < gap:
            self._follower.read_to(gap, told)
        self._follower.take(chunk)
        return max(self._policy, self._last_of(URGENT, self._epoch.upto, stop))

    def _follow(self, progress: Progress | None = None) -> None:
        """Begin at the last epoch."""
        world = self._lineage.restore(self._epoch, progress)
        self._follower = Follower(self._journal, self._configuration, self._residents, world, self._epoch.upto)
        self._stray = False

    def _write_cut(self) -> None:
        """Write the epoch that was cut, if there is one. It stays cut until it is in the journal."""
        if self._cut is None:
            return
        closed, policy = self._cut
        self._epochs.save_delta(closed.delta)
        (outcome,) = self._journal.append([Draft(closed.record)])
        if isinstance(outcome, Refused):
            # What it touched is no longer marked: no other can be cut from this world.
            self._cut, self._stray = None, True
            raise EpochRefused(f"the journal refused epoch {closed.record.epoch} ({outcome.code}): {outcome.reason}")
        self._cut = None
        self._publish(closed.delta, closed.record, policy)
        self._epoch = closed.record
        self._policy = policy
        if closed.record.state != DASHES:
            self._keep()
        if self._told != self._snapshot and not self._kept_trouble.resting:
            self._tell()

    def _keep(self) -> None:
        """Keep the world as it is at the last epoch. Epochs go on where that fails for now."""
        try:
            self._epochs.save_snapshot(self._epoch, self._follower.world.snapshot())
        except PASSING as error:
            self._snapshot_trouble.met(error)
        else:
            self._snapshot = self._epoch.epoch
            self._snapshot_trouble.over()

    def _tell(self) -> None:
        """Tell of the last snapshot. Where that fails for now it is done again, and no snapshot made for it."""
        try:
            self._kept()
        except PASSING as error:
            self._kept_trouble.met(error)
        else:
            self._told = self._snapshot
            self._kept_trouble.over()

    def _drop_folded(self) -> None:
        while self._queue and self._queue[0].index < self._follower.position:
            self._queue.popleft()

    def _last_of(self, kinds: Collection[str], start: int, stop: int) -> int:
        """One past the last record of these kinds with start <= index < stop; 0 where there is none."""
        last = (next(self._journal.of_kind(kind, start, stop, newest_first=True), None) for kind in kinds)
        return max((entry.index + 1 for entry in last if entry is not None), default=0)
