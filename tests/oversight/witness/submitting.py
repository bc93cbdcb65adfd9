"""A witness of two logs for tests, and what logs send it."""

from __future__ import annotations

from pathlib import Path

from plainview.ledger.consistency import consistency_proof
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from plainview.ledger.submissions import Submission
from plainview.ledger.tree import Tree
from plainview.oversight.witness.store import WitnessStore, connect
from plainview.oversight.witness.witness import Witness
from tests.ledger.logs import LOG, LOG_ML_DSA, TIME, checkpoint, signed, signer
from tests.ledger.trees import tree

TREE = tree(300)
FORKED = tree(300, "b", common=100)
OTHER = signer("other.example/log", ED25519)
KEYS = [signer("witness.example/w1", scheme) for scheme in (ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)]


class Clock:
    def __init__(self) -> None:
        self.now = TIME

    def __call__(self) -> int:
        return self.now


def witness(path: Path, clock: Clock | None = None, keys: int = 2, connector=connect) -> Witness:  # type: ignore[no-untyped-def]
    store = WitnessStore(path / "witness.sqlite", connector)
    return Witness([LOG.key, LOG_ML_DSA.key, OTHER.key], KEYS[:keys], store, clock or Clock())


def submission(old: int, new: int, grown: Tree = TREE) -> bytes:
    """What an honest log sends that grew from `old` to `new`."""
    note = signed(checkpoint(grown, new).text())
    return Submission(old, consistency_proof(old, new, grown.read) if old <= new else (), note).encode()
