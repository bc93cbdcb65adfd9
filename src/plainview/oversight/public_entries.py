"""Entries of a log whose fields are public, as the records that they are the leaves of."""

from __future__ import annotations

from typing import TypeVar

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import printable
from plainview.records.codec import Record, decode
from plainview.records.fields import DASHES
from plainview.records.leaf import public_leaf

_R = TypeVar("_R", bound=Record)


def is_of_kind(kind: str, entry: bytes) -> bool:
    """Whether an entry begins as the leaf of that kind of record."""
    return entry.startswith(_beginning(kind))


def public_record(kind: str, struct: type[_R], entry: bytes) -> _R:
    """The record whose leaf an entry is; FormatError where it is none."""
    head = b'%s"c":"%s","p":' % (_beginning(kind), DASHES.encode())
    try:
        record = decode(struct, entry[len(head) : -1])
        spelled = public_leaf(kind, record)
    except ValueError as error:
        raise FormatError(f"is no {kind} ({printable(str(error))})") from error
    if spelled != entry:
        raise FormatError(f"is no {kind}, as public leaves spell it")
    return record


def _beginning(kind: str) -> bytes:
    return b'{"k":"%s",' % kind.encode()
