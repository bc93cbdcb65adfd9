from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, PolicyError, ProofError, SignatureError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.log_proofs import EXTRA_LIMIT, PROOF_LIMIT, LogProof, parse_log_proof
from plainview.ledger.notes import Note
from plainview.ledger.spelling import to_base64
from tests.ledger.logs import checkpoint, signed
from tests.ledger.strategies import checkpoints, hashes, numbers, signatures
from tests.ledger.trees import entry, tree
from tests.ledger.witnessed import POLICY, log_proof

TREE = tree(300)
GOOD = log_proof(TREE, 77, "north", "west").encode()
HASH = to_base64(bytes(32)).encode()

checkpoint_notes = st.builds(
    Note, checkpoints.map(Checkpoint.text), st.lists(signatures, min_size=1, max_size=3).map(tuple)
)
log_proofs = st.builds(
    LogProof,
    numbers,
    st.lists(hashes, max_size=5).map(tuple),
    checkpoint_notes,
    st.none() | st.binary(min_size=1, max_size=50),
)


def test_a_file() -> None:
    proof = parse_log_proof(GOOD)
    assert GOOD.startswith(b"c2sp.org/tlog-proof@v1\nindex 77\n")
    assert proof.extra is None
    accepted = proof.verify(leaf_hash(entry(77)), POLICY)
    assert accepted.checkpoint == checkpoint(TREE)
    assert [one.witness for one in accepted.witnessed] == ["north", "west"]


def test_extra_data() -> None:
    data = log_proof(TREE, 0, "north", "west", extra=b"salt").encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nextra c2FsdA==\nindex 0\n")
    proof = parse_log_proof(data)
    assert proof.extra == b"salt"
    proof.verify(leaf_hash(entry(0)), POLICY)


def test_a_log_of_one_entry() -> None:
    proof = log_proof(tree(1), 0, "north", "west")
    assert proof.hashes == ()
    assert parse_log_proof(proof.encode()).verify(leaf_hash(entry(0)), POLICY).checkpoint.size == 1


@given(log_proofs)
def test_proofs_come_back(proof: LogProof) -> None:
    assert parse_log_proof(proof.encode()) == proof


@given(st.binary() | st.binary().map(GOOD.__add__) | st.integers(0, len(GOOD) - 1).map(lambda cut: GOOD[:cut]))
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        assert parse_log_proof(data).encode() == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line"),
        (GOOD.replace(b"@v1", b"@v2"), "line 1"),
        (GOOD.replace(b"c2sp.org/tlog-proof@v1\n", b""), "line 1"),
        (GOOD.replace(b"\n", b"\r\n"), "no empty line"),
        (GOOD.replace(b"@v1\n", b"@v1 \n"), "line 1"),
        (GOOD.replace(b"index 77\n", b""), "no line `index"),
        (GOOD.replace(b"index 77", b"index 077"), "index: '077'"),
        (GOOD.replace(b"index 77", b"index -1"), "index: '-1'"),
        (GOOD.replace(b"index 77", b"index  77"), "index: ' 77'"),
        (GOOD.replace(b"index 77", b"Index 77"), "no line `index"),
        (GOOD.replace(b"index 77", b"index 9223372036854775808"), "index: '9223372036854775808'"),
        (GOOD.replace(b"index 77", b"extra \nindex 77"), "0 bytes of extra data"),
        (GOOD.replace(b"index 77", b"extra AAA\nindex 77"), "line 2 .*base64"),
        (GOOD.replace(b"index 77", b"extra AAAA\nextra AAAA\nindex 77"), "no line `index"),
        (GOOD.replace(b"index 77", b"extra\nindex 77"), "no line `index"),
        (GOOD.replace(b"index 77", b"extra AAAA"), "no line `index"),
        (GOOD.replace(b"index 77", b"index 77\nextra AAAA"), "hash 0"),
        (GOOD.replace(b"index 77", b"index 77\nAAAA"), "hash 0: a hash has 32 bytes, not 3"),
        (GOOD.replace(b"index 77", b"index 77\n" + HASH[:-2] + b"B="), "hash 0: .* not the one base64"),
        (GOOD.replace(b"index 77", b"index 77\n" + HASH[:-1]), "hash 0: .* not base64"),
        (GOOD.replace(b"index 77", b"index 77" + (b"\n" + HASH) * 60), "hashes, at most 63"),
        (GOOD.replace(b"index 77", b"index 77\n\xe2\x80\x94"), "not ASCII"),
        (GOOD.replace(b"index 77", b"index 77\n"), "checkpoint, line 2"),
        (GOOD.replace(b"\n300\n", b"\n0300\n"), "checkpoint, line 2"),
        (GOOD[:-1], "note: the last line has no newline"),
        (GOOD + b"\n", "note"),
        (b"x" * (PROOF_LIMIT + 1), "at most"),
    ],
)
def test_bytes_that_are_no_proof(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_log_proof(data)
    assert len(str(error.value)) < 300


def test_too_much_extra_data() -> None:
    assert len(log_proof(TREE, 0, extra=bytes(EXTRA_LIMIT)).encode()) < PROOF_LIMIT
    with pytest.raises(FormatError, match="65537 bytes of extra data"):
        log_proof(TREE, 0, extra=bytes(EXTRA_LIMIT + 1))


def test_what_it_does_not_prove() -> None:
    leaf = leaf_hash(entry(77))
    good = parse_log_proof(GOOD)
    with pytest.raises(ProofError, match="another root"):
        good.verify(leaf_hash(entry(78)), POLICY)
    for index in (76, 78, 300):
        with pytest.raises(ProofError):
            LogProof(index, good.hashes, good.checkpoint).verify(leaf, POLICY)
    with pytest.raises(ProofError, match="too few"):
        LogProof(77, good.hashes[:-1], good.checkpoint).verify(leaf, POLICY)
    with pytest.raises(ProofError, match=r"another root|too"):
        LogProof(77, good.hashes, signed(checkpoint(TREE, 299).text(), "north", "west")).verify(leaf, POLICY)
    with pytest.raises(PolicyError, match="not reached"):
        log_proof(TREE, 77, "north").verify(leaf, POLICY)
    forged = Note(checkpoint(tree(300, "b", 77)).text(), good.checkpoint.signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        LogProof(77, good.hashes, forged).verify(leaf, POLICY)


def test_a_note_that_is_no_checkpoint() -> None:
    with pytest.raises(FormatError, match="checkpoint"):
        LogProof(0, (), signed("no checkpoint\n"))
