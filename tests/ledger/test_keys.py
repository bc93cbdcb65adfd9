from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.keys import VerifierKey, parse_vkey
from plainview.ledger.notes import NoteSignature, parse_note
from plainview.ledger.opening import open_note
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG, LOG_ML_DSA, STRANGER, TIME, WITNESSES, checkpoint
from tests.ledger.reference import sha256
from tests.ledger.strategies import keys
from tests.ledger.trees import tree

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
"""The example of C2SP signed-note, and the note it verifies."""
NOTE = """\
This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()
SIGNERS = [LOG, LOG_ML_DSA, STRANGER, *WITNESSES.values()]
TEXT = checkpoint(tree(5)).text()


def test_the_specification_s_example() -> None:
    key = parse_vkey(VKEY)
    assert (key.name, key.code, key.key_id.hex()) == ("example.com/foo", 1, "530d903a")
    assert key.vkey() == VKEY
    (verified,) = open_note(parse_note(NOTE), [key])
    assert (verified.key, verified.time) == (key, None)


def test_the_example_altered() -> None:
    with pytest.raises(SignatureError, match="does not verify"):
        open_note(parse_note(NOTE.replace(b"example message", b"example massage")), [parse_vkey(VKEY)])


@given(keys())
def test_keys_come_back(key: VerifierKey) -> None:
    assert parse_vkey(key.vkey()) == key
    assert key.key_id == sha256(key.name.encode(), b"\n", bytes([key.code]), key.public)[:4]


@given(st.text() | st.text().map(VKEY.__add__) | st.text("abc+/=019", max_size=60))
def test_parsing_is_total(text: str) -> None:
    with suppress(FormatError):
        assert parse_vkey(text).vkey() == text


def of(code: int, size: int, name: str = "n") -> str:
    """A vkey of any type and length, with the right key id."""
    data = bytes([code]) + bytes(size)
    key_id = sha256(name.encode(), b"\n", data)[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("vkey", "message"),
    [
        ("", "not a name, a key id"),
        ("example.com/foo", "not a name, a key id"),
        ("example.com/foo+530d903a", "not a name, a key id"),
        (VKEY.replace("530d903a", "530d903b"), "key id '530d903b', that of its public key is 530d903a"),
        (VKEY.replace("530d903a", "530D903A"), "key id"),
        (VKEY.replace("530d903a", "0530d903a"), "key id"),
        (VKEY.replace("530d903a", ""), "key id"),
        (VKEY.replace("foo", "fop"), "key id"),
        (VKEY.replace("U2k", "U2l"), "key id"),
        (VKEY.replace("+Aeky", "+Beky"), "0x05 is none of"),
        (VKEY + "=", "base64"),
        (VKEY[:-1], "base64"),
        (VKEY + "\n", "base64"),
        (VKEY.replace("foo", "f oo"), "space"),
        ("+" + VKEY.partition("+")[2], "empty"),
        ("n+530d903a+", "no signature type"),
        (of(0x01, 31), "31 bytes"),
        (of(0x01, 33), "33 bytes"),
        (of(0x04, 0), "0 bytes"),
        (of(0x06, 32), "32 bytes"),
        (of(0x06, 1313), "1313 bytes"),
        (of(0x02, 91), "0x02 is none of"),
        (of(0xFF, 32), "0xff is none of"),
    ],
)
def test_a_text_that_is_no_key(vkey: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_vkey(vkey)


@pytest.mark.parametrize("at", range(len(SIGNERS)))
def test_only_the_key_that_signed_verifies(at: int) -> None:
    signer = SIGNERS[at]
    time = TIME if signer.key.scheme.timestamped else None
    signature = signer.sign(TEXT, time)
    assert signer.key.verify(TEXT, signature) == time
    for other in SIGNERS[:at] + SIGNERS[at + 1 :]:
        with pytest.raises(SignatureError, match="names another key"):
            other.key.verify(TEXT, signature)
        with pytest.raises(SignatureError, match=r"does not verify|bytes, it has"):
            other.key.verify(TEXT, NoteSignature(other.key.name, other.key.key_id, signature.data))


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: f"{signer.key.code:#04x}")
def test_a_signature_altered_anywhere(signer: Signer) -> None:
    signature = signer.sign(TEXT, TIME if signer.key.scheme.timestamped else None)
    for at in {*range(0, len(signature.data), 97), 0, 7, 8, len(signature.data) - 1}:
        data = bytearray(signature.data)
        data[at] ^= 0x10
        refused(signer.key, bytes(data), "does not verify")
    for data in (signature.data[:-1], signature.data + b"\0", signature.data[8:], b"\0"):
        refused(signer.key, data, "bytes, it has")


@pytest.mark.parametrize("signer", [LOG_ML_DSA, STRANGER], ids=["ML-DSA-44", "Ed25519"])
def test_a_time_that_cannot_be(signer: Signer) -> None:
    data = signer.sign(TEXT, TIME).data
    refused(signer.key, b"\x80" + data[1:], "above 2")


def refused(key: VerifierKey, data: bytes, message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        key.verify(TEXT, NoteSignature(key.name, key.key_id, data))
