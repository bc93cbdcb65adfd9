"""Small logs for tests: keys from fixed seeds, checkpoints signed and cosigned."""

from __future__ import annotations

import hashlib

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.notes import Note
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, Scheme
from plainview.ledger.signers import Signer
from plainview.ledger.tree import Tree

ORIGIN = "feed.example/log"
TIME = 1_790_000_000


def signer(name: str, scheme: Scheme) -> Signer:
    """A key that is the same in every run."""
    return Signer(name, scheme, hashlib.sha256(f"{name} {scheme.code}".encode()).digest())


LOG = signer(ORIGIN, ED25519)
LOG_ML_DSA = signer(ORIGIN, ML_DSA_44_COSIGNATURE)
WITNESSES = {
    "north": signer("north.example/w1", ED25519_COSIGNATURE),
    "south": signer("south.example/w2", ML_DSA_44_COSIGNATURE),
    "west": signer("west.example/w3", ED25519_COSIGNATURE),
}
STRANGER = signer("stranger.example/w", ED25519_COSIGNATURE)


def checkpoint(grown: Tree, size: int | None = None) -> Checkpoint:
    size = grown.size if size is None else size
    return Checkpoint(ORIGIN, size, grown.root(size))


def signed(text: str, *witnesses: str, by: Signer = LOG) -> Note:
    """The text signed by the log and cosigned by the named witnesses, a second after one another."""
    note = Note(text, (by.sign(text, TIME if by.key.scheme.timestamped else None),))
    for number, name in enumerate(witnesses, 1):
        note = WITNESSES[name].add_to(note, TIME + number)
    return note
