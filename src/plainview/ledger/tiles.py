"""Tiles (C2SP tlog-tiles): 256 neighbouring hashes of every eighth level of the tree, and their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.hashing import HASH_SIZE
from plainview.ledger.nodes import Node, NodeReader
from plainview.ledger.spelling import shown
from plainview.ledger.tile_paths import TILE_WIDTH, check_position, parse_position, position_path

TILE_HEIGHT = 8
"""Levels of the tree in one level of tiles."""
LEVEL_LIMIT = 63

_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/(.+)", re.DOTALL)


class Tile(msgspec.Struct, frozen=True, order=True):
    """Where a tile stands: its hashes are `width` nodes of level 8 * level, from 256 * index. Raises FormatError."""

    level: int
    index: int
    width: int = TILE_WIDTH
    """1 to 256; below 256 the tile is partial."""

    def __post_init__(self) -> None:
        if not 0 <= self.level <= LEVEL_LIMIT:
            raise FormatError(f"tile: level {self.level} is not from 0 to {LEVEL_LIMIT}")
        check_position(self.index, self.width, "tile")

    @property
    def path(self) -> str:
        """Below the log's prefix: `tile/<L>/<N>[.p/<W>]`."""
        return f"tile/{self.level}/{position_path(self.index, self.width)}"

    def nodes(self) -> list[Node]:
        """Whose hashes it holds, in their order."""
        first = self.index * TILE_WIDTH
        return [Node(self.level * TILE_HEIGHT, first + at) for at in range(self.width)]


def parse_tile_path(path: str) -> Tile:
    """The tile whose `path` this is; else FormatError."""
    match = _PATH.fullmatch(path)
    if not match or int(match[1]) > LEVEL_LIMIT:
        raise FormatError(f"tile path: {shown(path)} does not begin with tile/ and a level from 0 to {LEVEL_LIMIT}")
    index, width = parse_position(match[2], "tile path")
    return Tile(int(match[1]), index, width)


def tile_width(level: int, index: int, size: int) -> int:
    """Hashes of that tile in a tree of `size` leaves: 0 where there is none, 256 where it is full."""
    return min(max((size >> TILE_HEIGHT * level) - index * TILE_WIDTH, 0), TILE_WIDTH)


def tiles(size: int, old: int = 0) -> Iterator[Tile]:
    """The tiles of a tree of `size` leaves that it had not, or not so wide, at `old` leaves; lowest level first."""
    level = 0
    while hashes := size >> TILE_HEIGHT * level:
        before = old >> TILE_HEIGHT * level
        if hashes > before:
            for index in range(before // TILE_WIDTH, (hashes - 1) // TILE_WIDTH + 1):
                yield Tile(level, index, tile_width(level, index, size))
        level += 1


def tile_data(tile: Tile, read: NodeReader) -> bytes:
    """The bytes served for `tile`."""
    return b"".join(read(tile.nodes()))


def parse_tile(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """The hashes of `tile`, whose bytes these are said to be; FormatError if there are more or fewer.

    Whether they belong to a tree is another question: `tile_reading.TileReader` asks it.
    """
    if len(data) != tile.width * HASH_SIZE:
        raise FormatError(f"{tile.path}: {tile.width} hashes have {tile.width * HASH_SIZE} bytes, not {len(data)}")
    return tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))
