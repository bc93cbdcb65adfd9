"""A log whose first entry, and others, are charters."""

from __future__ import annotations

from pathlib import Path

from plainview.ledger.notes import Note
from plainview.records.charter import Charter as Record
from plainview.records.leaf import public_leaf
from tests.oversight.pages import PageLog


def charter_entry(note: Note, time: int = 1_789_000_000_000) -> bytes:
    """The log's entry for that charter."""
    return public_leaf("charter", Record(time=time, note=note.encode().decode()))


class CharteredLog(PageLog):
    """Its entries at these indexes are as given, all others are pages."""

    def __init__(self, directory: Path, entries: dict[int, bytes], name: str = "a", common: int = 0) -> None:
        super().__init__(directory, name, common)
        self._entries = entries

    def entry(self, index: int) -> bytes:
        return self._entries.get(index) or super().entry(index)
