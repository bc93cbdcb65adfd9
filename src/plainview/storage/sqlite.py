"""Rows in one SQLite file: WAL, `synchronous=FULL`, one writing process, readers on any thread and in any process."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from plainview.storage.filesystem import HostFileSystem, make_durable
from plainview.storage.records import Row, StoreAbsent, StoreDamaged, StoreError, StoreFailed, StoreFull, StoreLocked

DATABASE = "journal.sqlite"
LOCK = "journal.lock"
REST_COMMITS = 128
"""Appends after which a rest moves the WAL into the database: of pages alone 4 MB, in 10 ms."""
CHECKPOINT_PAGES = 8192
"""Pages (of 4 KiB) in the WAL before an append moves them itself, and waits for it: where there was no rest, as under
eight clients in a closed loop.

While the file is open, only the writer's connection moves it. Where another does, SQLite before 3.51.3 can begin the
WAL anew under its hands, and lose what was committed (sqlite.org/wal.html#walresetbug)."""

_logger = logging.getLogger(__name__)

_FORMAT = 1
"""`PRAGMA user_version` of the files this engine writes."""
_CHUNK = 512
"""Rows read at a time, so that no reader holds a transaction for long (one that does keeps the WAL from shrinking)."""
_KEYS = (500, 20, 1)
"""Keys looked up in one statement: a few fixed numbers, so that SQLite parses each statement once."""

_metadata = MetaData()
_records = Table(
    "records",
    _metadata,
    Column("idx", Integer, primary_key=True),
    Column("time", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("key", LargeBinary),
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
# SQLite appends the rowid, our idx, to every index entry: these are ordered by (owner, idx) and (kind, idx).
Index("records_owner", _records.c.owner)
Index("records_kind", _records.c.kind)
Index("records_key", _records.c.key, unique=True, sqlite_where=_records.c.key.is_not(None))

_BOUNDS = "SELECT (SELECT min(idx) FROM records), (SELECT max(idx) FROM records)"
_INDEX = 2**63 - 1

_INSERT = f"INSERT INTO records ({', '.join(_records.c.keys())}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_RANGE = "{}idx >= ? AND idx < ? ORDER BY idx{} LIMIT ?"
_ALL = _RANGE.format("", "")
_SOME = "idx IN (SELECT value FROM json_each(?)) ORDER BY idx"
_OWNED = _RANGE.format("owner = ? AND ", "")
_OF_KIND = _RANGE.format("kind = ? AND ", "")
_OF_KIND_BACKWARD = _RANGE.format("kind = ? AND ", " DESC")
_SELECT = f"SELECT {', '.join(_records.c.keys())} FROM records WHERE "
# One seek in the index of owners for each, however many records they have.
_OWNERS = "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM records WHERE owner = value AND idx < ?)"
_FIND = {n: f"SELECT key, idx, time FROM records WHERE key IN ({', '.join('?' * n)})" for n in _KEYS}

_UNREADABLE = (DatabaseError, sqlite3.Error, UnicodeDecodeError)
"""What a file that is damaged raises: the last where SQLite's own message quotes it."""

Connector = Callable[[str], Any]
"""Opens a database file and gives back a DB-API connection in autocommit mode, usable from any thread."""


def connect(path: str) -> sqlite3.Connection:
    """The connector of everyday use. `path` may be a URI."""
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False, uri=True)


class SqliteRecords:
    """The embedded `RecordStore`, in the directory `directory`.

    Opened for writing it makes what is missing and holds a lock on the directory; opened for reading it changes
    nothing, and follows what another process writes. Where the directory cannot be written to and nobody has the file
    open, it is read as one that stays as it is, and StoreFailed raised once it does not.

    Raises StoreLocked where another has it open for writing, StoreAbsent where there is nothing to read, StoreError
    where the file was written by a version this one does not know, or may not be read, or not from where it lies.
    """

    def __init__(
        self,
        directory: Path,
        *,
        writing: bool,
        connector: Connector = connect,
        rest_commits: int = REST_COMMITS,
        checkpoint_pages: int = CHECKPOINT_PAGES,
    ) -> None:
        path = directory / DATABASE
        self._path = path
        self._lock: int | None = None
        self._commits, self._rest_commits = 0, rest_commits
        self._wal_stays = ""
        """Why the last rest could not move it; empty where it could."""
        self._closed = False
        if writing:
            if _others(path):
                raise self._foreign()
            make_durable(HostFileSystem(), directory.absolute())
            self._lock = _lock(directory / LOCK)
        elif not path.exists():
            raise self._absent()
        where, self._fixed = str(path), None
        if not writing and _fixed(path):
            where, self._fixed = f"{path.absolute().as_uri()}?immutable=1", _stamp(path)
        try:
            self._engine = create_engine(
                "sqlite://",
                creator=lambda: connector(where),
                poolclass=QueuePool,
                pool_size=8,
                max_overflow=-1,
                pool_reset_on_return=None,  # connections are in autocommit mode: there is nothing to roll back
            )
            event.listen(self._engine, "connect", _prepare_writing if writing else _prepare_reading)
            self._appending = threading.Lock()
            self._writer = self._engine.connect() if writing else None
            if self._writer is not None:
                self._create(self._writer, directory, checkpoint_pages)
            self._check_format()
            self._size = self._count() if writing else 0
        except BaseException as error:
            self.close()
            if isinstance(error, _UNREADABLE):
                raise self._unreadable(error) from error
            raise

    def append(self, rows: Sequence[Row]) -> None:
        """See `RecordStore.append`. Raises StoreError where the store was opened for reading."""
        writer = self._writer
        if writer is None:
            raise StoreError(f"{self._path}: opened for reading only")
        with self._appending:
            for place, row in enumerate(rows, self._size):
                if row.index != place:
                    raise ValueError(f"row {row.index} does not continue the journal: {place} is next")
            if not rows:
                return
            try:
                # Through the driver: for a single row, SQLAlchemy's own work would be most of what an append costs.
                cursor = writer.connection.cursor()
                cursor.execute("BEGIN IMMEDIATE")
                cursor.executemany(_INSERT, rows)
                cursor.execute("COMMIT")
                cursor.close()
            except sqlite3.Error as error:
                raise self._failure(writer, error) from error
            self._size += len(rows)
            self._commits += 1

    def rest(self) -> None:
        """See `RecordStore.rest`."""
        if self._writer is None or self._closed or self._commits < self._rest_commits:
            return
        with self._appending:
            said = ""
            try:
                with closing(self._writer.connection.cursor()) as cursor:
                    cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    cursor.fetchall()
            except _UNREADABLE as error:
                said = str(error)
            if said and said != self._wal_stays:
                # Nothing is lost, and appends go on: but SQLite tells them nothing of it.
                _logger.warning("%s: its WAL grows, for it cannot be moved (%s); check the disk", self._path, said)
            self._wal_stays = said
            self._commits = 0

    def size(self) -> int:
        """One past the last row's index."""
        return self._size if self._writer is not None else self._count()

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Rows with start <= index < stop."""
        return self._scan(_ALL, (), start, stop)

    def some(self, indexes: Collection[int]) -> list[Row]:
        """Rows with these indexes, in index order, without those that are not there."""
        return self._fetch(_SOME, (json.dumps(list(indexes)),))

    def owned(self, owner: str, start: int, stop: int) -> Iterator[Row]:
        """Rows of one owner with start <= index < stop."""
        return self._scan(_OWNED, (owner,), start, stop)

    def owners(self, owners: Collection[str], stop: int) -> set[str]:
        """Those of `owners` that have a row with index < stop."""
        if not owners:
            return set()
        with self._reading() as cursor:
            cursor.execute(_OWNERS, (json.dumps(list(owners)), stop))
            return {owner for (owner,) in cursor.fetchall()}

    def of_kind(self, kind: str, start: int, stop: int, newest_first: bool = False) -> Iterator[Row]:
        """Rows of one kind with start <= index < stop."""
        return self._scan(_OF_KIND_BACKWARD if newest_first else _OF_KIND, (kind,), start, stop, newest_first)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaves of rows with start <= index < stop."""
        return self._column("leaf", start, stop)

    def hashes(self, start: int, stop: int) -> list[bytes]:
        """Their hashes."""
        return self._column("hash", start, stop)

    def find(self, keys: Collection[bytes]) -> dict[bytes, tuple[int, int]]:
        """Index and time of the rows with those of `keys` that are there."""
        found: dict[bytes, tuple[int, int]] = {}
        wanted = list(keys)
        if not wanted:
            return found
        with self._reading() as cursor:
            while wanted:
                number = next(number for number in _KEYS if number <= len(wanted))
                cursor.execute(_FIND[number], wanted[:number])
                found.update((key, (index, time)) for key, index, time in cursor.fetchall())
                del wanted[:number]
        return found

    def count(self, first: bytes, last: bytes) -> int:
        """How many rows have a key with first <= key < last."""
        with self._reading() as cursor:
            cursor.execute("SELECT count(*) FROM records WHERE key >= ? AND key < ?", (first, last))
            ((number,),) = cursor.fetchall()
        return int(number)

    def close(self) -> None:
        """Give back files and locks."""
        if self._closed:
            return
        self._closed = True
        if getattr(self, "_writer", None) is not None:
            self._writer.close()  # type: ignore[union-attr]
        if hasattr(self, "_engine"):
            self._engine.dispose()
        if self._lock is not None:
            os.close(self._lock)

    def _create(self, writer: Connection, directory: Path, checkpoint_pages: int) -> None:
        # Owners fall anywhere in their index: the writer alone keeps much of it at hand.
        writer.exec_driver_sql("PRAGMA cache_size = -131072")
        writer.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        if _blank(writer):
            writer.exec_driver_sql("BEGIN IMMEDIATE")
            _metadata.create_all(writer)
            writer.exec_driver_sql(f"PRAGMA user_version = {_FORMAT}")
        writer.commit()
        # A new file is there after a crash only once its directory has been synced.
        HostFileSystem().sync(directory)

    def _check_format(self) -> None:
        with self._engine.connect() as connection:
            if _blank(connection):
                raise self._absent()
            found = connection.exec_driver_sql("PRAGMA user_version").scalar()
        if found == 0:
            raise self._foreign()
        if found != _FORMAT:
            raise StoreError(f"{self._path}: format {found}, and this version of Plainview reads format {_FORMAT}")

    def _foreign(self) -> StoreError:
        return StoreError(
            f"{self._path}: another program's database, or a journal whose beginning is damaged; "
            "use another directory, or restore a copy"
        )

    def _absent(self) -> StoreAbsent:
        what = "the file is empty; restore a copy" if self._path.exists() else "check the data directory"
        return StoreAbsent(f"{self._path}: there is no journal here; {what}, or write one first")

    def _count(self) -> int:
        with self._reading() as cursor:
            cursor.execute(_BOUNDS)
            ((first, last),) = cursor.fetchall()
        if first is not None and first < 0:
            # A flipped sign would otherwise make the last row vanish without a gap.
            unflipped = first & _INDEX
            raise StoreDamaged(unflipped if unflipped <= last + 1 else first, f"its index reads as {first}")
        return 0 if last is None else int(last) + 1

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        """A cursor of the driver's, whose errors come out as StoreFailed.

        SQLAlchemy keeps the connections; its own results would cost more than reading the rows does, all of it while
        no other thread can go on.
        """
        try:
            connection = self._engine.raw_connection()
            try:
                # Closed in any case: a traceback would keep it, and with it what it reads of.
                with closing(connection.cursor()) as cursor:
                    yield cursor  # type: ignore[misc]
            finally:
                connection.close()
        except _UNREADABLE as error:
            self._check_fixed()
            raise self._unreadable(error) from error
        self._check_fixed()

    def _check_fixed(self) -> None:
        """Nothing that was read may be believed, as sound or as damaged, once somebody has written to the file."""
        if self._fixed is not None and _stamp(self._path) != self._fixed:
            raise StoreFailed(f"{self._path}: somebody has written to it while it was read; read it again")

    def _scan(
        self, which: str, of: tuple[str, ...], start: int, stop: int, newest_first: bool = False
    ) -> Iterator[Row]:
        """Rows for which `which` holds: what follows WHERE, with `of`, start, stop and a limit as parameters."""
        size = self.size()
        start, stop = max(start, 0), min(stop, size)
        while start < stop:
            rows = self._fetch(which, (*of, start, stop, _CHUNK))
            yield from rows
            if len(rows) < _CHUNK:
                return
            if newest_first:
                stop = rows[-1].index
            else:
                start = rows[-1].index + 1

    def _column(self, name: str, start: int, stop: int) -> list[bytes]:
        with self._reading() as cursor:
            cursor.execute(f"SELECT {name} FROM records WHERE idx >= ? AND idx < ? ORDER BY idx", (start, stop))
            return [value for (value,) in cursor.fetchall()]

    def _fetch(self, which: str, parameters: tuple[str | int, ...]) -> list[Row]:
        try:
            with self._reading() as cursor:
                cursor.execute(_SELECT + which, parameters)
                return [Row._make(row) for row in cursor.fetchall()]
        except StoreFailed as failure:
            damaged = self._damaged(which, parameters)
            if damaged is None:
                raise
            raise damaged from failure.__cause__

    def _damaged(self, which: str, parameters: tuple[str | int, ...]) -> StoreDamaged | None:
        """Which row of those asked for cannot be read: SQLite does not say, so they are read one by one."""
        try:
            with self._reading() as cursor:
                cursor.execute(f"SELECT idx FROM records WHERE {which}", parameters)
                for (index,) in cursor.fetchall():
                    try:
                        cursor.execute(f"{_SELECT}idx = ?", (index,))
                        cursor.fetchall()
                    except (sqlite3.Error, UnicodeDecodeError) as error:
                        return StoreDamaged(index, str(error))
        except StoreFailed:
            pass
        return None

    def _unreadable(self, cause: Exception) -> StoreFailed:
        detail = getattr(cause, "orig", cause)
        return StoreFailed(f"{self._path}: cannot be read ({detail}); check the disk, or restore a copy")

    def _failure(self, writer: Connection, error: sqlite3.Error) -> Exception:
        try:
            cursor = writer.connection.cursor()
            if writer.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
                cursor.execute("ROLLBACK")
            cursor.close()
        except sqlite3.Error as second:
            return StoreFailed(f"{self._path}: {error}, and then {second}; check the disk and start again")
        if isinstance(error, sqlite3.IntegrityError):
            return ValueError(f"nothing was written: {error}")
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return StoreFull(f"{self._path}: no space left; nothing was written. Free some space and try again")
        return StoreFailed(f"{self._path}: {error}; check the disk and start again")


def _blank(connection: Connection) -> bool:
    """Whether the file is empty, or its making was broken off."""
    return connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0


def _others(path: Path) -> bool:
    """Whether another program made the file, as far as that shows without touching it.

    What the main file alone says is enough: a journal's own format is in it before any other program's table could be.
    """
    if not path.exists():
        return False
    with suppress(*_UNREADABLE), closing(connect(f"{path.absolute().as_uri()}?immutable=1")) as connection:
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        ((version,),) = connection.execute("PRAGMA user_version")
        return bool(tables and not version)
    return False


def _fixed(path: Path) -> bool:
    """Whether SQLite can only read the file as one that stays as it is.

    A file in WAL mode is read with a -shm file beside it. Whoever writes has made one; where there is none and none can
    be made, nobody has the file open, and all of it is there if nothing is left in a -wal file. Raises StoreError where
    something is: SQLite would leave it out.
    """
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path}: this user may not read it; have its owner allow it, or read a copy")
    wal, shm = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))
    if os.access(path.parent, os.W_OK) or (shm.exists() and wal.exists()):
        return False
    if wal.exists() and wal.stat().st_size:
        raise StoreError(
            f"{wal}: records are left in it that {path.name} does not have, and SQLite cannot take them up in a "
            "directory that cannot be written to; copy both files into one that can, and read them there"
        )
    return True


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Another one once the file was written to, or replaced; None where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").partition("\n")[0] or "unknown"
        os.close(descriptor)
        raise StoreLocked(
            f"{path.parent}: process {holder} has this journal open for writing; stop it, or use another directory"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


# No `mmap_size`: each connection maps the file anew, so that resident memory grows with the journal times the threads
# that read it; and where somebody writes, reading a viewer's 100 records through a map takes twice as long.
def _prepare_reading(connection: Any, _: object) -> None:
    _pragmas(connection, "query_only = ON", "cache_size = -8192", "mmap_size = 0")


def _prepare_writing(connection: Any, _: object) -> None:
    _pragmas(connection, "journal_mode = WAL", "synchronous = FULL", "cache_size = -8192", "mmap_size = 0")


def _pragmas(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
        cursor.fetchall()
    cursor.close()
