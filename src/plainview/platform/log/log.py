"""The log of one data directory: what of it is served, promised and proven."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import NamedTuple

from plainview.journal import Entry
from plainview.ledger.bundles import Bundle, parse_bundle_path
from plainview.ledger.errors import FormatError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.log_proofs import LogProof
from plainview.ledger.promises import Promise
from plainview.ledger.signers import Signer
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tiles import parse_tile_path, tile_width
from plainview.platform.charters import Charters
from plainview.platform.log.publisher import CHECKPOINT, Publisher
from plainview.platform.log.tree import JournalTree
from plainview.records.leaf import personal_leaf

COMPRESSED = 64
"""Full entry bundles kept compressed, some 10 KB each unless they hold large public acts."""


class Resource(NamedTuple):
    """A file of the log, as it is served."""

    data: bytes
    media_type: str
    immutable: bool
    gzipped: bool = False


class Log:
    """May be used from many threads."""

    def __init__(self, tree: JournalTree, publisher: Publisher, signer: Signer, charters: Charters) -> None:
        self._charters = charters
        self._tree = tree
        self._publisher = publisher
        self._signer = signer
        self._compressed = lru_cache(COMPRESSED)(self._compress)

    @property
    def vkey(self) -> str:
        """The key that checkpoints and promises are signed with, for whoever follows the log."""
        return self._signer.key.vkey()

    @property
    def size(self) -> int:
        """Records in the published checkpoint; 0 before the first."""
        published = self._publisher.published
        return 0 if published is None else published.checkpoint.size

    def resource(self, path: str, gzipped: bool = False) -> Resource | None:
        """What is at `path` below the log's prefix; None where nothing is, or nothing yet.

        Entry bundles come compressed where `gzipped` allows it; hashes cannot be made smaller.
        """
        published = self._publisher.published
        if published is None:
            return None
        if path == CHECKPOINT:
            return Resource(published.data, "text/plain", immutable=False)
        size = published.checkpoint.size
        try:
            if path.startswith("tile/entries/"):
                bundle = parse_bundle_path(path)
                if bundle.width > tile_width(0, bundle.index, size):
                    return None
                if not gzipped:
                    return Resource(self._tree.bundle(bundle), _OCTETS, immutable=True)
                make = self._compressed if bundle.width == TILE_WIDTH else self._compress
                return Resource(make(bundle), _OCTETS, immutable=True, gzipped=True)
            tile = parse_tile_path(path)
        except FormatError:
            return None
        if tile.width > tile_width(tile.level, tile.index, size):
            return None
        return Resource(self._tree.tile(tile), _OCTETS, immutable=True)

    @property
    def hold(self) -> str:
        """Why nothing that is written now can be promised to be published; empty where it can."""
        return self._publisher.hold

    def promise(self, entry: Entry) -> bytes:
        """The signed note that promises to publish `entry`, a personal record, in time. Equal for equal entries.

        Empty where nothing can be promised: another copy of the log may have promised its index to another record.
        """
        if self.hold:
            return b""
        assert entry.commitment is not None
        leaf = leaf_hash(personal_leaf(entry.kind, entry.commitment))
        # By the charter of its index: with a later one's shorter delay it would promise what is past.
        deadline = entry.time + self._charters.at(entry.index).bounds.merge_delay
        return Promise(self._signer.key.name, entry.index, leaf, deadline).signed(self._signer)

    def proof(self, index: int) -> LogProof | None:
        """That the published checkpoint has the record at `index`; None where it has it not, or not yet."""
        published = self._publisher.published
        if published is None or index >= published.checkpoint.size:
            return None
        return LogProof(index, inclusion_proof(index, published.checkpoint.size, self._tree.read), published.note)

    def act_proof(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        """The entry of the act at `index`, and what proves it in the tree of `size`, which may not be published yet.

        So a witness can see that a checkpoint has an act before it cosigns. None where there is no such act or tree.
        """
        if not 0 <= index < size <= self._tree.size:
            return None
        entry = self._tree.entry(index)
        if not entry.startswith(_ACTS):
            return None
        return entry, inclusion_proof(index, size, self._tree.read)

    def _compress(self, bundle: Bundle) -> bytes:
        return gzip.compress(self._tree.bundle(bundle), 6, mtime=0)


_ACTS = (b'{"k":"act",', b'{"k":"order",')
"""How an act's entry begins: a private record's leaf is handed out by no other way than in its bundle."""
_OCTETS = "application/octet-stream"
