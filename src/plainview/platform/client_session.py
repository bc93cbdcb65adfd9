"""A client's session: a key made for it, its name, and what the viewer did, signed.

For the simulated town and tests; an app does the same in its own language.
"""

from __future__ import annotations

from typing import Any

import msgspec

from plainview.ledger.schemes import ED25519
from plainview.records import Said
from plainview.records.digests import session_name
from plainview.records.fields import to_text


class ClientSession:
    """One session of one viewer."""

    def __init__(self, seed: bytes) -> None:
        """`seed` is 32 random bytes: the private key."""
        self._private = ED25519.private_key(seed)
        public = self._private.public_key().public_bytes_raw()
        self.key = to_text(public)
        """As events give it."""
        self.name = to_text(session_name(public))
        """As feed requests give it."""

    def signed(self, said: dict[str, Any]) -> dict[str, Any]:
        """An event with its key and signature, as it is sent. Raises ValidationError where an event cannot say that."""
        text = msgspec.convert(said, Said).signed()
        return said | {"key": self.key, "signature": to_text(self._private.sign(text))}
