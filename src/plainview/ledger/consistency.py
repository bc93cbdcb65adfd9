"""Consistency proofs: that a larger tree begins with all of a smaller one."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import EMPTY_ROOT, fold_right, node_hash
from plainview.ledger.inclusion import check_hashes
from plainview.ledger.nodes import NodeReader, read_subtrees, split


def consistency_proof(old: int, new: int, read: NodeReader) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty where `old` is 0 or equals `new`.

    Raises ProofError where `old` is above `new`.
    """
    _check_sizes(old, new)
    if old == 0:
        return ()
    ranges = []
    start, stop, whole = 0, new, True
    while stop != old:
        middle = start + split(stop - start)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    if not whole:
        ranges.append((start, stop))
    ranges.reverse()
    return tuple(fold_right(hashes) for hashes in read_subtrees(ranges, read))


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises ProofError unless `proof` shows the tree of `new` leaves to begin with the tree of `old`.

    RFC 9162 section 2.1.4.2, which starts above size 0; every tree begins with the empty one, by an empty proof.
    """
    _check_sizes(old, new)
    check_hashes(old_root, new_root, *proof)
    for size, root in ((old, old_root), (new, new_root)):
        if size == 0 and root != EMPTY_ROOT:
            raise ProofError("consistency proof: a tree without leaves has the root SHA-256(''), and no other")
    if old in (0, new):
        if proof:
            raise ProofError(f"consistency proof: from {old} to {new} it has no hashes, not {len(proof)}")
        if old == new and old_root != new_root:
            raise ProofError(f"consistency proof: two roots for one size {new}")
        return
    rest = list(proof)
    if old & (old - 1) == 0:  # the old tree is a node of the new one, so its root need not be in the proof
        rest.insert(0, old_root)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not rest:
        raise ProofError(f"consistency proof: no hashes are too few from {old} to {new}")
    old_hash = new_hash = rest[0]
    for hashed in rest[1:]:
        if last == 0:
            raise ProofError(f"consistency proof: {len(proof)} hashes are too many from {old} to {new}")
        if at & 1 or at == last:
            old_hash, new_hash = node_hash(hashed, old_hash), node_hash(hashed, new_hash)
            while at & 1 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, hashed)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofError(f"consistency proof: {len(proof)} hashes are too few from {old} to {new}")
    if old_hash != old_root:
        raise ProofError(f"consistency proof: from {old} to {new} it leads to another root of {old}")
    if new_hash != new_root:
        raise ProofError(f"consistency proof: from {old} to {new} it leads to another root of {new}")


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new:
        raise ProofError(f"consistency proof: there is none from {old} leaves to {new}")
