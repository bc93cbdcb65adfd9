"""Viewers' keys at hand: of whom one was asked for, only records that have come since are read again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from plainview.journal import JournalReader
from plainview.journal.authorship import registered_key
from plainview.records.fields import DASHES

KEYS = 20_480
"""Viewers at hand: 300 bytes each."""


class ViewerKeys:
    """May be used from many threads."""

    def __init__(self, journal: JournalReader, capacity: int = KEYS) -> None:
        """Room for `capacity` viewers: the longest unused give way."""
        self._journal = journal
        self._capacity = capacity
        self._lock = threading.Lock()
        self._known: OrderedDict[int, tuple[str, int]] = OrderedDict()
        """The viewer's key, and one past the last record in which it was looked for."""

    def of(self, viewer: int) -> str:
        """The key that the viewer has by now; DASHES where they have none. One that is there stays for ever."""
        with self._lock:
            key, upto = self._known.get(viewer, (DASHES, 0))
        size = self._journal.size
        if key == DASHES and upto < size:
            own = self._journal.owned(f"viewer:{viewer}", upto, size, trusting=True)
            key = registered_key(entry.record for entry in own)
        with self._lock:
            # Of two who looked at once, neither takes back what the other found.
            known = self._known.get(viewer, (DASHES, 0))
            self._known[viewer] = known if known[0] != DASHES or known[1] > size else (key, max(upto, size))
            self._known.move_to_end(viewer)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return key
