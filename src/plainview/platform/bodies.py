"""JSON of what a call takes, decoded strictly: an error says what to send instead."""

from __future__ import annotations

import json
from functools import cache
from typing import TypeVar

import msgspec

from plainview.platform.faults import Fault
from plainview.platform.malformed import malformed

S = TypeVar("S", bound=msgspec.Struct)


def decoded(kind: type[S], data: bytes | msgspec.Raw) -> S:
    """`data` as a `kind`, a flat struct that forbids unknown fields. Raises Fault where it is none."""
    try:
        text = bytes(data).decode()  # what is passed on as raw JSON is not looked at by the decoder
        found = msgspec.json.decode(data, type=kind)
        twice = _twice(kind, text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, kind, data) from None
    if twice is not None:
        raise Fault("malformed", f"{twice}: it is there twice; send it once", twice)
    return found


def _twice(kind: type[msgspec.Struct], text: str) -> str | None:
    """A field that `text` has twice, of which msgspec would take the last: no two readers need agree on that."""
    # Without escapes a name stands there as it is: seldom must it all be read once more.
    if "\\" not in text and all(text.count(name) < 2 for name in _names(kind)):
        return None
    return _ONCE_MORE.decode(text)  # type: ignore[no-any-return]


@cache
def _names(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(f'"{name}"' for name in kind.__struct_fields__)


def _repeated(pairs: list[tuple[str, object]]) -> str | None:
    """The name that is there twice; of objects that lie in another this is their value, and nobody looks at it."""
    seen = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return None


_ONCE_MORE = json.JSONDecoder(object_pairs_hook=_repeated, parse_int=str)
"""`parse_int`: there are integers that Python refuses to read."""
