"""The records of a journal as an honest operator opens them, and in the log's own layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from plainview.journal import Entry, JournalReader
from plainview.journal.frames import Frame
from plainview.ledger.bundles import bundles, encode_entries
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import parse_note
from plainview.ledger.signers import Signer
from plainview.ledger.tiles import tile_data, tiles
from plainview.ledger.tree import Tree
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.following import Mirrored
from plainview.records import encode


def frame(entry: Entry) -> Frame:
    return Frame(entry.kind, entry.salt, encode(entry.record))


class Opening:
    """Opens records of `journal`, at most `most` at a time; `asked` are the ranges."""

    def __init__(self, journal: JournalReader, most: int = 10_000) -> None:
        self._journal = journal
        self._most = most
        self.asked: list[tuple[int, int]] = []
        self.changed: dict[int, Frame] = {}

    def __call__(self, first: int, until: int) -> list[Frame]:
        self.asked.append((first, until))
        entries = self._journal.read(first, min(until, first + self._most))
        return [self.changed.get(entry.index, frame(entry)) for entry in entries]


def mirror_of(leaves: Sequence[bytes], directory: Path, by: Signer) -> Mirrored:
    """A mirror's directory that has a log with these entries."""
    tree, files = Tree(map(leaf_hash, leaves)), MirrorFiles(directory)
    for tile in tiles(tree.size):
        files.write(tile.path, tile_data(tile, tree.read))
    for bundle in bundles(tree.size):
        start = bundle.index * 256
        files.write(bundle.path, encode_entries(leaves[start : start + bundle.width]))
    note = by.note(Checkpoint(by.key.name, tree.size, tree.root()).text())
    files.write("checkpoint", note)
    return Mirrored(files, parse_note(note))
