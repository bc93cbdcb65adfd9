"""`metamorphic-log`, written in Rust by others, reads what we write, and what it refuses we refuse.

It knows Ed25519 log keys and passes over cosignatures; it takes no vkey of a cosigner and calls a proof from size 0
meaningless.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import metamorphic_log
import pytest
from metamorphic_log import VerifyError

from plainview.ledger.consistency import consistency_proof, verify_consistency
from plainview.ledger.errors import LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.keys import parse_vkey
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_note
from tests.interop.logs import EDGES, TREE, altered
from tests.ledger.logs import LOG, ORIGIN, checkpoint, signed
from tests.ledger.test_keys import NOTE, VKEY
from tests.ledger.trees import entry, tree

KEYS = [LOG.key.vkey()]


def both_refuse(theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    with pytest.raises(VerifyError):
        theirs()
    with pytest.raises(LedgerError):
        ours()


def check(size: int, rounds: int) -> None:
    """Checkpoint, inclusion and consistency proofs at `size`, as they are and altered."""
    at = random.Random(size)
    root = TREE.root(size)
    note = signed(checkpoint(TREE, size).text(), "north", "south").encode().decode()
    head = metamorphic_log.checkpoint_verify(note, KEYS)
    assert (head.origin, head.size, head.root, head.extensions) == (ORIGIN, size, root, [])
    for _ in range(rounds):
        index = at.choice([0, size - 1, at.randrange(size)])
        leaf = leaf_hash(entry(index))
        proof = inclusion_proof(index, size, TREE.read)
        metamorphic_log.checkpoint_verify_inclusion(note, KEYS, index, leaf, list(proof))
        verify_inclusion(leaf, index, size, root, proof)
        bad = at.choice(altered(proof, at))
        both_refuse(
            lambda index=index, leaf=leaf, bad=bad: metamorphic_log.verify_inclusion(
                index, size, leaf, list(bad), root
            ),
            lambda index=index, leaf=leaf, bad=bad: verify_inclusion(leaf, index, size, root, bad),
        )
        old = at.randrange(1, size + 1)
        proof = consistency_proof(old, size, TREE.read)
        metamorphic_log.verify_consistency(old, size, list(proof), TREE.root(old), root)
        verify_consistency(old, TREE.root(old), size, root, proof)
        bad = at.choice(altered(proof, at))
        both_refuse(
            lambda old=old, bad=bad: metamorphic_log.verify_consistency(old, size, list(bad), TREE.root(old), root),
            lambda old=old, bad=bad: verify_consistency(old, TREE.root(old), size, root, bad),
        )


def test_sizes_1_to_1000() -> None:
    for size in range(1, 1_001):
        check(size, rounds=1)


@pytest.mark.parametrize("size", EDGES)
def test_sizes_around_powers_of_two(size: int) -> None:
    check(size, rounds=4)


@pytest.mark.soak
def test_every_index_and_every_older_size() -> None:
    for size in (*range(1, 65), 255, 256, 257, 1_000):
        root = TREE.root(size)
        for at in range(size):
            proof = inclusion_proof(at, size, TREE.read)
            metamorphic_log.verify_inclusion(at, size, leaf_hash(entry(at)), list(proof), root)
            proof = consistency_proof(at + 1, size, TREE.read)
            metamorphic_log.verify_consistency(at + 1, size, list(proof), TREE.root(at + 1), root)


def test_a_checkpoint_altered() -> None:
    note = signed(checkpoint(TREE, 1_000).text(), "north").encode()
    head = checkpoint(TREE, 1_000)
    for old, new in (
        (b"\n1000\n", b"\n1001\n"),
        (b"\n1000\n", b"\n01000\n"),
        (ORIGIN.encode() + b"\n", b"other.example\n"),
        (head.text().split("\n")[2].encode(), checkpoint(TREE, 999).text().split("\n")[2].encode()),
        (b"=\n\n", b"=\nextension\n\n"),
    ):
        forged = note.replace(old, new, 1)
        assert forged != note
        both_refuse(
            lambda forged=forged: metamorphic_log.checkpoint_verify(forged.decode(), KEYS),
            lambda forged=forged: open_note(parse_note(forged), [LOG.key]),
        )


def test_a_note_altered() -> None:
    """The specification's example, with every byte of its text and key id changed in turn."""
    assert metamorphic_log.verify_signed_note(NOTE.decode(), [VKEY]) == 1
    for at in range(len(NOTE)):
        if NOTE[at] < 0x7F:
            forged = NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :]
            both_refuse(
                lambda forged=forged: metamorphic_log.verify_signed_note(forged.decode(), [VKEY]),
                lambda forged=forged: open_note(parse_note(forged), [parse_vkey(VKEY)]),
            )


def test_a_forked_log() -> None:
    forked = tree(1_000, "b", common=600)
    old, new = checkpoint(TREE, 700), checkpoint(forked, 1_000)
    notes: list[Note] = [signed(old.text()), signed(new.text())]
    proof = consistency_proof(700, 1_000, forked.read)
    both_refuse(
        lambda: metamorphic_log.checkpoint_verify_consistency(
            *(note.encode().decode() for note in notes), KEYS, list(proof)
        ),
        lambda: verify_consistency(old.size, old.root, new.size, new.root, proof),
    )
