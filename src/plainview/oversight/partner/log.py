"""The partner's own log (C2SP tlog-tiles): one entry an act, in files that any web server can serve."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plainview.ledger.bundles import ENTRY_LIMIT, bundles, encode_entries, parse_bundle_path, parse_entries
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.signers import Signer
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tiles import parse_tile_path, tile_data, tiles
from plainview.ledger.tree import Tree
from plainview.oversight.mirror.copies import CHECKPOINT, LOCK
from plainview.oversight.mirror.files import MirrorFiles
from plainview.storage.filesystem import FileSystem


class OwnLogDamaged(Exception):
    """What lies in the log's directory is not what was written there, and what to do."""


class OwnLog:
    """Append-only. May be used from many threads, and by several processes on one directory.

    Raises OwnLogDamaged, and OSError where the disk fails: nothing is appended then.
    """

    def __init__(self, directory: Path, signer: Signer, files: FileSystem | None = None) -> None:
        """`signer` is the log's, by the name of its origin, in the directory that is there."""
        self._directory = directory
        self._signer = signer
        self._files = MirrorFiles(directory, files)
        self._changing = threading.Lock()
        self._entries: list[bytes] = []
        self._tree = Tree()
        self.entries()

    def entries(self) -> tuple[bytes, ...]:
        """All of them, those that another process appended too."""
        with self._changing:
            self._refresh()
            return tuple(self._entries)

    def append(self, entry: bytes) -> int:
        """Its index, once it is durable with the checkpoint that has it. Again, it is the earlier one's.

        FormatError for an entry that no log can hold.
        """
        if not 1 <= len(entry) <= ENTRY_LIMIT:
            raise FormatError(f"an entry has 1 to {ENTRY_LIMIT} bytes, not {len(entry)}")
        with self._changing, self._alone():
            self._refresh()
            if entry in self._entries:
                return self._entries.index(entry)
            index = len(self._entries)
            self._write(index, [*self._entries, entry])
            self._entries.append(entry)
            return index

    def resource(self, path: str) -> bytes | None:
        """What the log has at a path below its prefix; None where it has nothing there."""
        if path != CHECKPOINT:
            try:
                if path.startswith("tile/entries/"):
                    parse_bundle_path(path)
                else:
                    parse_tile_path(path)
            except FormatError:
                return None
        return self._files.read(path)

    def _write(self, old: int, entries: list[bytes]) -> None:
        """Files that a broken-off append left are of no checkpoint, and written over."""
        tree = Tree(leaf_hash(entry) for entry in entries)
        for bundle in bundles(tree.size, old):
            start = bundle.index * TILE_WIDTH
            self._files.write(bundle.path, encode_entries(entries[start : start + bundle.width]))
        for tile in tiles(tree.size, old):
            self._files.write(tile.path, tile_data(tile, tree.read))
        text = Checkpoint(self._signer.key.name, tree.size, tree.root()).text()
        self._files.write(CHECKPOINT, self._signer.note(text))
        self._tree = tree

    def _refresh(self) -> None:
        data = self._files.read(CHECKPOINT)
        if data is None:
            return
        try:
            head, _ = open_checkpoint(parse_note(data), self._signer.key.name, [self._signer.key])
            if (head.size, head.root) == (self._tree.size, self._tree.root()):
                return
            entries: list[bytes] = []
            for bundle in bundles(head.size):
                found = self._files.read(bundle.path)
                if found is None:
                    raise FormatError(f"{bundle.path} is not there")
                entries += parse_entries(bundle, found)
            tree = Tree(map(leaf_hash, entries))
            if tree.root() != head.root:
                raise FormatError("its entries do not lead to the root of its checkpoint")
            if entries[: len(self._entries)] != self._entries:
                raise FormatError("it does not begin with what it had")
        except LedgerError as error:
            raise OwnLogDamaged(
                f"{self._directory}: {error}. This log may not be set back: restore the newest copy"
            ) from error
        self._entries, self._tree = entries, tree

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._directory / LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
