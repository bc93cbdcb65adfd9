"""Journal time, held against the times at which witnesses cosigned."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plainview.journal import JournalReader


class _Cosigned(NamedTuple):
    """A tree, and when it was cosigned: whole Unix seconds, cut off."""

    size: int
    first: int
    last: int


class Clocks:
    """Journal time never goes back, so of the records between two checkpoints the first and the last tell all.

    One thread says what was cosigned, another asks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Cosigned] = deque()
        self._before: _Cosigned | None = None

    def cosigned(self, size: int, times: Sequence[int]) -> None:
        """A tree of `size` entries was cosigned at these times; no time, and it says nothing."""
        if times and size:
            with self._lock:
                self._waiting.append(_Cosigned(size, min(times), max(times)))

    def outside(self, journal: JournalReader, size: int, tolerance: int) -> Iterator[tuple[int, str]]:
        """Records below `size` whose time is not within those around it by more than `tolerance` ms, and how.

        Raises JournalDamaged.
        """
        while True:
            with self._lock:
                if not self._waiting or self._waiting[0].size > size:
                    return
                one = self._waiting.popleft()
            last = journal.entry(one.size - 1)
            if (ahead := last.time - (one.last + 1) * 1000) > tolerance:
                yield last.index, f"it is {ahead:,} ms later than all cosignatures of a tree that has it"
            if self._before is not None and self._before.size < one.size:
                first = journal.entry(self._before.size)
                if (behind := self._before.first * 1000 - first.time) > tolerance:
                    yield first.index, f"it is {behind:,} ms earlier than all cosignatures of a tree that has it not"
            self._before = one
