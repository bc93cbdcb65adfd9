"""The Merkle tree over a journal.

Leaf hashes and entries are the journal's own and read from it; kept beside it are the hashes of full subtrees of every
eighth level (of 10 M records 1.3 MB), which are what a tile of the level above holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from plainview.journal import JournalReader
from plainview.ledger.bundles import Bundle, encode_entries
from plainview.ledger.errors import ProofError
from plainview.ledger.hashing import HASH_SIZE, fold_right, perfect_hash
from plainview.ledger.nodes import Node, cover
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tiles import TILE_HEIGHT, Tile

FULL = 256
"""Full tiles of leaf hashes kept at hand, 19 KB each."""
CHUNK = 16_384
"""Leaf hashes read at a time."""

Advance = Callable[[int, int], None]
"""Told how many records are taken up, and how many there are."""


class JournalTree:
    """`extend` belongs to one thread; everything else may be called from any, for what was taken up by then."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self._levels: list[bytearray] = []
        """Of level 8, 16 and so on: the hashes of all full subtrees, side by side."""
        self._edge: list[bytes] = []
        """Leaf hashes after the last full tile."""
        self._size = 0
        self._full = lru_cache(FULL)(self._read_full)

    @property
    def size(self) -> int:
        """Records taken up."""
        return self._size

    def extend(self, stop: int, advance: Advance | None = None) -> None:
        """Take up the journal's records below `stop`. Raises JournalDamaged where one is missing."""
        while self._size < stop:
            end = min(stop, self._size + CHUNK)
            edge = self._edge + self._journal.leaf_hashes(self._size, end)
            full = len(edge) - len(edge) % TILE_WIDTH
            for start in range(0, full, TILE_WIDTH):
                self._add(0, perfect_hash(edge[start : start + TILE_WIDTH]))
            self._edge = edge[full:]
            self._size = end
            if advance is not None:
                advance(end, stop)

    def root(self, size: int) -> bytes:
        """The root of the first `size` records, of which all are taken up."""
        return fold_right(self.read(cover(0, size)))

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hashes of nodes: a `NodeReader`. ProofError for one that is not taken up, JournalDamaged."""
        hashes = []
        for node in nodes:
            if node.level < 0 or not 0 <= node.index < self._size >> node.level:
                raise ProofError(f"{node}: not in a tree of {self._size} leaves")
            level, height = divmod(node.level, TILE_HEIGHT)
            start = node.index << height
            hashes.append(perfect_hash(self._hashes(level, start, start + (1 << height))))
        return hashes

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile, all of which is taken up."""
        start = tile.index * TILE_WIDTH
        return b"".join(self._hashes(tile.level, start, start + tile.width))

    def bundle(self, bundle: Bundle) -> bytes:
        """The bytes of an entry bundle, all of which is taken up."""
        start = bundle.index * TILE_WIDTH
        return encode_entries(self._journal.leaves(start, start + bundle.width))

    def entry(self, index: int) -> bytes:
        """One entry, which is taken up."""
        return self._journal.leaves(index, index + 1)[0]

    def kept(self) -> bytes:
        """What `restore` takes: the hashes of all full tiles of the lowest level, 32 bytes for 256 records."""
        return bytes(self._levels[0]) if self._levels else b""

    def restore(self, kept: bytes) -> None:
        """Begin anew, with what a tree over this journal had `kept` instead of from the first record.

        It is not checked here: compare the root with a published one. A hash cut short is left out.
        """
        self._levels = []
        self._edge = []
        self._size = len(kept) // HASH_SIZE * TILE_WIDTH
        for at in range(0, len(kept) // HASH_SIZE * HASH_SIZE, HASH_SIZE):
            self._add(0, kept[at : at + HASH_SIZE])

    def _add(self, level: int, hashed: bytes) -> None:
        if level == len(self._levels):
            self._levels.append(bytearray())
        hashes = self._levels[level]
        hashes += hashed
        count = len(hashes) // HASH_SIZE
        if count % TILE_WIDTH == 0:
            self._add(level + 1, perfect_hash(self._hashes(level + 1, count - TILE_WIDTH, count)))

    def _hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Of nodes of level 8 * `level`, all within one tile."""
        if level == 0:
            index = start // TILE_WIDTH
            first = index * TILE_WIDTH
            if first + TILE_WIDTH <= self._size:
                return self._full(index)[start - first : stop - first]
            return self._journal.leaf_hashes(start, stop)
        hashes = bytes(self._levels[level - 1][start * HASH_SIZE : stop * HASH_SIZE])
        return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]

    def _read_full(self, index: int) -> list[bytes]:
        return self._journal.leaf_hashes(index * TILE_WIDTH, (index + 1) * TILE_WIDTH)
