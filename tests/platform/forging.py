"""Changing what a home stores behind its back: a bit, a record with everything that covers it made to fit, objects."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from plainview.journal.keys import guarded, key_of
from plainview.ledger.hashing import leaf_hash
from plainview.platform.home import LOG
from plainview.platform.log.opening import KEY
from plainview.records import KIND_OF, KINDS, PUBLIC, Record, decode, encode, owner_of
from plainview.records.digests import commitment
from plainview.records.leaf import personal_leaf, public_leaf
from plainview.storage.sqlite import DATABASE

SALT = 32


def copied(home: Path, target: Path) -> Path:
    """A copy of a home's journal and its log's key: no object, projection, kernel or checkpoint goes with it."""
    target.mkdir(parents=True)
    with sqlite3.connect(home / DATABASE) as source, sqlite3.connect(target / DATABASE) as copy:
        source.backup(copy)
    copy.close()
    source.close()
    (target / LOG).mkdir()
    shutil.copy(home / LOG / KEY, target / LOG)
    return target


def execute(home: Path, statement: str, *values: object) -> Any:
    """Do `statement` to the journal. Returns the row it gives, if any, or how many it changed."""
    with sqlite3.connect(home / DATABASE) as store:
        cursor = store.execute(statement, values)
        found = cursor.fetchone() if cursor.description else cursor.rowcount
    store.close()
    return found


def damage(home: Path, index: int) -> None:
    """Have no body of record `index` be left."""
    assert execute(home, "UPDATE records SET body = x'00' WHERE idx = ?", index) == 1


def flip(home: Path, index: int, column: str, bit: int) -> None:
    """Flip one bit of what is stored in one column of record `index` (bit 0: the lowest of the first byte)."""
    (value,) = execute(home, f"SELECT {column} FROM records WHERE idx = ?", index)
    if isinstance(value, int):
        changed: object = value ^ (1 << bit)
    else:
        data = bytearray(value.encode() if isinstance(value, str) else value)
        data[bit // 8 % len(data)] ^= 1 << (bit % 8)
        changed = bytes(data).decode("latin-1") if isinstance(value, str) else bytes(data)
    execute(home, f"UPDATE records SET {column} = ? WHERE idx = ?", changed, index)


def forge(home: Path, index: int, **fields: object) -> None:
    """Give record `index` other fields, and make its leaf, hash, commitment and key fit."""
    kind, stored = execute(home, "SELECT kind, body FROM records WHERE idx = ?", index)
    record = decode(KINDS[kind], stored if kind in PUBLIC else stored[SALT:])
    substitute(home, index, msgspec.structs.replace(record, **fields))


def substitute(home: Path, index: int, record: Record) -> None:
    """Put another record in place of record `index`, with a leaf, hash, commitment and key that fit."""
    kind, body = KIND_OF[type(record)], encode(record)
    salt = b"" if kind in PUBLIC else bytes(range(SALT))
    leaf = public_leaf(kind, record) if kind in PUBLIC else personal_leaf(kind, commitment(salt, body))
    key = key_of(record)
    time = record.time  # type: ignore[attr-defined]
    row = (time, kind, owner_of(record), key and guarded(key), leaf, leaf_hash(leaf), salt + body, index)
    execute(
        home,
        "UPDATE records SET time = ?, kind = ?, owner = ?, key = ?, leaf = ?, hash = ?, body = ? WHERE idx = ?",
        *row,
    )


def lose_objects(home: Path) -> None:
    shutil.rmtree(home / "objects")


def lose_projections(home: Path) -> None:
    shutil.rmtree(home / "projections")


def lose_all(home: Path) -> None:
    """All that is not the journal."""
    lose_objects(home)
    lose_projections(home)
