"""Inclusion proofs: that an entry stands at an index of a tree."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import HASH_SIZE, fold_right, node_hash
from plainview.ledger.nodes import NodeReader, read_subtrees, split


def inclusion_proof(index: int, size: int, read: NodeReader) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: hashes from the leaf's sibling up to the root's child.

    Raises ProofError where the tree of `size` leaves has no such index.
    """
    _check_index(index, size)
    ranges = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return tuple(fold_right(hashes) for hashes in read_subtrees(ranges, read))


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raises ProofError unless `proof` shows leaf hash `leaf` at `index` of the tree with this size and root.

    RFC 9162 section 2.1.3.2.
    """
    _check_index(index, size)
    check_hashes(leaf, root, *proof)
    at, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"inclusion proof: {len(proof)} hashes are too many for index {index} of {size}")
        if at & 1 or at == last:
            hashed = node_hash(sibling, hashed)
            while at & 1 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofError(f"inclusion proof: {len(proof)} hashes are too few for index {index} of {size}")
    if hashed != root:
        raise ProofError(f"inclusion proof: index {index} of {size} leads to another root")


def check_hashes(*hashes: bytes) -> None:
    """Raises ProofError unless each is 32 bytes: only those keep a node from being read as another."""
    for hashed in hashes:
        if len(hashed) != HASH_SIZE:
            raise ProofError(f"a hash has {HASH_SIZE} bytes, not {len(hashed)}")


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ProofError(f"inclusion proof: a tree of {size} leaves has no index {index}")
