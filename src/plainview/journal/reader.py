"""Reading the journal: every record is checked against its leaf, the leaf's hash and its commitment."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from plainview.journal.entry import Entry, JournalDamaged
from plainview.journal.keys import guarded, key_of, of_rows, unguarded
from plainview.journal.sealer import Sealer
from plainview.ledger.hashing import HASH_SIZE, leaf_hash
from plainview.records import KINDS, PUBLIC, Record, RecordError, decode, owner_of, read
from plainview.records.digests import commitment
from plainview.records.fields import to_bytes
from plainview.records.leaf import personal_leaf, public_leaf
from plainview.storage.records import RecordStore, Row, StoreDamaged


class JournalReader:
    """The journal in `store`, for reading. May be used from many threads.

    Everything it gives back was decoded strictly and checked; JournalDamaged says which record is not what was
    appended, and at which stage that shows.
    """

    def __init__(self, store: RecordStore, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    @property
    def size(self) -> int:
        """One past the index of the last record."""
        try:
            return self._store.size()
        except StoreDamaged as error:
            raise JournalDamaged(error.index, "row", error.detail) from error

    @property
    def last_time(self) -> int:
        """Journal time of the last record; 0 for an empty journal."""
        size = self.size
        return self.entry(size - 1).time if size else 0

    def read(self, start: int = 0, stop: int | None = None, *, trusting: bool = False) -> Iterator[Entry]:
        """Records with start <= index < stop, none left out.

        `trusting` leaves out the checks of hashes and spelling. It is for serving, which checked these records when
        it wrote them; whoever verifies or replays never sets it.
        """
        place = start = max(start, 0)
        stop = self._stop(stop)
        for row in self._rows(self._store.rows(start, stop)):
            if row.index != place:
                break
            yield self._entry(row, trusting)
            place += 1
        if place < stop:
            raise self._gap(place)

    def entry(self, index: int, *, trusting: bool = False) -> Entry:
        """One record. Raises IndexError where the journal does not reach that far."""
        if not 0 <= index < self.size:
            raise IndexError(f"record {index}: the journal has {self.size}")
        return next(self.read(index, index + 1, trusting=trusting))

    def some(self, indexes: Collection[int], *, trusting: bool = False) -> list[Entry]:
        """Records with these indexes, in index order, those left out that are not there."""
        try:
            rows = self._store.some(indexes)
        except StoreDamaged as error:
            raise JournalDamaged(error.index, "row", error.detail) from error
        return [self._entry(row, trusting) for row in rows]

    def owned(self, owner: str, start: int = 0, stop: int | None = None, *, trusting: bool = False) -> Iterator[Entry]:
        """One owner's records, in index order."""
        for row in self._rows(self._store.owned(owner, start, self._stop(stop))):
            yield self._entry(row, trusting)

    def history(self, owner: str, start: int = 0, stop: int | None = None) -> list[tuple[int, Record]]:
        """One owner's records with their indexes, trusting as `read` says: for folding them as fast as may be."""
        rows = self._rows(self._store.owned(owner, start, self._stop(stop)))
        return [(row.index, self._opened(row, trusting=True)[0]) for row in rows]

    def owners(self, owners: Collection[str], stop: int) -> set[str]:
        """Those of `owners` that have a record with index < stop."""
        return self._store.owners(owners, stop)

    def of_kind(
        self,
        kind: str,
        start: int = 0,
        stop: int | None = None,
        *,
        newest_first: bool = False,
        trusting: bool = False,
    ) -> Iterator[Entry]:
        """Records of one kind."""
        for row in self._rows(self._store.of_kind(kind, start, self._stop(stop), newest_first)):
            yield self._entry(row, trusting)

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        """The hashes of the leaves of records `start` to `stop`, as they were written. None of them is missing."""
        hashes = self._whole(self._store.hashes(start, stop), start, stop)
        for place, one in enumerate(hashes, start):
            if type(one) is not bytes or len(one) != HASH_SIZE:
                raise JournalDamaged(place, "hash", f"no hash but {one!r:.60}")
        return hashes

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves of records `start` to `stop`, as they were written. None of them is missing."""
        leaves = self._whole(self._store.leaves(start, stop), start, stop)
        for place, one in enumerate(leaves, start):
            if type(one) is not bytes:
                raise JournalDamaged(place, "leaf", f"no byte string but {one!r:.60}")
        return leaves

    def find(self, key: bytes) -> int | None:
        """The index of the record with this key (`journal.keys`)."""
        for index, _ in self._store.find([guarded(key)]).values():
            return index
        return None

    def rows_of(self, origin: str) -> int:
        """How many videos, histories and impressions of an import there are, by their keys."""
        return sum(self._store.count(first, last) for first, last in of_rows(origin))

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _stop(self, stop: int | None) -> int:
        size = self.size
        return size if stop is None else min(stop, size)

    def _whole(self, found: list[bytes], start: int, stop: int) -> list[bytes]:
        if len(found) != stop - start:
            place = start + len(found)
            raise JournalDamaged(place, "index", f"records {start} to {stop - 1} are not all there")
        return found

    def _gap(self, place: int) -> JournalDamaged:
        """What to say where record `place` is missing: up to the next one that is there."""
        after = size = self.size
        try:
            after = next((row.index for row in self._store.rows(place, size)), size)
        except StoreDamaged as error:
            after = error.index
        missing = f"records {place} to {after - 1} are missing" if after > place + 1 else "no record has this index"
        return JournalDamaged(place, "index", missing, after)

    def _rows(self, rows: Iterator[Row]) -> Iterator[Row]:
        try:
            yield from rows
        except StoreDamaged as error:
            raise JournalDamaged(error.index, "row", error.detail) from error

    def _entry(self, row: Row, trusting: bool) -> Entry:
        index, time, kind, owner, key, leaf, hash_, _ = row
        record, salt, body = self._opened(row, trusting)
        public = kind in PUBLIC
        if trusting:
            return Entry(index, time, kind, owner, record, salt, None if public else _committed(index, leaf))
        committed = None if public else commitment(salt, body)
        expected = public_leaf(kind, record) if committed is None else personal_leaf(kind, committed)
        if leaf != expected or hash_ != leaf_hash(expected):
            raise _mismatch(index, leaf, hash_, expected)
        if time != record.time:  # type: ignore[attr-defined]
            raise JournalDamaged(index, "time", f"{time!r} in the row, {record.time} in the body")  # type: ignore[attr-defined]
        if owner != owner_of(record):
            raise JournalDamaged(index, "owner", f"{owner!r} in the row, {owner_of(record)!r} by the body")
        self._check_key(index, key, record)
        return Entry(index, time, kind, owner, record, salt, committed)

    def _opened(self, row: Row, trusting: bool) -> tuple[Record, bytes, bytes]:
        """The record of `row`, its salt and its body."""
        index, kind, body = row.index, row.kind, row.body
        struct = KINDS.get(kind)
        if struct is None:
            raise JournalDamaged(index, "kind", f"there is no kind {kind!r}")
        if type(body) is not bytes:
            raise JournalDamaged(index, "row", f"its body is no byte string but {body!r}")
        salt = b""
        if kind not in PUBLIC:
            try:
                salt, body = self._sealer.open(row.owner, kind, body)
            except ValueError as error:
                raise JournalDamaged(index, "seal", str(error)) from error
        try:
            return (read if trusting else decode)(struct, body), salt, body
        except (RecordError, TypeError) as error:
            raise JournalDamaged(index, "body", str(error)) from error

    def _check_key(self, index: int, stored: bytes | None, record: Record) -> None:
        natural = key_of(record)
        try:
            key = None if stored is None else unguarded(stored)
        except ValueError as error:
            raise JournalDamaged(index, "key", str(error)) from error
        if natural is not None and key != natural:
            raise JournalDamaged(index, "key", "not the key that the record's fields give it")


def _committed(index: int, leaf: bytes) -> bytes:
    """A personal leaf ends in `"c":"<43 characters>"}`."""
    try:
        return to_bytes(leaf[-45:-2].decode())
    except (AttributeError, TypeError, ValueError) as error:
        raise JournalDamaged(index, "leaf", f"no leaf but {leaf!r:.60}") from error


def _mismatch(index: int, leaf: bytes, hash_: bytes, expected: bytes) -> JournalDamaged:
    """Which of body, leaf and hash is the one at fault: where two of them agree, the third."""
    if leaf == expected:
        return JournalDamaged(index, "hash", "not the hash of the record's leaf")
    if type(leaf) is bytes and leaf_hash(leaf) == hash_:
        return JournalDamaged(index, "commitment", "the body or its salt is not what the leaf stands for")
    return JournalDamaged(index, "leaf", "neither what the body commits to nor what was hashed")
