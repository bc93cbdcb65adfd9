"""Logs that said two things: proofs of it for tests."""

from __future__ import annotations

from plainview.ledger.consistency import prefix_proof
from plainview.ledger.misbehaviour import Misbehaviour
from plainview.ledger.notes import Note
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG, TIME, checkpoint, signed
from tests.ledger.trees import tree

PARTED = 77
"""Entries that both histories have."""


def split(size: int, *witnesses: str, by: Signer = LOG) -> Misbehaviour:
    first, second = (signed(checkpoint(tree(size, log, PARTED)).text(), *witnesses, by=by) for log in ("a", "b"))
    return Misbehaviour(first, second)


def fork(small: int, large: int, *witnesses: str) -> Misbehaviour:
    """Of the tree of log a at the smaller size, and of log b at the larger, cosigned both."""
    larger = tree(large, "b", PARTED)
    first = signed(checkpoint(tree(small)).text(), *witnesses)
    return Misbehaviour(first, signed(checkpoint(larger).text(), *witnesses), prefix_proof(small, large, larger.read))


def rollback(small: int, large: int, *signers: Signer, back: int = 1) -> Misbehaviour:
    """One history, whose larger size was signed `back` seconds before the smaller; by the log first, without a time."""
    notes = []
    for size, time in ((small, TIME), (large, TIME - back)):
        text = checkpoint(tree(size)).text()
        notes.append(Note(text, (LOG.sign(text), *(signer.sign(text, time) for signer in signers))))
    return Misbehaviour(*notes)
