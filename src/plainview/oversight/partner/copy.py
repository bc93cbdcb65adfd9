"""The partner's copy of the journal: only what the mirrored log has, every record held against its leaf before it is
kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from plainview.journal import JournalReader, PlainSealer
from plainview.journal.frames import Frame
from plainview.journal.keys import guarded, key_of
from plainview.ledger.errors import FormatError
from plainview.ledger.hashing import leaf_hash
from plainview.oversight.public_entries import public_kind, public_record
from plainview.records import KINDS, PUBLIC, Record, RecordError, decode, encode, owner_of
from plainview.records.digests import commitment
from plainview.records.leaf import personal_leaf
from plainview.storage import RecordStore, Row

BATCH = 4096
"""Entries taken up together at most."""

_PERSONAL = re.compile(rb'\{"k":"(?:page|personal)","c":"[A-Za-z0-9_-]{43}"\}')

Open = Callable[[int, int], Sequence[Frame]]
"""Gives the records from an index on, at least one and not more than until the other (`opening.Records.open`)."""


class Unfit(Exception):
    """What was opened is not what the log has at that index, or no record at all: it was not kept."""

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(f"record {index}: {detail}")
        self.index = index
        self.detail = detail


class JournalCopy:
    """A journal in `store`, which holds records 0 to its size of the log and nothing else. One thread takes."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self.journal = JournalReader(store, PlainSealer())
        """For reading, from any thread."""

    @property
    def size(self) -> int:
        """Records that are here."""
        return self._store.size()

    def take(self, entries: Sequence[bytes], open_: Open) -> int:
        """Take up the log's entries that follow, as many as one opening gives. Returns how many.

        `open_` is asked for private records alone, and for what lies between them. Raises Unfit, with all before that
        record kept, and what `open_` raises.
        """
        entries = entries[:BATCH]
        start = self.size
        private = [at for at, entry in enumerate(entries) if _PERSONAL.fullmatch(entry)]
        first = private[0] if private else len(entries)
        frames = list(open_(start + first, start + private[-1] + 1)) if private else []
        rows: list[Row] = []
        unfit: Unfit | None = None
        for at, entry in enumerate(entries):
            if private and first + len(frames) <= at <= private[-1]:
                break  # asked for the next time
            frame = frames[at - first] if first <= at < first + len(frames) else None
            try:
                rows.append(_row(start + at, entry, frame))
            except (FormatError, RecordError, ValueError) as error:
                unfit = Unfit(start + at, str(error))
                break
        self._keep(rows)
        if unfit is not None:
            raise unfit
        return len(rows)

    def close(self) -> None:
        """Give the store back."""
        self._store.close()

    def _keep(self, rows: list[Row]) -> None:
        """A key that was there already is left out: reading says then that the record has not its key."""
        known = set(self._store.find([row.key for row in rows if row.key is not None]))
        unique = []
        for row in rows:
            unique.append(row if row.key not in known else row._replace(key=None))
            if row.key is not None:
                known.add(row.key)
        self._store.append(unique)


def _row(index: int, entry: bytes, frame: Frame | None) -> Row:
    """The record whose leaf the entry is. Raises FormatError, RecordError and ValueError where it is none."""
    kind = public_kind(entry)
    if kind is not None:
        if kind not in PUBLIC:
            raise FormatError(f"the log has a public entry of the kind {kind}, which is none")
        record: Record = public_record(kind, KINDS[kind], entry)
        return _made(index, kind, record, entry, encode(record))
    if not _PERSONAL.fullmatch(entry):
        raise FormatError("the log has an entry that is no record's")
    assert frame is not None
    if frame.kind not in KINDS or frame.kind in PUBLIC:
        raise FormatError(f"it was opened as {frame.kind!a:.40}, which is no private kind")
    record = decode(KINDS[frame.kind], frame.body)
    if personal_leaf(frame.kind, commitment(frame.salt, frame.body)) != entry:
        raise FormatError("what was opened is not what its leaf commits to")
    return _made(index, frame.kind, record, entry, PlainSealer().seal("", frame.kind, frame.salt, frame.body))


def _made(index: int, kind: str, record: Record, entry: bytes, body: bytes) -> Row:
    key = key_of(record)
    time: int = record.time  # type: ignore[attr-defined]
    stored = None if key is None else guarded(key)
    return Row(index, time, kind, owner_of(record), stored, entry, leaf_hash(entry), body)
