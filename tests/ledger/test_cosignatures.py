from __future__ import annotations

import struct

import pytest
from hypothesis import given

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.cosignatures import ed25519_message, ml_dsa_44_message
from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.notes import NoteSignature
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG_ML_DSA, STRANGER, TIME, checkpoint
from tests.ledger.strategies import checkpoints, names, numbers
from tests.ledger.trees import tree

TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_specification_s_ed25519_example() -> None:
    assert ed25519_message(parse_checkpoint(TEXT), 1679315147) == f"cosignature/v1\ntime 1679315147\n{TEXT}".encode()


def test_the_ml_dsa_44_struct() -> None:
    root = parse_checkpoint(TEXT).root
    assert ml_dsa_44_message("witness.example/w1", parse_checkpoint(TEXT), 1679315147) == (
        b"subtree/v1\n\0"
        b"\x12witness.example/w1"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x1bexample.com/behind-the-sofa"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x01\x3e\x2d\xc3" + root
    )


@given(checkpoints, names, numbers)
def test_what_is_covered(checkpoint: Checkpoint, name: str, time: int) -> None:
    assert ed25519_message(checkpoint, time).endswith(checkpoint.text().encode())
    bare = Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root)
    message = ml_dsa_44_message(name, checkpoint, time)
    assert message == ml_dsa_44_message(name, bare, time)
    assert message.endswith(struct.pack(">QQ", 0, checkpoint.size) + checkpoint.root)


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_that_cannot_be(time: int) -> None:
    for message in (
        lambda: ed25519_message(parse_checkpoint(TEXT), time),
        lambda: ml_dsa_44_message("n", parse_checkpoint(TEXT), time),
    ):
        with pytest.raises(FormatError, match="time"):
            message()


def test_names_that_the_struct_cannot_hold() -> None:
    long = Checkpoint("ü" * 128, 0, bytes(32))
    assert len(ml_dsa_44_message("n" * 255, Checkpoint("o" * 255, 0, bytes(32)), 0)) == 12 + 256 + 8 + 256 + 16 + 32
    with pytest.raises(FormatError, match="cosigner's name"):
        ml_dsa_44_message("n" * 256, parse_checkpoint(TEXT), 0)
    with pytest.raises(FormatError, match="log's origin"):
        ml_dsa_44_message("n", long, 0)
    with pytest.raises(SignatureError, match="log's origin"):
        LOG_ML_DSA.key.verify(long.text(), NoteSignature(LOG_ML_DSA.key.name, LOG_ML_DSA.key.key_id, bytes(2428)))


def test_only_checkpoints_are_cosigned() -> None:
    for signer in (STRANGER, LOG_ML_DSA):
        with pytest.raises(FormatError, match="checkpoint"):
            signer.sign("not a checkpoint\n", TIME)
        signature = signer.sign(checkpoint(tree(3)).text(), TIME)
        with pytest.raises(SignatureError, match="signs no such text"):
            signer.key.verify("not a checkpoint\n", signature)


@pytest.mark.parametrize("signer", [STRANGER, LOG_ML_DSA], ids=["Ed25519", "ML-DSA-44"])
def test_the_time_is_signed(signer: Signer) -> None:
    text = checkpoint(tree(3)).text()
    signature = signer.sign(text, TIME)
    assert signature.data[:8] == TIME.to_bytes(8, "big")
    later = NoteSignature(signature.name, signature.key_id, (TIME + 1).to_bytes(8, "big") + signature.data[8:])
    with pytest.raises(SignatureError, match="does not verify"):
        signer.key.verify(text, later)
    assert signer.key.verify(text, signer.sign(text, 0)) == 0
