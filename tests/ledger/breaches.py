"""Logs that broke a promise: proofs of it for tests."""

from __future__ import annotations

from plainview.ledger.broken_promises import BrokenPromise
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.nodes import Node
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.promises import Promise
from plainview.ledger.signers import Signer
from plainview.ledger.tree import Tree
from tests.ledger.logs import LOG, ORIGIN, TIME, WITNESSES, checkpoint, signed
from tests.ledger.trees import entry, tree

DEADLINE = TIME * 1000


def promised(index: int, log: str = "a", by: Signer = LOG) -> Note:
    """That log `log` has its entry of that index by DEADLINE."""
    return parse_note(Promise(ORIGIN, index, leaf_hash(entry(index, log)), DEADLINE).signed(by))


def other(index: int, grown: Tree) -> BrokenPromise:
    """A promise of log a, and what stands there in `grown`."""
    path = inclusion_proof(index, grown.size, grown.read)
    return BrokenPromise(promised(index), signed(checkpoint(grown).text()), (*grown.read([Node(0, index)]), *path))


def twice(index: int) -> BrokenPromise:
    """A promise of log a, and one of log b."""
    return BrokenPromise(promised(index), promised(index, "b"))


def late(index: int, size: int, **seconds: int) -> BrokenPromise:
    """A tree that has not grown to the promised index, cosigned so many seconds after the deadline by each witness."""
    note = signed(checkpoint(tree(size)).text())
    for name, after in seconds.items():
        note = WITNESSES[name].add_to(note, TIME + after)
    return BrokenPromise(promised(index), note)
