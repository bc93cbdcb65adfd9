"""Coordinates of a tree's perfect subtrees, and how any subtree of RFC 6962 is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec


class Node(msgspec.Struct, frozen=True, order=True):
    """The perfect subtree over leaves index * 2^level to (index + 1) * 2^level. Level 0 is the leaves."""

    level: int
    index: int


NodeReader = Callable[[Sequence[Node]], Sequence[bytes]]
"""Gives the hashes of nodes, in the order asked; asked once a proof, so that they can be fetched together."""


def split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2 (RFC 6962 section 2.1's k)."""
    return 1 << (size - 1).bit_length() - 1


def cover(start: int, stop: int) -> list[Node]:
    """The fewest nodes over leaves `start` to `stop`, left to right, each smaller than the one before.

    `start` is a multiple of the smallest power of two not below stop - start, as for every subtree that RFC 6962
    splits off; folding the nodes' hashes (`hashing.fold_right`) gives that subtree's hash.
    """
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def read_subtrees(ranges: Sequence[tuple[int, int]], read: NodeReader) -> list[list[bytes]]:
    """For each range of leaves the hashes of its cover, all read at once."""
    covers = [cover(start, stop) for start, stop in ranges]
    hashes = iter(read([node for nodes in covers for node in nodes]))
    return [[next(hashes) for _ in nodes] for nodes in covers]
