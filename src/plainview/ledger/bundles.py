"""Entry bundles (C2SP tlog-tiles): up to 256 log entries, each after its length in two bytes, big-endian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.spelling import shown
from plainview.ledger.tile_paths import TILE_WIDTH, check_position, parse_position, position_path
from plainview.ledger.tiles import Tile, tiles

ENTRY_LIMIT = 65_535
"""Bytes in an entry at most."""
_FOLDER = "tile/entries/"


class Bundle(msgspec.Struct, frozen=True, order=True):
    """Where a bundle stands: entries 256 * index and on, `width` of them. Raises FormatError."""

    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        check_position(self.index, self.width, "entry bundle")

    @property
    def path(self) -> str:
        """Below the log's prefix: `tile/entries/<N>[.p/<W>]`."""
        return f"{_FOLDER}{position_path(self.index, self.width)}"

    @property
    def tile(self) -> Tile:
        """The tile of level 0 that holds its entries' leaf hashes."""
        return Tile(0, self.index, self.width)


def parse_bundle_path(path: str) -> Bundle:
    """The bundle whose `path` this is; else FormatError."""
    if not path.startswith(_FOLDER):
        raise FormatError(f"entry bundle path: {shown(path)} does not begin with {_FOLDER}")
    return Bundle(*parse_position(path.removeprefix(_FOLDER), "entry bundle path"))


def bundles(size: int, old: int = 0) -> Iterator[Bundle]:
    """The bundles of a log of `size` entries that it had not, or not so wide, at `old` entries."""
    for tile in tiles(size, old):
        if tile.level > 0:
            return
        yield Bundle(tile.index, tile.width)


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """The bytes served for a bundle of these entries. FormatError for an entry above ENTRY_LIMIT."""
    parts = []
    for at, entry in enumerate(entries):
        if len(entry) > ENTRY_LIMIT:
            raise FormatError(f"entry bundle, entry {at}: {len(entry)} bytes, at most {ENTRY_LIMIT} fit")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def parse_entries(bundle: Bundle, data: bytes) -> tuple[bytes, ...]:
    """The entries of `bundle`, whose bytes these are said to be; FormatError if they are more, fewer or cut short."""
    entries = []
    at = 0
    for number in range(bundle.width):
        start = at + 2
        stop = start + int.from_bytes(data[at:start], "big")
        if stop > len(data) or start > len(data):
            raise FormatError(f"{bundle.path}: ends at byte {len(data)}, within entry {number} of {bundle.width}")
        entries.append(data[start:stop])
        at = stop
    if at != len(data):
        raise FormatError(f"{bundle.path}: {len(data) - at} bytes after its {bundle.width} entries")
    return tuple(entries)


def verify_entries(bundle: Bundle, entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    """Raises ProofError unless the entries have these leaf hashes, those of `bundle.tile`."""
    if not len(entries) == len(hashes) == bundle.width:
        raise ProofError(
            f"{bundle.path}: {len(entries)} entries and {len(hashes)} hashes for a width of {bundle.width}"
        )
    for at, (entry, hashed) in enumerate(zip(entries, hashes, strict=True)):
        if leaf_hash(entry) != hashed:
            raise ProofError(
                f"{bundle.path}: entry {bundle.index * TILE_WIDTH + at} has not the hash in {bundle.tile.path}"
            )
