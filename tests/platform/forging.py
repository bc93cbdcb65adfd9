"""Changing a stored journal behind its back: one bit, or a whole record with everything that covers it made to fit."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

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


def flip(home: Path, index: int, column: str, bit: int) -> None:
    """Flip one bit of what is stored in one column of record `index` (bit 0: the lowest of the first byte)."""
    with sqlite3.connect(home / DATABASE) as store:
        (value,) = store.execute(f"SELECT {column} FROM records WHERE idx = ?", (index,)).fetchone()
        if isinstance(value, int):
            changed: object = value ^ (1 << bit)
        else:
            data = bytearray(value.encode() if isinstance(value, str) else value)
            data[bit // 8 % len(data)] ^= 1 << (bit % 8)
            changed = bytes(data).decode("latin-1") if isinstance(value, str) else bytes(data)
        store.execute(f"UPDATE records SET {column} = ? WHERE idx = ?", (changed, index))
    store.close()


def forge(home: Path, index: int, **fields: object) -> None:
    """Give record `index` other fields, and make its leaf, hash, commitment and key fit."""
    with sqlite3.connect(home / DATABASE) as store:
        kind, stored = store.execute("SELECT kind, body FROM records WHERE idx = ?", (index,)).fetchone()
    store.close()
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
    with sqlite3.connect(home / DATABASE) as store:
        store.execute(
            "UPDATE records SET time = ?, kind = ?, owner = ?, key = ?, leaf = ?, hash = ?, body = ? WHERE idx = ?", row
        )
    store.close()


def bare(home: Path) -> None:
    """Delete all that is not the journal."""
    for name in ("objects", "projections"):
        shutil.rmtree(home / name, ignore_errors=True)
