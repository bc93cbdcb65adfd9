"""What a witness must never forget: the checkpoint it cosigned last, of each log. One SQLite file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

_FORMAT = 1
"""`PRAGMA user_version` of the files written here."""

_CREATE = "CREATE TABLE cosigned (origin_hash TEXT PRIMARY KEY, note BLOB NOT NULL) WITHOUT ROWID"
_SELECT = "SELECT note FROM cosigned WHERE origin_hash = ?"
_STORE = "INSERT INTO cosigned VALUES (?, ?) ON CONFLICT (origin_hash) DO UPDATE SET note = excluded.note"

Connector = Callable[[str], Any]
"""Opens a database file and gives back a DB-API connection in autocommit mode, usable from any thread."""


class WitnessStoreError(Exception):
    """The store cannot be read or written: nothing was cosigned. Says what to do."""


def connect(path: str) -> sqlite3.Connection:
    """The connector of everyday use."""
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)


class WitnessStore:
    """One note a log, replaced in one transaction, durable before `advance` returns, whoever else has the file open.

    Raises WitnessStoreError.
    """

    def __init__(self, path: Path, connector: Connector = connect) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._connection = connector(str(path))
            cursor = self._connection.cursor()
            for pragma in ("journal_mode = WAL", "synchronous = FULL"):
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("PRAGMA user_version")
            ((found,),) = cursor.fetchall()
            if found == 0:
                cursor.execute(_CREATE)
                cursor.execute(f"PRAGMA user_version = {_FORMAT}")
            cursor.execute("COMMIT")
            # A new file is there after a crash only once its directory has been synced.
            directory = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error
        if found not in (0, _FORMAT):
            raise WitnessStoreError(f"{path}: format {found}, and this version of Plainview reads format {_FORMAT}")

    def advance(self, origin_hash: str, follow: Callable[[bytes | None], bytes]) -> bytes:
        """Replace a log's note by what `follow` makes of it (None: there is none), and give that back.

        Nobody else reads or writes between the two. What `follow` raises goes through, and nothing is changed.
        """
        with self._lock:
            cursor = self._connection.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                try:
                    note = follow(self._read(cursor, origin_hash))
                    cursor.execute(_STORE, (origin_hash, note))
                    cursor.execute("COMMIT")
                except BaseException:
                    # A full disk may have ended the transaction already.
                    with suppress(sqlite3.Error):
                        cursor.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._failed(error) from error
            return note

    def note(self, origin_hash: str) -> bytes | None:
        """A log's note, None where there is none."""
        with self._lock:
            try:
                return self._read(self._connection.cursor(), origin_hash)
            except sqlite3.Error as error:
                raise self._failed(error) from error

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()

    def _read(self, cursor: Any, origin_hash: str) -> bytes | None:
        cursor.execute(_SELECT, (origin_hash,))
        rows = cursor.fetchall()
        return bytes(rows[0][0]) if rows else None

    def _failed(self, error: Exception) -> WitnessStoreError:
        return WitnessStoreError(f"{self._path}: {error}; nothing was cosigned. Check the disk")
