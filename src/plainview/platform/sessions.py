"""Where each session stands: its last page, as the journal has it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from plainview.journal import Entry, JournalReader
from plainview.journal.keys import page_key
from plainview.records import Page
from plainview.records.fields import to_text

SESSIONS = 65_536
"""Sessions kept at hand; any other is looked up in the journal."""


class Turn(NamedTuple):
    """The last page of a session."""

    viewer: int
    n: int
    commitment: str
    plain: bool
    pinned: int
    cursor: int


class Sessions:
    """May be used from many threads; `observe` belongs to the journal's writer."""

    def __init__(self, journal: JournalReader, capacity: int = SESSIONS) -> None:
        self._journal = journal
        self._capacity = capacity
        self._lock = threading.Lock()
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._observed = journal.size

    def last(self, session: str, n: int) -> Turn | None:
        """The last page of `session`, asked for by whoever wants page `n` of it.

        For a session that is not at hand it is page `n` if there is one (a later one may exist), else page `n` - 1;
        None where there is neither.
        """
        with self._lock:
            turn = self._turns.get(session)
            if turn is not None:
                self._turns.move_to_end(session)
                return turn
        entry = self.page(session, n)
        if entry is None and n > 0:
            entry = self.page(session, n - 1)
        return None if entry is None else turn_of(entry)

    def page(self, session: str, n: int) -> Entry | None:
        """Page `n` of `session`, if the journal has it."""
        index = self._journal.find(page_key(session, n))
        # Of what the writer has stored this moment not everybody was told before this was.
        if index is None or index >= self._observed:
            return None
        return self._journal.entry(index, trusting=True)

    def observe(self, entries: list[Entry]) -> None:
        """Take in new pages."""
        pages = [entry for entry in entries if entry.kind == "page"]
        with self._lock:
            for entry in pages:
                assert isinstance(entry.record, Page)
                self._turns[entry.record.session] = turn_of(entry)
                self._turns.move_to_end(entry.record.session)
            while len(self._turns) > self._capacity:
                self._turns.popitem(last=False)
        self._observed = entries[-1].index + 1

    def __len__(self) -> int:
        return len(self._turns)


def turn_of(entry: Entry) -> Turn:
    """Where a session stands after the page of `entry`."""
    page = entry.record
    assert isinstance(page, Page)
    assert entry.commitment is not None
    return Turn(page.viewer, page.n, to_text(entry.commitment), page.request.mode == "plain", page.pinned, page.cursor)
