from __future__ import annotations

import pytest

from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.tree import Tree
from tests.ledger import reference
from tests.ledger.trees import entry

ENTRIES = [entry(index) for index in range(70)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
TREE = Tree(LEAVES)


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 63, 64, 65, 70])
def test_every_index(size: int) -> None:
    root = TREE.root(size)
    for index in range(size):
        proof = inclusion_proof(index, size, TREE.read)
        assert list(proof) == reference.path(index, ENTRIES[:size])
        verify_inclusion(LEAVES[index], index, size, root, proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_no_other_index_leaf_length_or_hash(size: int) -> None:
    root = TREE.root(size)
    for index in range(size):
        proof = inclusion_proof(index, size, TREE.read)
        for other in set(range(size)) - {index}:
            refused("another root|too many|too few", LEAVES[index], other, size, root, proof)
            refused("another root", LEAVES[other], index, size, root, proof)
        for at in range(len(proof)):
            refused("too few", LEAVES[index], index, size, root, proof[:at] + proof[at + 1 :])
            refused("another root", LEAVES[index], index, size, root, (*proof[:at], LEAVES[69], *proof[at + 1 :]))
        refused("too many", LEAVES[index], index, size, root, (*proof, LEAVES[0]))


def test_an_index_outside_the_tree() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        refused(f"{size} leaves has no index {index}", LEAVES[0], index, size, TREE.root(5), ())
        with pytest.raises(ProofError, match=f"{size} leaves has no index {index}"):
            inclusion_proof(index, size, TREE.read)


def test_a_hash_of_another_length() -> None:
    """A node is told from a leaf by its length too: 64 bytes that are two hashes may not stand for one."""
    for leaf, root, proof in (
        (LEAVES[0][:31], TREE.root(2), LEAVES[1:2]),
        (LEAVES[0], TREE.root(2) + b"\0", LEAVES[1:2]),
        (LEAVES[0], TREE.root(2), [b""]),
    ):
        refused("a hash has 32 bytes", leaf, 0, 2, root, tuple(proof))


def test_a_huge_proof_ends_soon() -> None:
    refused("too many", LEAVES[0], 0, 2**63 - 1, TREE.root(), (LEAVES[0],) * 100_000)


def refused(message: str, leaf: bytes, index: int, size: int, root: bytes, proof: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofError, match=message):
        verify_inclusion(leaf, index, size, root, proof)
