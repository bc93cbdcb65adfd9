"""A copy of a log, in the log's own layout, checked where it lies: every tile and entry against the signed root."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from plainview.ledger.bundles import ENTRY_LIMIT, Bundle, parse_bundle_path, parse_entries, verify_entries
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import EMPTY_ROOT, fold_right
from plainview.ledger.nodes import Node, cover
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Accepted, Policy
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import Tile, parse_tile_path, tile_width, tiles
from plainview.oversight.acts import Acts
from plainview.oversight.charters import Charters
from plainview.oversight.decisions import Deciding
from plainview.oversight.tallies import Off, Reconciling

CHECKPOINT = "checkpoint"
"""The last one of which everything is here. A mirror writes it last, so whatever it needs is there."""
PENDING = "pending"
"""The one whose entries a mirror is fetching."""
LOCK = "lock"
"""Empty: who holds it is the one mirror at work there."""
ENTRIES_LIMIT = TILE_WIDTH * (ENTRY_LIMIT + 2)
"""Bytes of a file of a log at most."""
BATCH = 64
"""Tiles checked together: those above them are read once for all."""


class Copy:
    """What `read` gives by its paths in the log, once all of it was checked. Raises LedgerError, and what `read` does.

    `note` is its checkpoint and `accepted` what is in it, which `trust` accepts: a policy, or the charters that its
    entries are to have, which are taken up; then its acts are judged, too, its decisions held against the policies in
    force where they stand, and its tallies against its pages.
    """

    accepted: Accepted
    acts: Acts | None = None
    """What its acts come to, judged again; None where no charter is believed."""
    decided: Deciding | None = None
    """Its decisions, and the policies that they are by; None where no charter is believed."""
    counted: Reconciling | None = None
    """What its tallies come to; None where no charter is believed."""

    def __init__(self, read: Callable[[str], bytes], trust: Policy | Charters, *, judge: bool = True) -> None:
        """Without `judge` its charters are taken up, and nothing else is judged."""
        self._get = read
        self.note = parse_note(read(CHECKPOINT))
        if isinstance(trust, Policy):
            self.accepted = trust.check(self.note)
        head = parse_checkpoint(self.note.text)
        if head.size == 0 and head.root != EMPTY_ROOT:
            raise ProofError("a tree without leaves has the root SHA-256(''), and no other")
        self._tree = TileReader(head.size, head.root, self._tiles)
        if isinstance(trust, Charters) and judge:
            self.acts, self.decided, self.counted = Acts(), Deciding(), Reconciling()
        rest = tiles(head.size)
        while batch := list(islice(rest, BATCH)):
            hashes = iter(self._tree.read([node for tile in batch for node in tile.nodes()]))
            for tile in batch:
                hashed = [next(hashes) for _ in range(tile.width)]
                if tile.level == 0:
                    bundle = Bundle(tile.index, tile.width)
                    entries = parse_entries(bundle, read(bundle.path))
                    verify_entries(bundle, entries, hashed)
                    if isinstance(trust, Charters):
                        for at, entry in enumerate(entries, tile.index * TILE_WIDTH):
                            trust.take(at, entry)
                            if judge:
                                self._judge(at, entry)
        if isinstance(trust, Charters):
            self.accepted = trust.policies(head.size)[0].check(self.note)

    @property
    def size(self) -> int:
        """Entries."""
        return self.accepted.checkpoint.size

    def leaf(self, index: int) -> bytes:
        """An entry's leaf hash. ProofError where there is no such entry."""
        return self._tree.read([Node(0, index)])[0]

    def root(self, size: int) -> bytes:
        """The root its tree had at `size`, which is no more than its own."""
        return fold_right(self._tree.read(cover(0, size)))

    def entries(self, upto: int) -> Iterator[bytes]:
        """Its first `upto` entries, read again."""
        for tile in (one for one in tiles(self.size) if one.level == 0):
            if (first := tile.index * TILE_WIDTH) < upto:
                bundle = Bundle(tile.index, tile.width)
                entries = parse_entries(bundle, self._get(bundle.path))
                verify_entries(bundle, entries, self._tree.read(tile.nodes()))
                yield from entries[: upto - first]

    def has(self, path: str) -> bool:
        """Whether a file belongs to it, by its path in the log. What is left of a smaller tree is checked, too."""
        try:
            bundle = parse_bundle_path(path) if path.startswith("tile/entries/") else None
            tile = bundle.tile if bundle else parse_tile_path(path)
        except FormatError:
            return False
        width = tile_width(tile.level, tile.index, self.size)
        if tile.width < width:
            hashes = self._tree.read(tile.nodes())
            if bundle:
                verify_entries(bundle, parse_entries(bundle, self._get(path)), hashes)
            elif self._get(path) != b"".join(hashes):
                raise ProofError(f"{path}: not how a wider tile of the same place begins")
        return tile.width <= width

    def _judge(self, index: int, entry: bytes) -> None:
        assert self.acts is not None
        assert self.decided is not None
        assert self.counted is not None
        self.acts.take(index, entry)
        self.decided.take(index, entry, self.acts.last)
        for one in self.counted.take(index, entry):
            if isinstance(one, Off):
                raise ProofError(f"entry {index}: {one.detail}")

    def _tiles(self, wanted: Sequence[Tile]) -> list[bytes]:
        return [self._get(tile.path) for tile in wanted]
