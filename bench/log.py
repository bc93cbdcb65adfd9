"""What the log costs over a journal on disk, from ten thousand records to ten million: publishing, proofs, a start.

Records are appended and published a thousand at a time, each group fsynced in the journal and each checkpoint in its
file. The millions that a size needs are written straight into the store, as rows whose leaves are drawn from the seed.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.directory import directory
from bench.report import Figure, Figures, arguments, percentile, print_figures
from bench.timing import timed
from plainview.journal import Draft, Fence, Journal, JournalReader, PlainSealer
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.log_proofs import LogProof, parse_log_proof
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.platform.log.publisher import Publisher
from plainview.platform.log.tree import JournalTree
from plainview.records import UNSIGNED, Viewer, encode
from plainview.records.digests import commitment
from plainview.records.fields import to_text
from plainview.records.leaf import personal_leaf
from plainview.storage import Row, SqliteRecords
from plainview.storage.filesystem import HostFileSystem

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
GROUP = 1_000
"""Records between two checkpoints."""
GROUPS = 50
PROOFS = 500
ORIGIN = "bench.example/log"
TIME = 1_790_000_000_000
TESSERA = "Tessera, POSIX storage, as published"
TESSERA_RATE = 10_000.0
"""Entries a second on NVMe with 7 cores: its own published figure, not measured here."""


def registered(viewer: int, time: int = 0) -> Viewer:
    return Viewer(time=time, viewer=viewer, region="US", age="18+", mode="personal", **UNSIGNED)


def rows(start: int, stop: int, seed: int) -> Iterator[Row]:
    """Rows as the journal writes them, of viewers who register; their salts are drawn from `seed`."""
    for index in range(start, stop):
        salt = hashlib.sha256(b"%d %d" % (seed, index)).digest()
        body = encode(registered(index, TIME))
        leaf = personal_leaf("viewer", commitment(salt, body))
        sealed = PlainSealer().seal(f"viewer:{index}", "viewer", salt, body)
        yield Row(index, TIME, "viewer", f"viewer:{index}", None, leaf, leaf_hash(leaf), sealed)


def fill(path: Path, size: int, seed: int) -> None:
    """Write rows until there are `size`."""
    store = SqliteRecords(path, writing=True)
    try:
        while (start := store.size()) < size:
            store.append(list(rows(start, min(size, start + 50_000), seed)))
    finally:
        store.close()


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())


class Bench:
    """One journal that grows, and its log."""

    def __init__(self, place: Path, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.journal_path = place / "journal"
        self.log_path = place / "log"
        self.log_path.mkdir()
        self.signer = Signer(ORIGIN, ED25519, self.chance.randbytes(32))
        self.figures = Figures("log", to_text(hashlib.sha256(b"%d" % seed).digest()), seed)

    def publisher(self, journal: Journal) -> Publisher:
        """A new one, not opened."""
        policy = Policy((), (), (), NO_QUORUM)
        return Publisher(journal, JournalTree(journal), self.signer, policy, self.log_path, HostFileSystem(), 5_000)

    def at(self, size: int) -> None:
        """All figures at one size."""
        fill(self.journal_path, size, self.seed)
        store = SqliteRecords(self.journal_path, writing=True)
        reader = JournalReader(store, PlainSealer())
        grown = JournalTree(reader)
        seconds: list[float] = []
        timed(lambda: grown.extend(size), seconds)
        name = f"{size}"
        self.figures.add(
            f"taken_up.{name}", size / seconds[0], "records/s", "leaf hashes read from disk, tree computed"
        )
        self.proofs(grown, reader, size, name)
        self.figures.add(
            f"bytes.{name}", size_of(self.journal_path) / size, "bytes/record", "the journal on disk: registrations"
        )
        self.figures.add(f"kept.{name}", len(grown.kept()) / size, "bytes/record", "what the tree keeps beside it")
        store.close()

    def proofs(self, tree: JournalTree, reader: JournalReader, size: int, name: str) -> None:
        """Proofs of random indexes, each by a tree that has no tile at hand."""
        root = tree.root(size)
        made: list[float] = []
        checked: list[float] = []
        for _ in range(PROOFS):
            index = self.chance.randrange(size)
            tree._full.cache_clear()  # of a small tree every tile would be there after its first proof
            proof = timed(lambda: inclusion_proof(index, size, tree.read), made)  # noqa: B023 - called at once
            leaf = reader.leaf_hashes(index, index + 1)[0]
            timed(lambda: verify_inclusion(leaf, index, size, root, proof), checked)  # noqa: B023
        for percent in (50, 99):
            how = f"{PROOFS} random indexes; leaf hashes read from the journal each time, no tile at hand"
            self.figures.add(f"proof.{name}.p{percent}", percentile(made, percent) * 1000, "ms", how)
            self.figures.add(f"checked.{name}.p{percent}", percentile(checked, percent) * 1000, "ms", "the same proofs")

    def publishing(self, size: int) -> None:
        """Appending and publishing on top of `size` records, then a start with and without what was kept."""
        store = SqliteRecords(self.journal_path, writing=True)
        journal = Journal(store, PlainSealer(), Fence(100, 2_000))
        publisher = self.publisher(journal)
        publisher.open()
        publisher.publish()
        name = f"{size}"
        both: list[float] = []
        append: list[float] = []
        for group in range(GROUPS):
            drafts = [Draft(registered(group * GROUP + at)) for at in range(GROUP)]
            timed(lambda: journal.append(drafts), append)  # noqa: B023 - called at once
            timed(publisher.publish, both)
        rate = GROUP / statistics.median([one + two for one, two in zip(append, both, strict=True)])
        how = f"{GROUPS} groups of {GROUP:,}: journaled and fsynced, then a signed checkpoint, fsynced; median"
        self.figures.add(f"published.{name}", rate, "entries/s", how, TESSERA, TESSERA_RATE)
        self.figures.add(
            f"publishing.{name}",
            statistics.median(both) * 1000,
            "ms",
            f"one checkpoint, over {GROUP:,} new records",
        )
        publisher.keep()
        for kind in ("kept", "whole"):
            if kind == "whole":
                (self.log_path / "tree").unlink()
            again = self.publisher(journal)
            began = time.perf_counter()
            again.open()
            self.figures.add(
                f"start.{kind}.{name}",
                time.perf_counter() - began,
                "s",
                "from the tree that was kept" if kind == "kept" else "from the journal alone",
            )
        self.receipts(publisher, journal, name)
        journal.close()

    def receipts(self, publisher: Publisher, journal: Journal, name: str) -> None:
        """A `.tlog-proof` made of the published log, and checked whole."""
        published = publisher.published
        assert published is not None
        policy = Policy((Log(self.signer.key),), (), (), NO_QUORUM)
        seconds: list[float] = []
        for _ in range(PROOFS):
            index = self.chance.randrange(published.checkpoint.size)
            proof = inclusion_proof(index, published.checkpoint.size, publisher._tree.read)
            data = LogProof(index, proof, published.note).encode()
            leaf = journal.leaf_hashes(index, index + 1)[0]
            timed(lambda: parse_log_proof(data).verify(leaf, policy), seconds)  # noqa: B023 - called at once
        for percent in (50, 99):
            self.figures.add(
                f"receipt.{name}.p{percent}",
                percentile(seconds, percent) * 1000,
                "ms",
                f"{PROOFS} `.tlog-proof` files parsed and checked, the log's signature included",
            )


def measure(path: Path, seed: int, sizes: tuple[int, ...]) -> list[Figure]:
    """All figures, in a directory below `path` that is taken away again."""
    with tempfile.TemporaryDirectory(dir=path, prefix="log-") as made:
        place = Path(made)
        bench = Bench(place, seed)
        for size in sizes:
            bench.at(size)
            copy = place / "grown"
            if size == sizes[-1]:
                bench.publishing(size)
            else:
                # Published on a copy: what is appended for that must not be below the next size's rows.
                shutil.copytree(bench.journal_path, copy)
                whole, bench.journal_path = bench.journal_path, copy
                bench.publishing(size)
                bench.journal_path = whole
                shutil.rmtree(copy)
                for file in bench.log_path.iterdir():
                    file.unlink()
        return bench.figures


def main() -> None:
    """`python -m bench.log [--sizes N ...] [--picture FILE]`."""
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="records (default: %(default)s)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the growth as SVG")
    options = parser.parse_args()
    with directory(options.data) as path:
        figures = measure(path, options.seed, tuple(options.sizes))
    print_figures(figures, options.json)
    if options.picture is not None:
        from bench.growth_picture import draw

        options.picture.write_text(draw(figures, tuple(options.sizes)), encoding="utf-8")


if __name__ == "__main__":
    main()
