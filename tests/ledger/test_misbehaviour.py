from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.consistency import prefix_proof, prefix_roots
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.evidence import EVIDENCE_LIMIT
from plainview.ledger.misbehaviour import Kind, Misbehaviour, parse_misbehaviour
from plainview.ledger.notes import Note
from plainview.ledger.policies import Policy
from plainview.ledger.spelling import to_base64
from tests.ledger.contradictions import PARTED, fork, rollback, split
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, STRANGER, TIME, WITNESSES, checkpoint, signed
from tests.ledger.strategies import hashes, numbers, signatures
from tests.ledger.trees import tree
from tests.ledger.witnessed import POLICY

TREE = tree(300)
GOOD = fork(200, 300, "north").encode()
HASH = to_base64(bytes(32)).encode()

proofs = st.builds(
    lambda sizes, roots, lists, shown: Misbehaviour(
        *(
            Note(Checkpoint(ORIGIN, size, root).text(), tuple(lines))
            for size, root, lines in zip(sorted(sizes), roots, lists, strict=True)
        ),
        tuple(shown) if 0 < min(sizes) < max(sizes) else (),
    ),
    st.tuples(numbers, numbers),
    st.tuples(hashes, hashes),
    st.tuples(*[st.lists(signatures, min_size=1, max_size=3)] * 2),
    st.lists(hashes, max_size=5),
)


@given(proofs)
def test_proofs_come_back(proof: Misbehaviour) -> None:
    assert parse_misbehaviour(proof.encode()) == proof


@given(st.binary() | st.binary().map(GOOD.__add__) | st.integers(0, len(GOOD) - 1).map(lambda cut: GOOD[:cut]))
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        assert parse_misbehaviour(data).encode() == data


@given(st.integers(1, 199), st.integers(1, 200))
@example(64, 128)
@example(128, 129)
def test_a_prefix_proof_gives_both_roots(old: int, more: int) -> None:
    new = min(old + more, 300)
    assert prefix_roots(old, new, prefix_proof(old, new, TREE.read)) == (TREE.root(old), TREE.root(new))


@pytest.mark.parametrize("size", [PARTED + 1, 128, 300])
def test_two_trees_of_one_size(size: int) -> None:
    found = parse_misbehaviour(split(size, "north", "west").encode()).check(POLICY)
    assert (found.kind, found.log, found.witnesses) == (Kind.SPLIT, True, ("north", "west"))
    assert found.sentence() == (
        f"the log, witness north and witness west signed two different trees of {size} entries for {ORIGIN!r}"
    )


@pytest.mark.parametrize(("small", "large"), [(78, 79), (128, 256), (128, 300), (200, 300), (299, 300), (300, 4096)])
def test_a_larger_tree_that_does_not_begin_with_the_smaller(small: int, large: int) -> None:
    found = parse_misbehaviour(fork(small, large).encode()).check(POLICY)
    assert (found.kind, found.log, found.witnesses) == (Kind.FORK, True, ())
    assert "the larger does not begin with the smaller" in found.sentence()


def test_who_cosigned_one_side_alone_is_not_convicted() -> None:
    proof = fork(200, 300, "north")
    both = Misbehaviour(proof.smaller, WITNESSES["west"].add_to(proof.larger, TIME), proof.hashes)
    assert both.check(POLICY).witnesses == ("north",)


def test_the_log_may_have_signed_with_two_keys() -> None:
    first, second = split(300).smaller, split(300, by=LOG_ML_DSA).larger
    assert Misbehaviour(first, second).check(POLICY).log


@pytest.mark.parametrize("small", [0, 1, 200])
def test_a_witness_that_forgot(small: int) -> None:
    found = parse_misbehaviour(rollback(small, 300, WITNESSES["north"], WITNESSES["south"]).encode()).check(POLICY)
    assert (found.kind, found.log, found.witnesses) == (Kind.ROLLBACK, False, ("north", "south"))
    assert "at a later time than 300 entries" in found.sentence()


def test_a_log_that_signs_with_a_time_and_rolled_back() -> None:
    found = rollback(200, 300, LOG_ML_DSA).check(POLICY)
    assert (found.kind, found.log, found.witnesses) == (Kind.ROLLBACK, True, ())


