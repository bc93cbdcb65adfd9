from __future__ import annotations

import pytest

from plainview.ledger.consistency import consistency_proof, verify_consistency
from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import EMPTY_ROOT, leaf_hash
from plainview.ledger.tree import Tree
from tests.ledger import reference
from tests.ledger.trees import entry, tree

ENTRIES = [entry(index) for index in range(40)]
TREE = Tree(leaf_hash(entry) for entry in ENTRIES)


@pytest.mark.parametrize("new", [*range(1, 18), 31, 32, 33, 40])
def test_every_older_size(new: int) -> None:
    for old in range(new + 1):
        proof = consistency_proof(old, new, TREE.read)
        if old:
            assert list(proof) == reference.proof(old, ENTRIES[:new])
        verify_consistency(old, TREE.root(old), new, TREE.root(new), proof)


@pytest.mark.parametrize("new", [2, 3, 7, 8, 13])
def test_no_other_size_length_or_hash(new: int) -> None:
    for old in range(1, new):
        proof = consistency_proof(old, new, TREE.read)
        roots = TREE.root(old), TREE.root(new)
        for at in range(len(proof)):
            refused("too few|another root", old, roots[0], new, roots[1], proof[:at] + proof[at + 1 :])
            refused("another root", old, roots[0], new, roots[1], (*proof[:at], bytes(32), *proof[at + 1 :]))
        refused("too many", old, roots[0], new, roots[1], (*proof, bytes(32)))
        refused("another root", old, bytes(32), new, roots[1], proof)
        refused("another root", old, roots[0], new, bytes(32), proof)


@pytest.mark.parametrize("common", [0, 3, 8, 12])
def test_a_forked_log(common: int) -> None:
    forked = tree(20, "b", common)
    for old in range(1, 20):
        for new in range(max(old, common + 1), 21):
            proof = consistency_proof(old, new, forked.read)
            if old > common:
                refused("another root|two roots", old, TREE.root(old), new, forked.root(new), proof)
            else:
                verify_consistency(old, TREE.root(old), new, forked.root(new), proof)


def test_sizes_that_turn_around() -> None:
    refused("from 8 leaves to 7", 8, TREE.root(8), 7, TREE.root(7), ())
    refused("from -1 leaves to 7", -1, TREE.root(8), 7, TREE.root(7), ())
    with pytest.raises(ProofError, match="from 8 leaves to 7"):
        consistency_proof(8, 7, TREE.read)


def test_from_the_empty_tree() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 7, TREE.root(7), ())
    refused("no hashes, not 1", 0, EMPTY_ROOT, 7, TREE.root(7), (bytes(32),))
    refused("without leaves", 0, TREE.root(1), 7, TREE.root(7), ())
    refused("without leaves", 0, EMPTY_ROOT, 0, TREE.root(7), ())


def test_one_size() -> None:
    verify_consistency(7, TREE.root(7), 7, TREE.root(7), ())
    refused("two roots for one size 7", 7, TREE.root(7), 7, TREE.root(6), ())
    refused("no hashes, not 1", 7, TREE.root(7), 7, TREE.root(7), (bytes(32),))


def test_a_hash_of_another_length() -> None:
    for old_root, new_root, proof in (
        (TREE.root(1)[:31], TREE.root(2), (bytes(32),)),
        (TREE.root(1), b"", (bytes(32),)),
        (TREE.root(1), TREE.root(2), (bytes(33),)),
    ):
        refused("a hash has 32 bytes", 1, old_root, 2, new_root, proof)


def refused(message: str, old: int, old_root: bytes, new: int, new_root: bytes, proof: tuple[bytes, ...]) -> None:
    with pytest.raises(ProofError, match=message):
        verify_consistency(old, old_root, new, new_root, proof)
