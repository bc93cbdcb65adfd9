from __future__ import annotations

import pytest

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, NoteSignature
from plainview.ledger.opening import open_checkpoint, open_note, verified_signatures
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, STRANGER, TIME, WITNESSES, checkpoint, signed, signer
from tests.ledger.trees import tree

HEAD = checkpoint(tree(9))
TEXT = HEAD.text()
NORTH, SOUTH, WEST = WITNESSES.values()


def broken(signature: NoteSignature) -> NoteSignature:
    return NoteSignature(signature.name, signature.key_id, signature.data[:-1] + bytes([signature.data[-1] ^ 1]))


def test_who_signed() -> None:
    note = signed(TEXT, "north", "south")
    found = open_note(note, [LOG.key, NORTH.key, SOUTH.key, WEST.key])
    assert [(one.key, one.time) for one in found] == [(LOG.key, None), (NORTH.key, TIME + 1), (SOUTH.key, TIME + 2)]


def test_unknown_signatures_are_passed_over() -> None:
    note = STRANGER.add_to(signed(TEXT), TIME)
    same_name = signer(ORIGIN, NORTH.key.scheme)
    note = Note(TEXT, (*note.signatures, broken(STRANGER.sign(TEXT, TIME)), broken(same_name.sign(TEXT, TIME))))
    assert len(open_note(note, [LOG.key])) == 1


def test_one_bad_signature_of_a_known_key_refuses_the_note() -> None:
    note = signed(TEXT, "north")
    for at, signature in enumerate(note.signatures):
        bad = Note(TEXT, (*note.signatures[:at], broken(signature), *note.signatures[at + 1 :]))
        with pytest.raises(SignatureError, match="does not verify"):
            open_note(bad, [LOG.key, NORTH.key])
    again = Note(TEXT, (*note.signatures, broken(note.signatures[0])))
    with pytest.raises(SignatureError, match="does not verify"):
        open_note(again, [LOG.key])


def test_a_key_may_sign_twice() -> None:
    note = NORTH.add_to(signed(TEXT, "north"), TIME + 9)
    assert [one.time for one in verified_signatures(note, [NORTH.key])] == [TIME + 1, TIME + 9]


def test_nobody_known_signed() -> None:
    note = signed(TEXT)
    assert verified_signatures(note, [NORTH.key]) == ()
    for keys in ([], [NORTH.key]):
        with pytest.raises(SignatureError, match="no signature of a known key"):
            open_note(note, keys)


def test_keys_that_cannot_be_told_apart() -> None:
    """Two public keys under one name and key id: found by a search over 2^32, here made by hand."""

    class Colliding(VerifierKey, frozen=True):
        @property
        def key_id(self) -> bytes:
            return LOG.key.key_id

    other = Colliding(LOG.key.name, LOG.key.code, STRANGER.key.public)
    with pytest.raises(SignatureError, match="two keys have the name"):
        open_note(signed(TEXT), [LOG.key, other])
    assert len(open_note(signed(TEXT), [LOG.key, LOG.key])) == 1


@pytest.mark.parametrize("by", [LOG, LOG_ML_DSA], ids=["Ed25519", "ML-DSA-44"])
def test_a_log_s_checkpoint(by: Signer) -> None:
    head, found = open_checkpoint(signed(TEXT, "north", by=by), ORIGIN, [LOG.key, LOG_ML_DSA.key])
    assert head == HEAD
    assert [one.key for one in found] == [by.key]


def test_a_checkpoint_of_another_origin() -> None:
    for origin in ("feed.example/log2", "feed.example/lo", "FEED.example/log"):
        text = Checkpoint(origin, HEAD.size, HEAD.root).text()
        with pytest.raises(SignatureError, match=f"checkpoint of '{origin}', not of '{ORIGIN}'"):
            open_checkpoint(signed(text), ORIGIN, [LOG.key])


def test_a_log_whose_keys_have_another_name() -> None:
    """As Go's checksum database has: its origin is `go.sum database tree`, its key `sum.golang.org`."""
    text = Checkpoint("go.sum database tree", HEAD.size, HEAD.root).text()
    assert open_checkpoint(signed(text), "go.sum database tree", [LOG.key])[0].text() == text


def test_a_note_that_is_no_checkpoint() -> None:
    with pytest.raises(FormatError, match="checkpoint"):
        open_checkpoint(signed("some other text\n"), ORIGIN, [LOG.key])


def test_extension_lines_that_nothing_covers() -> None:
    text = Checkpoint(ORIGIN, HEAD.size, HEAD.root, ("x",)).text()
    assert open_checkpoint(signed(text), ORIGIN, [LOG.key])[0].extensions == ("x",)
    both = LOG_ML_DSA.add_to(signed(text), TIME)
    assert open_checkpoint(both, ORIGIN, [LOG.key, LOG_ML_DSA.key])[0].extensions == ("x",)
    with pytest.raises(SignatureError, match="extension lines that no signature of the log covers"):
        open_checkpoint(both, ORIGIN, [LOG_ML_DSA.key])
    # An ML-DSA-44 signature of the bare checkpoint, moved below other lines, is what this guards against.
    moved = Note(text, signed(TEXT, by=LOG_ML_DSA).signatures)
    with pytest.raises(SignatureError, match="extension lines"):
        open_checkpoint(moved, ORIGIN, [LOG_ML_DSA.key])
