from __future__ import annotations

import random
from pathlib import Path

import pytest

from plainview.journal import Journal, JournalDamaged
from plainview.ledger.bundles import Bundle, bundles, parse_entries, verify_entries
from plainview.ledger.consistency import consistency_proof, verify_consistency
from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.nodes import Node
from plainview.ledger.tiles import parse_tile, tile_data, tiles
from plainview.ledger.tree import Tree
from plainview.platform.log.tree import JournalTree
from tests.platform.forging import execute
from tests.platform.log.journals import grow


def whole(journal: Journal) -> Tree:
    return Tree(map(leaf_hash, journal.leaves(0, journal.size)))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 700])
def test_roots_are_those_of_the_whole_tree(journal: Journal, size: int) -> None:
    grow(journal, size)
    tree = JournalTree(journal)
    tree.extend(size)
    reference = whole(journal)
    assert tree.size == size
    assert [tree.root(n) for n in range(size + 1)] == [reference.root(n) for n in range(size + 1)]


def test_three_levels_of_tiles_and_every_tile_and_bundle(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    # 70,000 records without 70,000 appends: their hashes are drawn.
    size = 70_000
    drawn = [random.Random(place).randbytes(32) for place in range(size)]
    monkeypatch.setattr(journal, "leaf_hashes", lambda start, stop: drawn[start:stop])
    reference = Tree(drawn)
    tree = JournalTree(journal)
    for stop in (1, 300, 5_000, 65_535, 65_536, size):
        tree.extend(stop)
        assert tree.root(stop) == reference.root(stop)
    for tile in tiles(size):
        assert tree.tile(tile) == tile_data(tile, reference.read)
    assert len(tree.kept()) == 273 * 32
    chance = random.Random(1)
    for _ in range(200):
        old, index = chance.randrange(1, size), chance.randrange(size)
        verify_inclusion(drawn[index], index, size, reference.root(), inclusion_proof(index, size, tree.read))
        proof = consistency_proof(old, size, tree.read)
        verify_consistency(old, reference.root(old), size, reference.root(), proof)
    again = JournalTree(journal)
    again.restore(tree.kept() + b"cut short")
    assert again.size == 273 * 256
    again.extend(size)
    assert again.root(size) == reference.root()
    assert again.kept() == tree.kept()


def test_bundles_hold_what_the_tiles_hash(journal: Journal) -> None:
    grow(journal, 600)
    tree = JournalTree(journal)
    tree.extend(600)
    for bundle in (*bundles(600), Bundle(1, 7)):
        entries = parse_entries(bundle, tree.bundle(bundle))
        verify_entries(bundle, entries, parse_tile(bundle.tile, tree.tile(bundle.tile)))


def test_what_is_not_taken_up_is_not_read(journal: Journal) -> None:
    grow(journal, 10)
    tree = JournalTree(journal)
    tree.extend(7)
    for node in (Node(0, 7), Node(3, 0), Node(-1, 0), Node(0, -1)):
        with pytest.raises(ProofError, match="not in a tree of 7 leaves"):
            tree.read([node])


@pytest.mark.parametrize(
    ("change", "stage"),
    [("DELETE FROM records WHERE idx = 5", "index"), ("UPDATE records SET hash = x'00' WHERE idx = 5", "hash")],
)
def test_a_record_that_is_missing_is_named(journal: Journal, tmp_path: Path, change: str, stage: str) -> None:
    grow(journal, 10)
    execute(tmp_path / "journal", change)
    with pytest.raises(JournalDamaged) as error:
        JournalTree(journal).extend(10)
    assert error.value.stage == stage
