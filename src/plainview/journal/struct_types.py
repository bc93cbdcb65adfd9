"""Struct types are made whole before threads decode them.

msgspec (0.22) notes on a type that it is looking at it, then looks at each of its fields, running Python meanwhile.
Another thread that decodes the same type then follows a pointer that is not set yet, and the process is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec


def complete_struct_types() -> None:
    """Have msgspec look at every struct type of Plainview's that is imported. To be called before threads begin."""
    for kind in _below(msgspec.Struct):
        if kind.__module__.partition(".")[0] == "plainview":
            with suppress(TypeError):  # nobody can decode it: it is not meant for that
                msgspec.json.Decoder(kind)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for derived in kind.__subclasses__():
        yield derived
        yield from _below(derived)
