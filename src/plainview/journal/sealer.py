"""The seam behind which personal bodies are sealed under their owner's key."""

from __future__ import annotations

from typing import Protocol

SALT = 32
"""Bytes of a record's salt."""


class Sealer(Protocol):
    """Turns a personal record's salt and body into the bytes that are stored, and back."""

    def seal(self, owner: str, kind: str, salt: bytes, body: bytes) -> bytes: ...

    def open(self, owner: str, kind: str, sealed: bytes) -> tuple[bytes, bytes]:
        """The salt and the body. Raises ValueError where `sealed` is not what `seal` gave for that owner and kind."""
        ...


class PlainSealer:
    """Keeps salt and body as they are, one after the other: for a journal without custody of keys."""

    def seal(self, owner: str, kind: str, salt: bytes, body: bytes) -> bytes:
        """`salt || body`."""
        return salt + body

    def open(self, owner: str, kind: str, sealed: bytes) -> tuple[bytes, bytes]:
        """The first 32 bytes, and the rest."""
        if len(sealed) < SALT:
            raise ValueError(f"{len(sealed)} bytes, and the salt alone has {SALT}")
        return sealed[:SALT], sealed[SALT:]
