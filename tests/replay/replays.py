"""Homes whose journals are read and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plainview.journal import Entry, JournalReader, PlainSealer
from plainview.platform.releases import installed, installed_digest
from plainview.records.fields import to_text
from plainview.replay.findings import Report
from plainview.replay.replay import Replay
from plainview.storage import SqliteRecords

OTHER = to_text(bytes(31) + b"\1")
"""No digest of anything."""


@contextmanager
def reading(home: Path) -> Iterator[JournalReader]:
    journal = JournalReader(SqliteRecords(home, writing=False), PlainSealer())
    try:
        yield journal
    finally:
        journal.close()


def replayed(home: Path, only: int | None = None, digest: str | None = None, **options: Any) -> Report:
    with reading(home) as journal:
        return Replay(journal, installed().configuration, digest or installed_digest(), **options).run(only)


def of(entries: list[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]
