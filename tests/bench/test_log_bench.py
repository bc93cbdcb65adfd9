from __future__ import annotations

from pathlib import Path

import pytest

from bench import log
from bench.log import Bench, fill
from plainview.journal import JournalReader, PlainSealer
from plainview.platform.log.tree import JournalTree
from plainview.storage import SqliteRecords


class Counting(JournalReader):
    """Counts how often more than one leaf hash is read at a time."""

    tiles = 0

    def leaf_hashes(self, start: int, stop: int) -> list[bytes]:
        self.tiles += stop - start > 1
        return super().leaf_hashes(start, stop)


def test_each_proof_reads_its_hashes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even of a tree that has room at hand for all its tiles."""
    monkeypatch.setattr(log, "PROOFS", 20)
    bench = Bench(tmp_path, 1)
    fill(bench.journal_path, 512, 1)
    store = SqliteRecords(bench.journal_path, writing=True)
    reader = Counting(store, PlainSealer())
    tree = JournalTree(reader)
    tree.extend(512)
    reader.tiles = 0
    bench.proofs(tree, reader, 512, "512")
    store.close()
    assert reader.tiles >= 20
    assert [one.figure for one in bench.figures] == [
        f"log.{name}.512.p{p}" for p in (50, 99) for name in ("proof", "checked")
    ]
