"""What became of feed requests, counted where they are answered and where pages are ranked, and written down.

Neither count is taken from the journal: the partner holds them against it. Each page is counted in the range that its
receipt lies in, so that the sums are exact wherever a range is cut: it is written down once every request that came
before the cut is done, and whatever comes after it has its receipt behind it. A range that a request holds up for too
long is said to be lost instead, and no page of it is counted later. Nobody waits for the answer of such a request any
longer: if its page's receipt lies in a later range, and that is written down by then, it is not counted either, since
in any other range it would be one more than there are pages.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from plainview.journal import Draft, Entry, Journal, JournalBusy, JournalDamaged, JournalStopped, Refused
from plainview.platform.faults import HomeError
from plainview.records import Tally
from plainview.storage import StoreError

INTERVAL = 10.0
"""Seconds from the first request that is counted to the tally."""
RECORDS = 2_048
"""Records in a range from which on it is cut before its time: of few records a finding can show them all."""
ENDING = 10.0
"""Seconds that a stop waits for requests that are not done."""
AGAIN = 1.0
"""Seconds to another attempt, where one cannot be written: the disk may be full."""
SLOW = 60.0
"""Seconds after which it is told that a request holds up a range that has ended."""
GIVEN_UP = 120.0
"""Seconds after which such a range is lost: long before its pages, and those behind it, would be overdue."""


class _Counts:
    """Of one range."""

    def __init__(self) -> None:
        self.answers = dict.fromkeys(("served", "repeated", "refused", "closed", "failed"), 0)
        self.rankings = 0
        self.thrown: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self.rankings or any(self.answers.values()))


class _Open:
    """What came while one range was counted, and is not done."""

    def __init__(self) -> None:
        self.requests = 0
        self.rankings = 0
        self.given_up = False
        """Whether the range was: they were not waited for any longer."""


class _Cut(NamedTuple):
    """A range that ends, and is not written down yet."""

    first: int
    upto: int
    counts: _Counts
    open: _Open
    since: float
    """When it was cut (monotonic seconds)."""


class Tallies:
    """May be used from many threads; `observe` belongs to the journal's writer. `start` once, then `close`."""

    def __init__(self, journal: Journal, interval: float = INTERVAL) -> None:
        """Goes on after the last tally. What was counted before this start and not written down is lost, and it says so
        in a tally at once, before anything else is appended: where there are pages behind the last one.

        Raises HomeError, StoreError and OSError where that cannot be written.
        """
        self._journal = journal
        self._interval = interval
        self._first = _last(journal)
        self._lock = threading.Lock()
        self._change = threading.Condition(self._lock)
        self._counts = _Counts()
        self._cut: _Cut | None = None
        self._open = _Open()
        self._stuck: list[_Open] = []
        """Of ranges that were given up, where a ranking is not done: its receipt may come to lie in a later one."""
        self._due: float | None = None
        """When the range is to be cut (monotonic seconds); None while nothing is counted."""
        self._closing = False
        self._thread: threading.Thread | None = None
        self.trouble = ""
        """Why no tally can be written for now; empty where one can."""
        if _uncounted(journal, self._first):
            upto = journal.size
            self._append(self._first, upto, None)
            self._first = upto

    def answering(self) -> Answering:
        """A feed request comes."""
        return Answering(self)

    def ranking(self) -> Ranking:
        """A page is ranked for one."""
        return Ranking(self)

    def start(self) -> None:
        """Write tallies from here on."""
        self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write down what was counted. What cannot be is lost, and the next start says so."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        with suppress(JournalStopped):
            for _ in range(2):  # what was cut before, and what has come since
                self._cut_now()
                if self._drained(ENDING, closing=True):
                    self._write(lost=False)

    def observe(self, entries: list[Entry]) -> None:
        """Called by the journal's writer: a range that has grown is cut before its time."""
        if entries[-1].index + 1 - self._first >= RECORDS and self._counts:
            with self._change:
                if self._due is not None:
                    self._due = 0.0
                    self._change.notify_all()

    def _counted(self, where: _Open, index: int | None) -> _Counts:
        """Those of the range that a receipt lies in; the latest where there is none. What came in a range that was
        given up, and has its receipt there or in one that is written down by now, goes nowhere."""
        if index is not None and index < self._first:
            if self._cut is not None and self._cut.first <= index:
                return self._cut.counts
            if where.given_up:
                return _Counts()
        if self._due is None:
            self._due = time.monotonic() + self._interval
            self._change.notify_all()
        return self._counts

    def _left(self, where: _Open) -> None:
        if where is not self._open:
            self._change.notify_all()

    def _comes(self) -> _Open:
        with self._lock:
            self._open.requests += 1
            return self._open

    def _answered(self, where: _Open, status: int, index: int | None) -> None:
        with self._lock:
            if name := _name(status, index):
                self._counted(where, index).answers[name] += 1
            where.requests -= 1
            self._left(where)

    def _ranks(self) -> _Open:
        with self._lock:
            self._open.rankings += 1
            return self._open

    def _ranked(self, where: _Open, index: int | None, thrown: str) -> None:
        with self._lock:
            counts = self._counted(where, index)
            counts.rankings += 1
            if index is None:
                counts.thrown[thrown] = counts.thrown.get(thrown, 0) + 1
            where.rankings -= 1
            self._left(where)

    def _run(self) -> None:
        with suppress(JournalStopped):  # which the journal tells
            while self._wait():
                self._cut_now()
                while self._cut is not None and not self._closing:
                    self._settle(self._cut.since)

    def _settle(self, since: float) -> None:
        """Write the range that was cut as soon as all of it is counted, or as lost where that takes too long."""
        drained = self._drained(since + SLOW - time.monotonic())
        if not drained and not self._closing:
            self.trouble = (
                f"a feed request has been open for more than {SLOW:.0f} seconds: what became of others is not written "
                "down until it is done"
            )
            drained = self._drained(since + GIVEN_UP - time.monotonic())
        if (not drained and self._closing) or self._write(lost=not drained):
            return
        with self._change:
            self._change.wait(AGAIN)

    def _wait(self) -> bool:
        """Until a range is to be cut: True. False once it closes."""
        with self._change:
            while not self._closing:
                now = time.monotonic()
                if self._due is not None and self._due <= now:
                    return True
                self._change.wait(None if self._due is None else self._due - now)
        return False

    def _cut_now(self) -> None:
        """End the range where the journal ends, unless one that ended is not written yet."""
        with self._change:
            if self._cut is not None:
                return
            self._due = None
            if not self._counts:
                return
            # Whatever comes from here on has its receipt at `upto` or behind it.
            self._cut = _Cut(self._first, self._journal.size, self._counts, self._open, time.monotonic())
            self._first, self._counts, self._open = self._cut.upto, _Counts(), _Open()

    def _drained(self, patience: float, *, closing: bool = False) -> bool:
        """Wait until all is done that came before the cut; False where that takes more seconds, or it is to close, or
        there was no cut."""
        end = time.monotonic() + patience
        with self._change:
            while self._cut is not None and self._holding_up(self._cut):
                left = end - time.monotonic()
                if left <= 0 or (self._closing and not closing):
                    return False
                self._change.wait(left)
            return self._cut is not None

    def _holding_up(self, cut: _Cut) -> bool:
        """Rankings have to add up, so that those of a range that was given up hold up each later one; answers may be
        too few, since a viewer may be gone, and those that came before such a range's end hold up none."""
        return bool(cut.open.requests or cut.open.rankings or any(one.rankings for one in self._stuck))

    def _write(self, *, lost: bool) -> bool:
        """Write the range that was cut; False where that fails for now."""
        cut = self._cut
        assert cut is not None
        try:
            self._append(cut.first, cut.upto, None if lost else cut.counts)
        except (OSError, StoreError, JournalBusy, HomeError) as error:
            self.trouble = f"what became of feed requests cannot be written down: {error}"
            return False
        self.trouble = ""
        with self._change:
            self._cut, cut.open.given_up = None, lost
            self._stuck = [one for one in (*self._stuck, cut.open) if one.rankings]
        return True

    def _append(self, first: int, upto: int, counted: _Counts | None) -> None:
        """None: what was counted is lost."""
        counts = counted or _Counts()
        tally = Tally(
            time=0, first=first, upto=upto, lost=counted is None, **counts.answers, rankings=counts.rankings,
            thrown=tuple(sorted(counts.thrown.items())),
        )  # fmt: skip
        (outcome,) = self._journal.append([Draft(tally)])
        if isinstance(outcome, Refused):
            raise HomeError(f"the journal refused a tally ({outcome.code}): {outcome.reason}")


