from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Journal
from plainview.ledger.bundles import bundles, parse_entries
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Log as KnownLog
from plainview.ledger.promises import open_promise
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import Tile, tiles
from plainview.platform.charters import Adopted, Charters
from plainview.platform.log.log import Log
from plainview.platform.log.publisher import Publisher
from tests.ledger.chartered import CHARTER, amended
from tests.ledger.logs import LOG, ORIGIN
from tests.platform.log.journals import OPEN, grow, publisher_of, publishing

SIZE = 700
POLICY = replace(OPEN, logs=(KnownLog(LOG.key),))
CHARTERS = Charters.__new__(Charters)
CHARTERS.all = [Adopted(0, CHARTER), Adopted(SIZE, amended(bounds=replace(CHARTER.bounds, merge_delay=9_000)))]


@pytest.fixture
def publisher(journal: Journal, directory: Path) -> Publisher:
    return publishing(journal, directory, SIZE)


@pytest.fixture
def log(publisher: Publisher) -> Log:
    return Log(publisher._tree, publisher, LOG, CHARTERS)


def fetched(log: Log, path: str) -> bytes:
    found = log.resource(path)
    assert found is not None
    return found.data


def test_a_reader_needs_nothing_but_the_files(log: Log, journal: Journal) -> None:
    checkpoint, _ = open_checkpoint(parse_note(fetched(log, "checkpoint")), ORIGIN, [LOG.key])
    assert checkpoint.size == log.size == SIZE
    reader = TileReader(SIZE, checkpoint.root, lambda wanted: [fetched(log, tile.path) for tile in wanted])
    entries = [entry for bundle in bundles(SIZE) for entry in parse_entries(bundle, fetched(log, bundle.path))]
    assert entries == journal.leaves(0, SIZE)
    for tile in tiles(SIZE):
        assert b"".join(reader.read(tile.nodes())) == fetched(log, tile.path)


def test_bundles_come_compressed_where_they_may(log: Log) -> None:
    for path in ("tile/entries/000", "tile/entries/002.p/188"):
        small = log.resource(path, gzipped=True)
        assert small is not None
        assert small.gzipped
        assert gzip.decompress(small.data) == fetched(log, path)
        assert len(small.data) < len(fetched(log, path))
    whole = log.resource("tile/0/000", gzipped=True)
    assert whole is not None
    assert not whole.gzipped


def test_partial_tiles_of_every_size_that_was_are_there(log: Log) -> None:
    for width in range(1, 189):
        assert len(fetched(log, Tile(0, 2, width).path)) == 32 * width
        assert fetched(log, f"tile/entries/002.p/{width}")


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002", "tile/0/002.p/189", "tile/0/003", "tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1",
        "tile/entries/002", "tile/entries/002.p/189", "tile/entries/003", "tile/entries/x001/000",
        "tile/64/000", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/../0", "tile//000", "tile/-1/000",
        "", "tile", "tile/", "key", "policy", "../journal.sqlite", "checkpoint/", "tile/0/000\n", "tile/entries/\ud800",
    ],
)  # fmt: skip
def test_there_is_nothing_else(log: Log, path: str) -> None:
    assert log.resource(path) is None


def test_nothing_is_there_before_the_first_checkpoint(journal: Journal, directory: Path) -> None:
    publisher = publisher_of(journal, directory)
    grow(journal, 3)
    log = Log(publisher._tree, publisher, LOG, CHARTERS)
    assert log.size == 0
    assert log.resource("checkpoint") is None
    assert log.resource("tile/0/000.p/3") is None
    assert log.proof(0) is None


def test_what_is_promised_is_what_is_proven(log: Log, journal: Journal, publisher: Publisher) -> None:
    grow(journal, SIZE + 5)
    for index in (0, 3, SIZE - 1, SIZE):
        entry = journal.entry(index)
        promise = open_promise(parse_note(log.promise(entry)), ORIGIN, [LOG.key])
        assert log.promise(entry) == log.promise(entry)
        # What the charter said when the record came, whatever one that came later says.
        assert (promise.index, promise.deadline) == (index, entry.time + (5_000 if index < SIZE else 9_000))
        assert promise.leaf == leaf_hash(journal.leaves(index, index + 1)[0])
        proof = log.proof(index)
        if index == SIZE:
            assert proof is None
            publisher.publish()
            proof = log.proof(index)
        assert proof is not None
        accepted = parse_log_proof(proof.encode()).verify(promise.leaf, POLICY)
        assert accepted.checkpoint.size == log.size
