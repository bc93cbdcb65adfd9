"""Homes whose journals are read and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from plainview.journal import Entry, JournalReader, PlainSealer
from plainview.platform.releases import installed
from plainview.records.fields import to_text
from plainview.replay.findings import Report
from plainview.replay.installed import Installed
from plainview.replay.replay import Replay
from plainview.storage import Row, SqliteRecords

R = TypeVar("R", bound=JournalReader)

OTHER = to_text(bytes(31) + b"\1")
"""No digest of anything."""
KERNELS = Path(__file__).parents[2] / ".kernels"
"""Where those of bundles are kept from one run of the tests to the next."""


class Growing(JournalReader):
    """A journal as it was when it had `limit` records; counts those that are read."""

    limit = 0
    rows = 0

    @property
    def size(self) -> int:
        return min(self.limit, super().size)

    def _entry(self, row: Row, trusting: bool) -> Entry:
        self.rows += 1
        return super()._entry(row, trusting)


@contextmanager
def reading(home: Path, kind: type[R] = JournalReader) -> Iterator[R]:  # type: ignore[assignment]
    journal = kind(SqliteRecords(home, writing=False), PlainSealer())
    try:
        yield journal
    finally:
        journal.close()


def replayed(home: Path, only: int | None = None, release: Installed | None = None, **options: Any) -> Report:
    with reading(home) as journal:
        return Replay(journal, release or installed(), **options).run(only)


def of(entries: list[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]
