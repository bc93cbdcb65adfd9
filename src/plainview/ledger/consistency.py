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
    if old in (0, new):
        return ()
    ranges = _ranges(old, new)
    return _read(ranges[1:] if _is_node(old) else ranges, read)


def prefix_proof(old: int, new: int, read: NodeReader) -> tuple[bytes, ...]:
    """SUBPROOF(old, D[new], false) of RFC 6962 section 2.1.2: for whoever is to learn the older root, not to check it.

    It has the older tree's own hash too where the consistency proof leaves it out. Raises ProofError unless
    0 < old < new.
    """
    _check_prefix(old, new)
    return _read(_ranges(old, new), read)


def prefix_roots(old: int, new: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots at `old` and at `new` leaves of the one tree to which a `prefix_proof` leads.

    No other hashes lead to the same root at `new`: where that root is signed, the root at `old` is what its signer's
    tree had. Raises ProofError for too few or too many hashes, and unless 0 < old < new.
    """
    _check_prefix(old, new)
    check_hashes(*proof)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not proof:
        raise ProofError(f"consistency proof: no hashes are too few from {old} to {new}")
    old_hash = new_hash = proof[0]
    for hashed in proof[1:]:
        if last == 0:
            raise ProofError(f"consistency proof: too many hashes from {old} to {new}")
        if at & 1 or at == last:
            old_hash, new_hash = node_hash(hashed, old_hash), node_hash(hashed, new_hash)
            while at & 1 == 0 and at != 0:
                at, last = at >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, hashed)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofError(f"consistency proof: too few hashes from {old} to {new}")
    return old_hash, new_hash


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
    # Where the old tree is a node of the new one, its root need not be in the proof.
    old_hash, new_hash = prefix_roots(old, new, (old_root, *proof) if _is_node(old) else proof)
    if old_hash != old_root:
        raise ProofError(f"consistency proof: from {old} to {new} it leads to another root of {old}")
    if new_hash != new_root:
        raise ProofError(f"consistency proof: from {old} to {new} it leads to another root of {new}")


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new:
        raise ProofError(f"consistency proof: there is none from {old} leaves to {new}")


def _check_prefix(old: int, new: int) -> None:
    if not 0 < old < new:
        raise ProofError(f"consistency proof: {old} leaves are no part of {new} that has a root to be shown")


def _is_node(size: int) -> bool:
    return size & (size - 1) == 0


def _ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The subtrees that make the tree of `new` leaves, first the one that ends at `old`."""
    ranges = []
    start, stop = 0, new
    while stop != old:
        middle = start + split(stop - start)
        if old <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return [(start, stop), *reversed(ranges)]


def _read(ranges: Sequence[tuple[int, int]], read: NodeReader) -> tuple[bytes, ...]:
    return tuple(fold_right(hashes) for hashes in read_subtrees(ranges, read))
