"""Journal time, held against the times at which witnesses cosigned."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plainview.journal import JournalReader

Timed = tuple[int, int]
"""A record's index, and its journal time."""


class _Cosigned(NamedTuple):
    """A tree, and when it was cosigned: whole Unix seconds, cut off."""

    size: int
    first: int
    last: int


class Clocks:
    """Journal time never goes back, so of the records between two checkpoints the first and the last tell all.

    Public records say their time in the log itself, and are held at once; all others when they are opened. Of records
    outside one after another the first is told: what is found becomes a record itself.

    One thread says what was cosigned, another asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Cosigned] = deque()
        self._public = _Held()
        self._unheld: list[Timed] = []
        self._opened = _Held()

    def cosigned(
        self, size: int, times: Sequence[int], public: Sequence[Timed], tolerance: int
    ) -> tuple[int, str] | None:
        """A tree of `size` entries was cosigned at these times (Unix seconds); no time, and it says nothing.

        `public` are the public records in it that were not in the one before, ascending. Returns the one of them whose
        time is not within those around it by more than `tolerance` ms, and how; None where none is, or one was before.
        """
        self._unheld += public
        if not times or not size:
            return None
        one = _Cosigned(size, min(times), max(times))
        with self._lock:
            self._waiting.append(one)
        unheld, self._unheld = self._unheld, []
        return self._public.hold(one, unheld[0], unheld[-1], tolerance) if unheld else None

    def outside(self, journal: JournalReader, size: int, tolerance: int) -> Iterator[tuple[int, str]]:
        """The same of all records below `size`, which were opened. Raises JournalDamaged."""
        while True:
            with self._lock:
                if not self._waiting or self._waiting[0].size > size:
                    return
                one = self._waiting.popleft()
            last = journal.entry(one.size - 1)
            before = self._opened.before
            first = last if before is None or before.size >= one.size else journal.entry(before.size)
            found = self._opened.hold(one, (first.index, first.time), (last.index, last.time), tolerance)
            if found is not None:
                yield found


class _Held:
    """One kind of records, as far as they were held against the trees that have them."""

    def __init__(self) -> None:
        self.before: _Cosigned | None = None
        self._outside = False

    def hold(self, one: _Cosigned, first: Timed, last: Timed, tolerance: int) -> tuple[int, str] | None:
        """Hold the first and the last record that `one` has, and the tree before has not."""
        found = None
        if (ahead := last[1] - (one.last + 1) * 1000) > tolerance:
            found = last[0], f"it is {ahead:,} ms later than all cosignatures of a tree that has it"
        elif (
            self.before is not None
            and self.before.size <= first[0]
            and (behind := self.before.first * 1000 - first[1]) > tolerance
        ):
            found = first[0], f"it is {behind:,} ms earlier than all cosignatures of a tree that has it not"
        known, self._outside, self.before = self._outside, found is not None, one
        return None if known else found
