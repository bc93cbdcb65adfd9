"""Viewer state as serving sees it: up to the viewer's last durable record, before that record is acknowledged."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import Actions, Reader
from plainview.feed.residents import Residents
from plainview.feed.viewers import apply_all
from plainview.journal import Entry, JournalReader
from plainview.platform.faults import Fault
from plainview.records import Record

OWN = frozenset({"event", "history", "impression", "page", "setting", "viewer"})
"""Kinds that viewers own."""


class Standing(NamedTuple):
    """A viewer's state, copied out."""

    row: NDArray[np.void]
    """One row of `feed.viewers.VIEWER`, shape (1,)."""
    upto: int
    """One past the index of the viewer's last record in it."""


class Residency:
    """The viewers in session. May be used from many threads; `observe` belongs to the journal's writer."""

    def __init__(self, journal: JournalReader, regions: tuple[str, ...], capacity: int) -> None:
        """Room for `capacity` viewers: the longest unused give way, and come back from their own records."""
        self._journal = journal
        self._reader = Reader(regions)
        self._lock = threading.Lock()
        self._brought = Actions(*Reader(regions).read(()))
        self._residents = Residents(capacity, lambda _: self._brought)
        self._upto = np.zeros(capacity, np.int64)
        self._observed = journal.size

    def standing(self, viewer: int) -> Standing:
        """The state of `viewer`. Raises Fault for a viewer without records."""
        with self._lock:
            if viewer in self._residents:
                return self._copied(viewer)
            seen = self._observed
        # Their records are read without the lock, which the journal's writer needs; what comes meanwhile, with it.
        records = self._owned(viewer, 0, seen)
        with self._lock:
            if viewer not in self._residents:
                records += self._owned(viewer, seen, self._observed)
                if not records:
                    raise Fault(
                        "unknown_viewer", f"viewer {viewer} is not known: register them at POST /v1/viewers", "viewer"
                    )
                self._brought = self._reader.read(records)
                self._upto[self._residents.slot(viewer)] = records[-1][0] + 1
            return self._copied(viewer)

    def remembers(self, viewer: int, page: int) -> bool:
        """Whether a page is one of the last that the state of `viewer` has.

        Raises Fault for a viewer without records.
        """
        with self._lock:
            if viewer in self._residents:
                return _has(self._residents.rows[self._residents.slot(viewer)], page)
        return _has(self.standing(viewer).row[0], page)

    def observe(self, entries: list[Entry]) -> None:
        """Take up new records; called before they are acknowledged."""
        residents = self._residents
        with self._lock:
            self._observed = entries[-1].index + 1
            own = [entry for entry in entries if entry.kind in OWN and entry.record.viewer in residents]  # type: ignore[attr-defined]
            if not own:
                return
            actions = self._reader.read((entry.index, entry.record) for entry in own)
            slots = {viewer: residents.slot(viewer) for viewer in actions.rows["viewer"].tolist()}
            actions.rows["slot"] = [slots[viewer] for viewer in actions.rows["viewer"].tolist()]
            apply_all(residents.rows, actions.rows, actions.payload)
            for entry in own:
                self._upto[residents.slot(entry.record.viewer)] = entry.index + 1  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self._residents)

    def _copied(self, viewer: int) -> Standing:
        slot = self._residents.slot(viewer)
        return Standing(self._residents.rows[slot : slot + 1].copy(), int(self._upto[slot]))

    def _owned(self, viewer: int, start: int, stop: int) -> list[tuple[int, Record]]:
        return self._journal.history(f"viewer:{viewer}", start, stop)


def _has(row: np.void, page: int) -> bool:
    return bool(((row["p_key"] == page) & (row["p_count"] > 0)).any())
