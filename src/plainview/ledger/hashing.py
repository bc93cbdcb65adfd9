"""RFC 6962 section 2.1 hashing: leaves and nodes are told apart by their first byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold_right(hashes: Iterable[bytes]) -> bytes:
    """The hash over perfect subtrees that stand side by side, each smaller than the one before; EMPTY_ROOT for none."""
    rest = list(hashes)
    if not rest:
        return EMPTY_ROOT
    folded = rest.pop()
    while rest:
        folded = node_hash(rest.pop(), folded)
    return folded


def perfect_hash(hashes: Sequence[bytes]) -> bytes:
    """The hash over perfect subtrees of one size, a power of two of them, side by side."""
    level = hashes
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]
