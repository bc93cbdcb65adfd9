"""The log that other readers are given, and proofs altered for them."""

from __future__ import annotations

import random

from tests.ledger.trees import tree

EDGES = sorted({2**k + d for k in range(1, 17) for d in (-1, 0, 1)})
TREE = tree(70_000)


def altered(hashes: tuple[bytes, ...], at: random.Random) -> list[tuple[bytes, ...]]:
    """The proof with one bit of a hash turned, one hash less, and one more."""
    if not hashes:
        return [(bytes(32),)]
    which, bit = at.randrange(len(hashes)), at.randrange(256)
    turned = bytearray(hashes[which])
    turned[bit // 8] ^= 1 << bit % 8
    before, after = hashes[:which], hashes[which + 1 :]
    return [(*before, bytes(turned), *after), (*before, *after), (*before, bytes(32), *hashes[which:])]
