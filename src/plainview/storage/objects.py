"""The seam behind which an engine keeps named arrays (deltas, snapshots), each under the digest of its contents."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ObjectLost(Exception):
    """An object that was asked for cannot be had. Deltas and snapshots can be computed again from the journal."""

    def __init__(self, digest: str, detail: str) -> None:
        super().__init__(f"object {digest}: {detail}")
        self.digest = digest
        self.detail = detail


class ObjectMissing(ObjectLost):
    """There is no such object."""


class ObjectDamaged(ObjectLost):
    """The object is there, and its contents are not what they were."""


class ObjectStore(Protocol):
    """Objects by content. May be used from many threads."""

    def put(self, arrays: Mapping[str, NDArray[np.generic]]) -> str:
        """Keep `arrays`, durably, and give back their address: `arrays_digest` as text, 43 characters.

        What is there already stays, unless it is damaged: then it is written anew. Raises ValueError for a scalar, and
        for a dtype other than booleans, integers and floats of 8 to 64 bits.
        """
        ...

    def get(self, digest: str) -> dict[str, NDArray[np.generic]]:
        """The arrays, little-endian, read-only, contiguous. Their digest was computed again.

        Raises ObjectMissing and ObjectDamaged, and ValueError for what is no digest.
        """
        ...

    def holds(self, digest: str) -> bool:
        """Whether the object is there; says nothing of its health."""
        ...

    def empty(self) -> bool:
        """Whether there is no object at all."""
        ...

    def delete(self, digest: str) -> None:
        """Forget the object. No error where it is not there."""
        ...

    def keep_only(self, digests: Collection[str]) -> int:
        """Forget every object but these, and what a killed `put` left of one. Returns how many were forgotten.

        Broken off in the middle it has forgotten some of them: do it again.
        """
        ...
