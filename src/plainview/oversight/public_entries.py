"""Entries of a log whose fields are public, as the records that they are the leaves of."""

from __future__ import annotations

import re
from typing import TypeVar

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import printable
from plainview.records.act import Act
from plainview.records.codec import Record, decode
from plainview.records.fields import DASHES
from plainview.records.leaf import public_leaf
from plainview.records.order import Order

_R = TypeVar("_R", bound=Record)
_PUBLIC = re.compile(rb'\{"k":"([a-z]+)","c":"-{43}","p":(?:\{"time":(\d{1,16}),)?')
"""How the leaf of a public record begins."""
_PERSONAL = re.compile(rb'\{"k":"(page|personal)","c":"[A-Za-z0-9_-]{43}"\}')
"""The leaf of a private one."""


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


def public_act(entry: bytes) -> Act | Order | None:
    """The act that an entry takes down, be it as an order (`replay.written`); None for an entry of another kind.

    FormatError where it only begins as one.
    """
    if is_of_kind("act", entry):
        return public_record("act", Act, entry)
    return public_record("order", Order, entry) if is_of_kind("order", entry) else None


def public_kind(entry: bytes) -> str | None:
    """The kind of record that an entry says it is the public leaf of; None for any other entry."""
    found = _PUBLIC.match(entry)
    return None if found is None else found[1].decode()


def leaf_kind(entry: bytes) -> str:
    """What an entry tells of its record's kind: `page` or `personal` of a private one; empty where it is none's."""
    found = _PERSONAL.fullmatch(entry)
    return public_kind(entry) or "" if found is None else found[1].decode()


def public_time(entry: bytes) -> int | None:
    """The journal time that an entry says of itself; None for an entry of a private record, which says none."""
    found = _PUBLIC.match(entry)
    return None if found is None or found[2] is None else int(found[2])


def _beginning(kind: str) -> bytes:
    return b'{"k":"%s",' % kind.encode()
