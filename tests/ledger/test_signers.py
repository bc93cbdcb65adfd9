from __future__ import annotations

import pytest

from plainview.ledger.errors import FormatError
from plainview.ledger.notes import Note
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, SCHEMES
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG, LOG_ML_DSA, STRANGER, TIME, checkpoint, signed
from tests.ledger.trees import tree

TEXT = checkpoint(tree(5)).text()


def test_rfc_8032_test_1() -> None:
    """RFC 8032 section 7.1: a seed, its public key, and the signature of nothing."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signer = Signer("n", ED25519, seed)
    assert signer.key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign("").data.hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b"
    )
    assert Signer("n", ED25519_COSIGNATURE, seed).key.public == signer.key.public


def test_key_ids_differ_by_type() -> None:
    ids = {Signer("n", scheme, bytes(32)).key.key_id for scheme in SCHEMES.values()}
    assert len(ids) == len(SCHEMES) == 3


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length(seed: bytes) -> None:
    for scheme in SCHEMES.values():
        with pytest.raises(FormatError, match="32 bytes"):
            Signer("n", scheme, seed)


def test_a_name_no_key_has() -> None:
    with pytest.raises(FormatError, match="key name"):
        Signer("a b", ED25519, bytes(32))


def test_a_time_where_and_only_where_there_is_one() -> None:
    with pytest.raises(FormatError, match="a time is not part of it"):
        LOG.sign(TEXT, TIME)
    for signer in (STRANGER, LOG_ML_DSA):
        with pytest.raises(FormatError, match="a time is needed"):
            signer.sign(TEXT)
        for time in (-1, 2**63):
            with pytest.raises(FormatError, match="time"):
                signer.sign(TEXT, time)


def test_a_seed_is_not_shown() -> None:
    signer = Signer("n", ML_DSA_44_COSIGNATURE, b"secret" + bytes(26))
    assert "secret" not in repr(signer)
    assert not hasattr(signer, "__dict__")


def test_signatures_are_added_behind() -> None:
    note = signed(TEXT)
    assert STRANGER.add_to(note, TIME).signatures == (*note.signatures, STRANGER.sign(TEXT, TIME))
    assert len(note.signatures) == 1


def test_a_note_of_its_own_signature_alone() -> None:
    own = Signer("n", ED25519, bytes(32))
    assert own.note(TEXT) == Note(TEXT, (own.sign(TEXT),)).encode()
