"""A whole tree in memory: append leaf hashes, ask for any node, or for the root at any size it has had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plainview.ledger.errors import ProofError
from plainview.ledger.frontier import Frontier
from plainview.ledger.hashing import node_hash
from plainview.ledger.nodes import Node, cover
from plainview.ledger.spelling import check_hash


class Tree:
    """Two hashes a leaf. A log that is published is read from its tiles instead (`tile_reading`)."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self.extend(leaves)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Takes in one leaf hash (`hashing.leaf_hash`) and returns its index. FormatError unless it has 32 bytes."""
        self.extend((leaf,))
        return self.size - 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Takes in leaf hashes, all or, if one has not 32 bytes, none (FormatError)."""
        new = list(leaves)
        for at, leaf in enumerate(new):
            check_hash(leaf, f"leaf {self.size + at}")
        self._levels[0] += new
        level, below = 0, self._levels[0]
        while len(below) >= 2:
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            here = self._levels[level]
            here += [node_hash(below[2 * at], below[2 * at + 1]) for at in range(len(here), len(below) // 2)]
            below = here

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """The nodes' hashes: a `NodeReader`. ProofError for a node that is not in the tree."""
        found = []
        for node in nodes:
            if not (0 <= node.level < len(self._levels) and 0 <= node.index < len(self._levels[node.level])):
                raise ProofError(f"{node}: not in a tree of {self.size} leaves")
            found.append(self._levels[node.level][node.index])
        return found

    def frontier(self, size: int | None = None) -> Frontier:
        """The frontier the tree had at `size`, by default now. ProofError if it never had that size."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ProofError(f"a tree of {self.size} leaves never had {size}")
        return Frontier(size, tuple(self.read(cover(0, size))))

    def root(self, size: int | None = None) -> bytes:
        """The root the tree had at `size`, by default now. ProofError if it never had that size."""
        return self.frontier(size).root()
