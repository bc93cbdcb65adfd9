from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.consistency import consistency_proof, verify_consistency
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import EMPTY_ROOT, leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.nodes import Node
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import Tile, tile_data, tiles
from tests.ledger.trees import Tiles, entry, tree

TREE = tree(70_000)


@given(st.integers(1, 70_000), st.data())
def test_proofs_are_those_of_the_tree(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    reader = TileReader(size, TREE.root(size), Tiles(TREE))
    proof = inclusion_proof(index, size, reader.read)
    assert proof == inclusion_proof(index, size, TREE.read)
    verify_inclusion(leaf_hash(entry(index)), index, size, TREE.root(size), proof)
    proof = consistency_proof(old, size, reader.read)
    assert proof == consistency_proof(old, size, TREE.read)
    verify_consistency(old, TREE.root(old), size, TREE.root(size), proof)


def test_an_index_of_a_large_log_takes_few_tiles() -> None:
    fetch = Tiles(TREE)
    inclusion_proof(12_345, 70_000, TileReader(70_000, TREE.root(), fetch).read)
    assert {tile.path for tile in fetch.fetched} == {
        "tile/0/048", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1",
    }  # fmt: skip


def test_partial_tiles_are_fetched_once() -> None:
    fetch = Tiles(TREE)
    reader = TileReader(70_000, TREE.root(), fetch)
    for index in range(0, 70_000, 7_000):
        inclusion_proof(index, 70_000, reader.read)
    assert sum(tile.width < 256 for tile in fetch.fetched) == 3


def test_every_tile_is_checked() -> None:
    """One bit of any tile is enough, and the error names it or, at the right edge, those that stand together."""
    grown = tree(1_000)
    for tile in tiles(1_000):
        for bit in (0, 9, tile.width * 256 - 1):
            data = bytearray(tile_data(tile, grown.read))
            data[bit // 8] ^= 1 << bit % 8
            fetch = Tiles(grown)
            fetch.altered[tile] = bytes(data)
            reader = TileReader(1_000, grown.root(), fetch)
            with pytest.raises(ProofError, match=tile.path):
                reader.read(tile.nodes()[-1:])


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 3, 232), Tile(1, 0, 3)], ids=lambda tile: tile.path)
@pytest.mark.parametrize("size", [0, 32, 8191, 8193])
def test_a_tile_of_another_length(tile: Tile, size: int) -> None:
    grown = tree(1_000)
    fetch = Tiles(grown)
    fetch.altered[tile] = bytes(size) or b"\0"
    with pytest.raises(FormatError, match=tile.path):
        TileReader(1_000, grown.root(), fetch).read(tile.nodes()[:1])


def test_another_root_or_size() -> None:
    for size, root in ((999, TREE.root(1_000)), (1_000, TREE.root(999)), (1_000, EMPTY_ROOT), (0, TREE.root(1))):
        with pytest.raises(ProofError, match="the tree of"):
            TileReader(size, root, Tiles(TREE)).read([])


def test_nodes_outside_the_tree() -> None:
    reader = TileReader(70_000, TREE.root(), Tiles(TREE))
    for node in (Node(0, 70_000), Node(0, -1), Node(-1, 0), Node(17, 0), Node(4, 4375), Node(64, 0), Node(2**40, 0)):
        with pytest.raises(ProofError, match="not in a tree of 70000 leaves"):
            reader.read([node])


@pytest.mark.parametrize(("size", "root"), [(-1, EMPTY_ROOT), (2**63, EMPTY_ROOT), (1, b"")])
def test_a_tree_that_cannot_be(size: int, root: bytes) -> None:
    with pytest.raises(FormatError):
        TileReader(size, root, Tiles(TREE))
