"""The journal: one writer, group commit, and an index only for what is durable."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import NamedTuple

from plainview.journal.entry import Ack, Draft, Entry, JournalBusy, JournalStopped, Refused
from plainview.journal.fence import Fence
from plainview.journal.group import Group
from plainview.journal.reader import JournalReader
from plainview.journal.sealer import Sealer
from plainview.storage.records import RecordStore, StoreFull

GROUP = 4096
"""Records in one transaction at most, unless a single submission has more."""
WAITING = 262_144
"""Records that may wait for the writer; beyond that nothing is taken."""

_logger = logging.getLogger(__name__)

Outcome = Ack | Refused
Observer = Callable[[list[Entry]], None]


class _Submission(NamedTuple):
    drafts: Sequence[Draft]
    future: Future[list[Outcome]]
    after: Future[list[Outcome]] | None


def now() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Journal(JournalReader):
    """The one way to write the journal in `store`.

    All appends go through one thread. What arrives while it writes is written together next. An index is given back
    only when its record is durable; nothing of a refused record is kept. Journal time never decreases: it is `clock()`
    (Unix milliseconds), or the last record's time if that is later. `entropy(n)` gives n random bytes, for salts.

    Raises JournalDamaged where the last record or a public act is not what was appended.
    """

    def __init__(
        self,
        store: RecordStore,
        sealer: Sealer,
        fence: Fence,
        clock: Callable[[], int] = now,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        super().__init__(store, sealer)
        self._fence = fence
        self._clock = clock
        self._entropy = entropy
        self._observers: list[Observer] = []
        self._size = store.size()
        self._time = super().last_time
        fence.rebuild(self)
        self._queue: deque[_Submission] = deque()
        self._waiting = 0
        self._work = threading.Condition()
        self._closing = False
        self._stopped: BaseException | None = None
        self._trouble = ""
        self._writer = threading.Thread(target=self._write, name="journal-writer", daemon=True)
        self._writer.start()

    @property
    def size(self) -> int:
        """One past the index of the last durable record."""
        return self._size

    @property
    def last_time(self) -> int:
        """Journal time of the last durable record; 0 for an empty journal."""
        return self._time

    @property
    def trouble(self) -> str:
        """Why nothing could be written of late, a full disk; empty once something was. Every append tries again."""
        return self._trouble

    @property
    def failure(self) -> BaseException | None:
        """What stopped the journal, if something did."""
        return self._stopped

    def append(self, drafts: Sequence[Draft], timeout: float | None = None) -> list[Outcome]:
        """Write `drafts`, in their order, and wait until they are durable: one outcome for each.

        Raises what `submit` raises, and TimeoutError after `timeout` seconds; the records may then still be written.
        """
        return self.submit(drafts).result(timeout)

    def submit(self, drafts: Sequence[Draft], after: Future[list[Outcome]] | None = None) -> Future[list[Outcome]]:
        """Like `append`, without waiting.

        `after` is an earlier submission: where it fails or is cancelled, these fail with it, and nothing is written.
        Raises JournalBusy where too much waits already, and JournalStopped; the future raises StoreFull where the disk
        was full (nothing was written, try again) and JournalStopped where the store failed (whether these records are
        there shows when the journal is opened again: send them again then, with the same keys).
        """
        future: Future[list[Outcome]] = Future()
        with self._work:
            if self._stopped is not None or self._closing:
                raise self._stop_error()
            if self._waiting and self._waiting + len(drafts) > WAITING:
                raise JournalBusy(f"{self._waiting} records wait to be written, at most {WAITING} may; try again later")
            self._queue.append(_Submission(drafts, future, after))
            self._waiting += len(drafts)
            self._work.notify()
        return future

    def watch(self, observer: Observer) -> None:
        """Have `observer` called with every group of new records, once durable, in index order.

        It is called by the writer's thread, before the records' futures resolve: it must be quick, and may not append.
        Where it raises, the journal stops: whatever it keeps up to date would no longer be the journal's fold.
        """
        with self._work:
            self._observers.append(observer)

    def stop(self, error: BaseException) -> None:
        """Take no more records, because of `error`: what waits fails. To be closed all the same."""
        with self._work:
            self._stopped = self._stopped or error
            waiting = list(self._queue)
            self._queue.clear()
            self._waiting = 0
        _fail(waiting, self._stop_error())

    def close(self) -> None:
        """Write what waits, then close the store. A second call does nothing."""
        with self._work:
            self._closing = True
            self._work.notify()
        self._writer.join()
        super().close()

    def _write(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._write_group(group)
                if not self._queue:
                    self._store.rest()
            except StoreFull as error:
                if not self._trouble:
                    _logger.warning("no record can be written: %s", error)
                self._trouble = str(error)
                # Nothing of the group is there: neither may the fence go on thinking so.
                try:
                    self._fence.rebuild(self)
                except Exception as broken:  # noqa: BLE001 - a fence that is not known must not let anything through
                    self._give_up(broken, group)
                    return
                _fail(group, error)
            except Exception as error:  # noqa: BLE001 - whatever it was, what is on disk is no longer known
                self._give_up(error, group)
                return

    def _give_up(self, error: BaseException, group: list[_Submission]) -> None:
        """Fail `group`, all that waits, and all that will come."""
        _logger.error("the journal has stopped", exc_info=error)
        with self._work:
            self._stopped = error
            group += self._queue
            self._queue.clear()
        _fail(group, self._stop_error())

    def _next_group(self) -> list[_Submission] | None:
        """What to write together; None when there is nothing left and the journal closes."""
        with self._work:
            while not self._queue and not self._closing:
                self._work.wait()
            if not self._queue:
                return None
            group: list[_Submission] = []
            records = 0
            while self._queue and (not group or records + len(self._queue[0].drafts) <= GROUP):
                group.append(self._queue.popleft())
                records += len(group[-1].drafts)
            self._waiting -= records
        return [submission for submission in group if _begin(submission)]

    def _write_group(self, submissions: list[_Submission]) -> None:
        drafts = [draft for submission in submissions for draft in submission.drafts]
        time = max(self._time, self._clock())
        group = Group(drafts, self._size, time, self._store, self, self._sealer, self._fence, self._entropy)
        if group.rows:
            self._store.append(group.rows)
            self._size += len(group.rows)
            self._time = time
            if self._trouble:
                _logger.warning("records are written again")
                self._trouble = ""
        failure: Exception | None = None
        if group.entries:
            try:
                for observer in self._observers:
                    observer(group.entries)
            except Exception as error:  # noqa: BLE001 - the records are durable: first they are acknowledged
                failure = error
        start = 0
        for submission in submissions:
            stop = start + len(submission.drafts)
            submission.future.set_result(group.outcomes[start:stop])
            start = stop
        if failure is not None:
            raise failure

    def _stop_error(self) -> JournalStopped:
        if self._stopped is None:
            return JournalStopped("the journal is closed")
        error = JournalStopped(f"the journal has stopped ({self._stopped}); start again, then send it again")
        error.__cause__ = self._stopped
        return error


def _begin(submission: _Submission) -> bool:
    """Whether it is to be written. From here on its future can no longer be cancelled."""
    _, future, after = submission
    if not future.set_running_or_notify_cancel():
        return False
    if after is None or not after.done():
        return True  # not done yet, it is in the same group: both will be there, or neither
    error = CancelledError() if after.cancelled() else after.exception()
    if error is not None:
        future.set_exception(error)
    return error is None


def _fail(submissions: list[_Submission], error: Exception) -> None:
    for submission in submissions:
        with suppress(InvalidStateError):  # done, or cancelled
            submission.future.set_exception(error)