@pytest.mark.parametrize(
    "proof",
    [
        rollback(200, 300),  # the log alone, which says no time
        rollback(200, 300, WITNESSES["north"], back=0),  # within one second
        rollback(200, 300, WITNESSES["north"], back=-5),  # it grew
        rollback(200, 300, STRANGER),
    ],
)
def test_an_older_checkpoint_alone_proves_nothing(proof: Misbehaviour) -> None:
    with pytest.raises(ProofError, match="can both have been true"):
        proof.check(POLICY)


def test_a_cosignature_without_a_time_says_nothing_of_time() -> None:
    south = WITNESSES["south"]
    for times in ((TIME, 0), (0, TIME)):
        notes = []
        for size, time in zip((200, 300), times, strict=True):
            text = checkpoint(tree(size)).text()
            notes.append(Note(text, (LOG.sign(text), south.sign(text, time))))
        with pytest.raises(ProofError, match="can both have been true"):
            Misbehaviour(*notes).check(POLICY)


def test_honest_logs_cannot_be_framed() -> None:
    small, large = signed(checkpoint(tree(200)).text()), signed(checkpoint(TREE).text())
    with pytest.raises(ProofError, match="does begin with"):
        Misbehaviour(small, large, prefix_proof(200, 300, TREE.read)).check(POLICY)
    with pytest.raises(ProofError, match="do not lead to the root"):
        Misbehaviour(small, large, prefix_proof(200, 300, tree(300, "b").read)).check(POLICY)
    with pytest.raises(ProofError, match="too few"):
        Misbehaviour(small, large, prefix_proof(200, 300, TREE.read)[:-1]).check(POLICY)
    with pytest.raises(ProofError, match="the same tree"):
        Misbehaviour(large, signed(checkpoint(TREE).text(), "north")).check(POLICY)
    forged = Note(checkpoint(tree(200, "b")).text(), small.signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        Misbehaviour(forged, large, prefix_proof(200, 300, TREE.read)).check(POLICY)
    stranger = checkpoint(tree(200, "b")).text()
    with pytest.raises(SignatureError, match="no signature of a known key"):
        Misbehaviour(Note(stranger, (STRANGER.sign(stranger, TIME),)), large).check(POLICY)
    with pytest.raises(PolicyError, match="knows no log"):
        split(300).check(Policy((), (), (), "none"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty line between"),
        (GOOD.replace(b"@v1", b"@v2"), "line 1"),
        (GOOD.replace(b"\n", b"\r\n"), "empty line between"),
        (GOOD.replace(b"@v1\n", b"@v1\nAAAA\n"), "hash 0: a hash has 32 bytes, not 3"),
        (GOOD.replace(b"@v1\n", b"@v1\n" + (HASH + b"\n") * 64), "hashes, at most 64"),
        (GOOD.replace(b"@v1\n", b"@v1\n\xe2\x80\x94\n"), "not ASCII"),
        (GOOD.replace(b"@v1\n", b"@v1\n\n"), "empty line between"),
        (GOOD + b"\n", "empty line|note"),
        (GOOD[:-1], "note: the last line has no newline"),
        (GOOD.replace(b"\n200\n", b"\n301\n"), "stands before"),
        (GOOD.replace(b"\n200\n", b"\n300\n"), "none lead from 300 to 300"),
        (GOOD.replace(b"\n200\n", b"\n0\n"), "none lead from 0 to 300"),
        (GOOD.replace(ORIGIN.encode() + b"\n", b"other.example\n", 1), "of two logs"),
        (b"x" * (EVIDENCE_LIMIT + 1), "at most"),
    ],
)
def test_bytes_that_are_no_proof(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_misbehaviour(data)
    assert len(str(error.value)) < 300


def test_no_byte_can_be_changed_unnoticed() -> None:
    """But in signatures of keys that are not known: of those, there are none."""
    for at in range(len(GOOD)):
        forged = GOOD[:at] + bytes([GOOD[at] ^ 1]) + GOOD[at + 1 :]
        with suppress(LedgerError):
            found = parse_misbehaviour(forged).check(POLICY)
            # A signature line whose key id or name was changed is an unknown key's.
            assert found.witnesses == (), at
