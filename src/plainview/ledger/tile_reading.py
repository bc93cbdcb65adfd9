"""Nodes out of a log's tiles, every tile checked against the checkpoint's root before one of its hashes is used.

The partial tiles hold just the hashes of the tree's frontier, so the root answers for all of them together. A full
tile's own hash stands in the tile above it, and so up to a partial one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import fold_right, perfect_hash
from plainview.ledger.nodes import Node, cover
from plainview.ledger.spelling import check_hash, check_number
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tiles import TILE_HEIGHT, Tile, parse_tile, tile_width

TileFetcher = Callable[[Sequence[Tile]], Sequence[bytes]]
"""Gives the bytes of tiles, in the order asked; for a partial tile that is gone, as many of the full one's."""


class TileReader:
    """Reads the tree with this size and root. Keeps its partial tiles, at most one a level, and fetches all others."""

    __slots__ = ("_edge", "_fetch", "_root", "_size")

    def __init__(self, size: int, root: bytes, fetch: TileFetcher) -> None:
        check_number(size, "tree size")
        check_hash(root, "root")
        self._size = size
        self._root = root
        self._fetch = fetch
        self._edge: dict[Tile, tuple[bytes, ...]] = {}

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """The nodes' hashes: a `NodeReader`.

        Raises ProofError for a node outside the tree and for tiles that do not lead to the root, FormatError for a
        tile that has not its width; both name the tile. What `fetch` raises goes through.
        """
        tiles = self._checked({self._holding(node) for node in nodes})
        return [self._pick(node, tiles) for node in nodes]

    def _holding(self, node: Node) -> Tile:
        if node.level < 0 or not 0 <= node.index < self._size >> node.level:
            raise ProofError(f"{node}: not in a tree of {self._size} leaves")
        level, height = divmod(node.level, TILE_HEIGHT)
        return self._tile(level, node.index << height >> TILE_HEIGHT)

    def _pick(self, node: Node, tiles: dict[Tile, tuple[bytes, ...]]) -> bytes:
        height = node.level % TILE_HEIGHT
        first = (node.index << height) % TILE_WIDTH
        return perfect_hash(tiles[self._holding(node)][first : first + (1 << height)])

    def _tile(self, level: int, index: int) -> Tile:
        return Tile(level, index, tile_width(level, index, self._size))

    def _above(self, tile: Tile) -> Tile:
        return self._tile(tile.level + 1, tile.index >> TILE_HEIGHT)

    def _checked(self, wanted: set[Tile]) -> dict[Tile, tuple[bytes, ...]]:
        """These tiles and those that answer for them."""
        chain = set()
        for tile in wanted:
            while tile.width == TILE_WIDTH and tile not in chain:
                chain.add(tile)
                tile = self._above(tile)
        full = sorted(chain)
        edge = [] if self._edge else self._partial()
        data = self._fetch([*edge, *full])
        tiles = {tile: parse_tile(tile, part) for tile, part in zip([*edge, *full], data, strict=True)}
        if not self._edge:
            self._check_edge(tiles)
            self._edge = {tile: tiles[tile] for tile in edge}
        tiles |= self._edge
        for tile in reversed(full):
            if perfect_hash(tiles[tile]) != tiles[self._above(tile)][tile.index % TILE_WIDTH]:
                raise ProofError(f"{tile.path}: not the tile whose hash stands in {self._above(tile).path}")
        return tiles

    def _partial(self) -> list[Tile]:
        tiles = []
        level, hashes = 0, self._size
        while hashes:
            if hashes % TILE_WIDTH:
                tiles.append(self._tile(level, hashes // TILE_WIDTH))
            level, hashes = level + 1, hashes >> TILE_HEIGHT
        return tiles

    def _check_edge(self, tiles: dict[Tile, tuple[bytes, ...]]) -> None:
        hashes = [self._pick(node, tiles) for node in cover(0, self._size)]
        if fold_right(hashes) != self._root:
            paths = ", ".join(tile.path for tile in tiles if tile.width < TILE_WIDTH) or "no tiles"
            raise ProofError(f"{paths}: not what the tree of {self._size} leaves with this root has at its right edge")
