"""A viewer as their client keeps them: a key that it made, and what they tell of themselves and choose, signed.

For whoever is a client in Python: the simulated town, the partner's own viewers. An app does the same in its language.
"""

from __future__ import annotations

from typing import Any

import msgspec

from plainview.ledger.schemes import ED25519
from plainview.records.fields import to_text
from plainview.records.viewer import Chosen, Told


class ClientViewer:
    """One viewer, by the id that their client has drawn for them."""

    def __init__(self, viewer: int, seed: bytes) -> None:
        """`seed` is 32 random bytes: the private key."""
        self.viewer = viewer
        self._private = ED25519.private_key(seed)
        self.key = to_text(self._private.public_key().public_bytes_raw())
        """As registrations give it."""

    def told(self, id: str, region: str, age: str, mode: str) -> dict[str, Any]:  # noqa: A002
        """A registration as it is sent. Raises ValidationError where a registration cannot say that."""
        told = {"viewer": self.viewer, "id": id, "region": region, "age": age, "mode": mode, "key": self.key}
        return told | self._signature(msgspec.convert(told, Told))

    def chosen(self, id: str, setting: str, target: int) -> dict[str, Any]:  # noqa: A002
        """A setting as it is sent. Raises ValidationError where a setting cannot say that."""
        chosen = {"viewer": self.viewer, "id": id, "setting": setting, "target": target}
        return chosen | self._signature(msgspec.convert(chosen, Chosen))

    def _signature(self, said: Told | Chosen) -> dict[str, str]:
        return {"signature": to_text(self._private.sign(said.signed()))}
