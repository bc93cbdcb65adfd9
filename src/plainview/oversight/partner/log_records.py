"""The log's records as a partner's directory has them: each held against the mirrored log as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from plainview.journal import JournalDamaged, JournalReader, PlainSealer
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.notes import parse_note
from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.directory import MIRROR, DirectoryError
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.public_entries import public_kind, public_record
from plainview.records import KINDS, PUBLIC, Record
from plainview.storage import SqliteRecords, StoreAbsent

BATCH = 4096
"""Records read together."""


class LogRecord(NamedTuple):
    """A record of the log; None for a private one that was not opened."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    kind: str
    record: Record | None
    commitment: bytes | None
    entry: bytes


class LogRecords:
    """The mirrored log's records: opened as far as the copy of the journal goes, and from there on the public ones."""

    def __init__(self, path: Path, mirrored: Mirrored) -> None:
        self._mirrored = mirrored
        self._journal: JournalReader | None = None
        with suppress(StoreAbsent):  # nothing was opened yet
            self._journal = JournalReader(SqliteRecords(path, writing=False), PlainSealer())
        self.size = min(self._journal.size if self._journal else 0, mirrored.checkpoint.size)
        """Records that are opened."""

    def records(self) -> Iterator[LogRecord]:
        """All of them, in index order."""
        for start in range(0, self.size, BATCH):
            yield from self._opened(start, min(start + BATCH, self.size))
        size = self._mirrored.checkpoint.size
        for index, entry in enumerate(self._mirrored.entries(self.size, size), self.size):
            yield self._unopened(index, entry)

    def close(self) -> None:
        """Give the copy back."""
        if self._journal is not None:
            self._journal.close()

    def _opened(self, start: int, stop: int) -> Iterator[LogRecord]:
        assert self._journal is not None
        leaves, entries = self._journal.leaves(start, stop), self._journal.read(start, stop)
        # Reading holds a record against its leaf; here each leaf is held against the log.
        for index, (leaf, mirrored) in enumerate(zip(leaves, self._mirrored.entries(start, stop), strict=True), start):
            try:
                entry = next(entries)
            except JournalDamaged as error:
                if error.stage != "key" or leaf != mirrored:
                    raise
                # The log has its key twice, and the copy keeps the second without: replay tells it.
                yield self._unopened(index, leaf)
                entries = self._journal.read(index + 1, stop)
                continue
            if leaf != mirrored:
                raise ProofError(f"record {index} of the partner's copy is not what the mirrored log has there")
            yield LogRecord(index, entry.kind, entry.record, entry.commitment, leaf)

    def _unopened(self, index: int, entry: bytes) -> LogRecord:
        if (kind := public_kind(entry)) in PUBLIC:
            with suppress(FormatError):  # the copy ends before such a one, and a finding says why
                return LogRecord(index, kind, public_record(kind, KINDS[kind], entry), None, entry)
        return LogRecord(index, "", None, None, entry)


def mirrored_in(path: Path) -> Mirrored:
    """The log as a partner's directory mirrors it. Raises DirectoryError where nothing was followed yet."""
    files = MirrorFiles(path / MIRROR)
    data = files.read(CHECKPOINT)
    if data is None:
        raise DirectoryError(f"{path}: no log was followed from here yet; `plainview oversee run` does")
    return Mirrored(files, parse_note(data))