class Answering:
    """One feed request, from before anything is done for it until its answer goes out. A context."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.status = 0
        """Of the answer; 0 where there was none."""
        self.index: int | None = None
        """Of the receipt, where the page is a new one."""

    def __enter__(self) -> Answering:
        self._where = self._tallies._comes()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tallies._answered(self._where, self.status, self.index)


class Ranking:
    """One ranking, from before it begins until it is known whether it has made a receipt. A context."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.index: int | None = None
        """Of the receipt that it made."""
        self.thrown = "error"
        """Where it made none, why: see `Tally.thrown`."""

    def __enter__(self) -> Ranking:
        self._where = self._tallies._ranks()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tallies._ranked(self._where, self.index, self.thrown)


def _name(status: int, index: int | None) -> str:
    """As what a request is counted; empty for one that was not answered, since its client was gone."""
    if status == 200:
        return "repeated" if index is None else "served"
    if status == 410:
        return "closed"
    if status >= 500:
        return "failed"
    return "refused" if status else ""


def _last(journal: Journal) -> int:
    """Where the range of the last tally ends; 0 where there is none. Raises JournalDamaged."""
    for entry in journal.of_kind("tally", newest_first=True):
        assert isinstance(entry.record, Tally)
        return entry.record.upto
    return 0


def _uncounted(journal: Journal, first: int) -> bool:
    """Whether there are pages from a record on."""
    try:
        return next(journal.of_kind("page", first, trusting=True), None) is not None
    except JournalDamaged:  # it is a page all the same
        return True
