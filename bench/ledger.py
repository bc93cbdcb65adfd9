"""What the ledger's parts cost: appending leaf hashes, proofs out of memory and out of tiles, and checking them.

One core, nothing written or fetched. The peer, in the same run and by turns, is `metamorphic-log` (Rust behind ctypes),
which checks proofs and makes none.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import metamorphic_log

from bench.report import Figure, Figures, arguments, percentile, print_figures
from bench.timing import timed
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.consistency import consistency_proof, verify_consistency
from plainview.ledger.frontier import Frontier
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.log_proofs import LogProof, parse_log_proof
from plainview.ledger.notes import Note
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from plainview.ledger.signers import Signer
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import Tile, tile_data
from plainview.ledger.tree import Tree
from plainview.records.fields import to_text

ENTRIES = 1_000_000
BATCH = 1_000
"""Entries taken in at once, as between two checkpoints."""
PROOFS = 2_000
FILES = 300
ENTRY_SIZE = 61
"""Bytes of an entry: a page's leaf in the journal."""
ORIGIN = "bench.example/log"
PEER = "metamorphic-log"


def grow(entries: Sequence[bytes]) -> tuple[Tree, float, float]:
    """The tree over the entries, and entries a second into a tree and into a frontier, leaf hashing included."""
    tree, frontier = Tree(), Frontier()
    into_tree: list[float] = []
    into_frontier: list[float] = []
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        timed(lambda: tree.extend(map(leaf_hash, batch)), into_tree)  # noqa: B023 - called at once
        frontier = timed(lambda: frontier.extend(map(leaf_hash, batch)), into_frontier)  # noqa: B023 - called at once
    assert tree.root() == frontier.root()
    return tree, len(entries) / sum(into_tree), len(entries) / sum(into_frontier)


def proofs(figures: Figures, entries: Sequence[bytes], tree: Tree, chance: random.Random) -> None:
    """Inclusion and consistency proofs of random indexes and sizes, made and checked."""
    size, root = tree.size, tree.root()

    def fetch(tiles: Sequence[Tile]) -> list[bytes]:
        return [tile_data(tile, tree.read) for tile in tiles]

    names = ("inclusion.made", "inclusion.from_tiles", "inclusion", "consistency.made", "consistency")
    ours: dict[str, list[float]] = {name: [] for name in names}
    theirs: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    for _ in range(PROOFS):
        index, old = chance.randrange(size), chance.randrange(1, size)
        leaf = leaf_hash(entries[index])
        proof = timed(lambda: inclusion_proof(index, size, tree.read), ours["inclusion.made"])  # noqa: B023
        reader = TileReader(size, root, fetch)
        again = timed(lambda: inclusion_proof(index, size, reader.read), ours["inclusion.from_tiles"])  # noqa: B023
        assert again == proof
        timed(lambda: verify_inclusion(leaf, index, size, root, proof), ours["inclusion"])  # noqa: B023
        hashes = list(proof)
        timed(lambda: metamorphic_log.verify_inclusion(index, size, leaf, hashes, root), theirs["inclusion"])  # noqa: B023
        old_root = tree.root(old)
        proof = timed(lambda: consistency_proof(old, size, tree.read), ours["consistency.made"])  # noqa: B023
        timed(lambda: verify_consistency(old, old_root, size, root, proof), ours["consistency"])  # noqa: B023
        hashes = list(proof)
        timed(
            lambda: metamorphic_log.verify_consistency(old, size, hashes, old_root, root),  # noqa: B023
            theirs["consistency"],
        )
    for name, seconds in ours.items():
        peer = theirs.get(name)
        how = f"{PROOFS} random indexes and older sizes of {size:,} entries"
        if name.endswith("from_tiles"):
            how += "; a new reader each time: tiles cut out of memory, every one checked against the root"
        for percent in (50, 99):
            figures.add(
                f"{name}.p{percent}" if "." in name else f"{name}.checked.p{percent}",
                percentile(seconds, percent) * 1000,
                "ms",
                how,
                PEER if peer else "",
                percentile(peer, percent) * 1000 if peer else None,
            )


def files(figures: Figures, entries: Sequence[bytes], tree: Tree, chance: random.Random) -> None:
    """A whole receipt: parsed, the log's and two of three witnesses' signatures, the quorum, the proof."""
    log = Signer(ORIGIN, ED25519, chance.randbytes(32))
    for name, scheme in (("ed25519", ED25519_COSIGNATURE), ("ml_dsa_44", ML_DSA_44_COSIGNATURE)):
        witnesses = [Signer(f"{at}.example", scheme, chance.randbytes(32)) for at in "abc"]
        policy = Policy(
            (Log(log.key),),
            tuple(Witness(one.key.name, one.key) for one in witnesses),
            (Group("two", 2, tuple(one.key.name for one in witnesses)),),
            "two",
        )
        text = Checkpoint(ORIGIN, tree.size, tree.root()).text()
        note = Note(text, (log.sign(text), *(one.sign(text, 1) for one in witnesses[:2])))
        seconds: list[float] = []
        for _ in range(FILES):
            index = chance.randrange(tree.size)
            data = LogProof(index, inclusion_proof(index, tree.size, tree.read), note).encode()
            leaf = leaf_hash(entries[index])
            timed(lambda: parse_log_proof(data).verify(leaf, policy), seconds)  # noqa: B023 - called at once
        how = (
            f"{FILES} files of {len(data):,} bytes: the log's Ed25519 signature and two cosignatures, quorum, inclusion"
        )
        for percent in (50, 99):
            figures.add(f"tlog_proof.{name}.p{percent}", percentile(seconds, percent) * 1000, "ms", how)


def measure(seed: int) -> list[Figure]:
    """All figures, over entries drawn from `seed`."""
    chance = random.Random(seed)
    entries = [chance.randbytes(ENTRY_SIZE) for _ in range(ENTRIES)]
    tree, into_tree, into_frontier = grow(entries)
    figures = Figures("ledger", to_text(hashlib.sha256(tree.root()).digest()), seed)
    how = f"{ENTRIES:,} entries of {ENTRY_SIZE} bytes, {BATCH:,} at a time, leaf hashing included; nothing is written"
    figures.add("append.tree", into_tree, "entries/s", how)
    figures.add("append.frontier", into_frontier, "entries/s", how)
    proofs(figures, entries, tree, chance)
    files(figures, entries, tree, chance)
    return figures


def main() -> None:
    """`python -m bench.ledger`."""
    options = arguments(__doc__.partition("\n")[0]).parse_args()
    print_figures(measure(options.seed), options.json)


if __name__ == "__main__":
    main()
