"""What must be kept of a tree to append to it: one hash for every bit set in its size."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.hashing import HASH_SIZE, fold_right, node_hash
from plainview.ledger.spelling import check_hash, check_number


class Frontier(msgspec.Struct, frozen=True):
    """A tree's size and the hashes of `nodes.cover(0, size)`. Raises FormatError if they do not fit each other."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        check_number(self.size, "frontier, size")
        if len(self.hashes) != self.size.bit_count():
            raise FormatError(
                f"frontier: a tree of {self.size} leaves has {self.size.bit_count()} hashes, not {len(self.hashes)}"
            )
        for at, hashed in enumerate(self.hashes):
            check_hash(hashed, f"frontier, hash {at}")

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The tree with these leaf hashes (`hashing.leaf_hash`) after its own. FormatError unless each has 32 bytes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            if len(leaf) != HASH_SIZE:
                raise FormatError(f"leaf {size}: a hash has {HASH_SIZE} bytes, not {len(leaf)}")
            hashes.append(leaf)
            size += 1
            merges = size
            while merges & 1 == 0:
                right = hashes.pop()
                hashes[-1] = node_hash(hashes[-1], right)
                merges >>= 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """MTH of RFC 6962 section 2.1."""
        return fold_right(self.hashes)
