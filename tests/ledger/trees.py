"""Small trees for tests, and their tiles as a server would give them."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.ledger.hashing import leaf_hash
from plainview.ledger.tiles import Tile, tile_data
from plainview.ledger.tree import Tree


def entry(index: int, log: str = "a") -> bytes:
    return f"entry {index} of {log}".encode()


def tree(size: int, log: str = "a", common: int = 0) -> Tree:
    """The tree of log `log`, whose first `common` entries are those of log a."""
    return Tree(leaf_hash(entry(index, "a" if index < common else log)) for index in range(size))


class Tiles:
    """A tree's tiles as a server would give them; `altered` holds what it gives instead."""

    def __init__(self, grown: Tree) -> None:
        self.tree = grown
        self.altered: dict[Tile, bytes] = {}
        self.fetched: list[Tile] = []

    def __call__(self, tiles: Sequence[Tile]) -> list[bytes]:
        self.fetched += tiles
        return [self.altered.get(tile) or tile_data(tile, self.tree.read) for tile in tiles]
