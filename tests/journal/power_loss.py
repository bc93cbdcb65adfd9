"""A disk under SQLite that forgets unsynced writes.

A VFS (apsw) records what SQLite does to its files while a store runs on it; `image` then gives the files as a machine
could find them that went off after any of those operations.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import apsw.ext

SECTOR = 512


class Operation(NamedTuple):
    """One thing SQLite did: `write`, `truncate`, `sync`, `delete`. Or `acknowledge`: the test was told of a size."""

    what: str
    file: str = ""
    offset: int = 0
    """For `truncate` the new size; for `delete` 1 where the directory was synced; for `acknowledge` the size."""
    data: bytes = b""


class RecordingVFS(apsw.VFS):
    """The host's own files, with every change noted in `log`."""

    def __init__(self, name: str, log: list[Operation]) -> None:
        self._log = log
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        return _RecordingFile(self._log, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._log.append(Operation("delete", Path(filename).name, int(syncdir)))


class _RecordingFile(apsw.VFSFile):
    def __init__(self, log: list[Operation], name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._log = log
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._log.append(Operation("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._log.append(Operation("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._log.append(Operation("sync", self._name))


class _File:
    """One file under a name; deleted and made again, the name has another."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.unsynced: list[Operation] = []

    def sync(self) -> None:
        for operation in self.unsynced:
            _apply(self.synced, operation)
        self.unsynced.clear()

    def found(self, luck: float, chance: random.Random) -> bytes:
        """Its bytes after the crash: each unsynced change came through with probability `luck`, some of them torn."""
        data = bytearray(self.synced)
        for operation in self.unsynced:
            if chance.random() < luck:
                _apply(data, _torn(operation, chance))
        return bytes(data)


def image(log: Sequence[Operation], chance: random.Random) -> dict[str, bytes]:
    """The files after a crash: what was synced, and of the rest whatever `chance` lets through, torn where it likes.

    SQLite syncs the directory with the first sync of a journal or WAL, and with some deletions. Until then a name may
    stand for what it stood for before.
    """
    names: dict[str, list[_File | None]] = {}
    for operation in log:
        if operation.what == "acknowledge":
            continue
        # What the name may stand for: the last of these is what programs see, the first what is surely on disk.
        known = names.setdefault(operation.file, [None])
        if operation.what == "delete":
            known.append(None)
            if operation.offset:
                _sync_names(names)
            continue
        if known[-1] is None:
            known.append(_File())
        file = known[-1]
        assert file is not None
        if operation.what == "sync":
            file.sync()
            if len(known) > 1:
                _sync_names(names)
        else:
            file.unsynced.append(operation)
    luck = chance.choice((0.0, 0.5, 0.9, 1.0))
    files = {name: chance.choice(known) for name, known in names.items()}
    return {name: file.found(luck, chance) for name, file in files.items() if file is not None}


def _sync_names(names: dict[str, list[_File | None]]) -> None:
    for known in names.values():
        del known[:-1]


def _torn(operation: Operation, chance: random.Random) -> Operation:
    if operation.what != "write" or chance.random() < 0.7:
        return operation
    start = chance.randrange(0, len(operation.data), SECTOR)
    stop = chance.randint(start, len(operation.data))
    return Operation("write", operation.file, operation.offset + start, operation.data[start:stop])


def _apply(data: bytearray, operation: Operation) -> None:
    if operation.what == "truncate":
        del data[operation.offset :]
    data.extend(bytes(max(0, operation.offset - len(data))))
    data[operation.offset : operation.offset + len(operation.data)] = operation.data


class Connection:
    """As much of a DB-API connection as the store uses, on an apsw connection in autocommit mode."""

    def __init__(self, path: str, vfs: str) -> None:
        self._connection = apsw.Connection(path, vfs=vfs)
        self._connection.set_busy_timeout(30_000)

    def cursor(self) -> Cursor:
        return Cursor(self._connection)

    def commit(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def create_function(self, *_: Any, **__: Any) -> None:
        """SQLAlchemy offers a REGEXP; the store has no use for it."""

    def close(self) -> None:
        self._connection.close()


class Cursor:
    arraysize = 1
    rowcount = -1
    lastrowid = None

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.description: Any = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        found = apsw.ext.query_info(self._connection, statement).description
        self.description = [(name, *[None] * 6) for name, _ in found] or None
        self._cursor.execute(statement, parameters)

    def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        self.description = None
        self._cursor.executemany(statement, parameters)

    def fetchone(self) -> Any:
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    def close(self) -> None:
        self._cursor.close()
