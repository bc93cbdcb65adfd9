from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.broken_promises import BrokenPromise, Kind, parse_broken_promise
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.evidence import EVIDENCE_LIMIT
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.nodes import Node
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Policy
from plainview.ledger.promises import Promise, parse_promise
from plainview.ledger.schemes import ED25519
from plainview.ledger.spelling import to_base64
from tests.ledger.breaches import DEADLINE, late, other, promised, twice
from tests.ledger.logs import LOG, ORIGIN, TIME, WITNESSES, checkpoint, signed, signer
from tests.ledger.strategies import hashes, numbers, signatures
from tests.ledger.trees import tree
from tests.ledger.witnessed import POLICY

TREE = tree(300)
FORKED = tree(300, "b", common=77)
GOOD = other(77, FORKED).encode()
LATE = late(77, 77, north=1, west=2)
HASH = to_base64(bytes(32)).encode()

TWICE = twice(77)

proofs = st.builds(
    lambda index, size, root, leaf, deadline, lists, shown: BrokenPromise(
        Note(Promise(ORIGIN, index, leaf, deadline).text(), tuple(lists[0])),
        Note(Checkpoint(ORIGIN, size, root).text(), tuple(lists[1])),
        tuple(shown) if size > index else (),
    ),
    numbers,
    numbers,
    hashes,
    hashes,
    numbers,
    st.tuples(*[st.lists(signatures, min_size=1, max_size=3)] * 2),
    st.lists(hashes, min_size=1, max_size=5),
)

pairs = st.builds(
    lambda index, leaves, deadlines, lists: BrokenPromise(
        *(
            Note(Promise(ORIGIN, index, *one[:2]).text(), tuple(one[2]))
            for one in zip(leaves, deadlines, lists, strict=True)
        )
    ),
    numbers,
    st.tuples(hashes, hashes),
    st.tuples(numbers, numbers),
    st.tuples(*[st.lists(signatures, min_size=1, max_size=3)] * 2),
)


@given(proofs | pairs)
def test_proofs_come_back(proof: BrokenPromise) -> None:
    assert parse_broken_promise(proof.encode()) == proof


@given(st.binary() | st.binary().map(GOOD.__add__) | st.integers(0, len(GOOD) - 1).map(lambda cut: GOOD[:cut]))
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        assert parse_broken_promise(data).encode() == data


@pytest.mark.parametrize(("index", "size"), [(77, 78), (77, 300), (127, 128), (299, 300)])
def test_another_leaf_convicts_with_the_logs_key_alone(index: int, size: int) -> None:
    alone = Policy(POLICY.logs, (), (), "none")
    found = parse_broken_promise(other(index, tree(size, "b", common=77)).encode()).check(alone)
    assert (found.kind, found.promise.index, found.against) == (
        Kind.OTHER,
        index,
        checkpoint(tree(size, "b", common=77)),
    )
    assert "another stands there" in found.sentence()


def test_two_promises_of_one_index_convict_with_the_logs_key_alone() -> None:
    found = parse_broken_promise(TWICE.encode()).check(Policy(POLICY.logs, (), (), "none"))
    assert (found.kind, found.promise.index) == (Kind.TWICE, 77)
    assert found.sentence() == (
        f"the log broke its promise of entry 77 of {ORIGIN!r}: it promised two different ones, of which only one can "
        "stand there"
    )


def test_a_log_that_promises_one_entry_again_is_not_framed() -> None:
    again = parse_note(Promise(ORIGIN, 77, parse_promise(promised(77).text).leaf, DEADLINE + 9).signed(LOG))
    for second in (promised(77), again):
        with pytest.raises(ProofError, match="both promise the same entry 77"):
            BrokenPromise(promised(77), second).check(POLICY)
    thief = promised(77, "b", by=signer("thief.example", ED25519))
    for two in ((promised(77), thief), (thief, promised(77))):
        with pytest.raises(SignatureError, match="no signature of a known key"):
            BrokenPromise(*two).check(POLICY)
    with pytest.raises(FormatError, match="two promises, of entries 77 and 78"):
        BrokenPromise(promised(77), promised(78, "b"))


def test_a_tree_that_a_quorum_cosigned_late_without_the_entry() -> None:
    found = parse_broken_promise(LATE.encode()).check(POLICY)
    assert (found.kind, [one.witness for one in found.late]) == (Kind.LATE, ["north", "west"])
    assert found.sentence() == (
        f"the log broke its promise of entry 77 of {ORIGIN!r}: 1,000 ms after its deadline, and later, its 77 entries "
        "were cosigned as all there were by north, west"
    )


@pytest.mark.parametrize(
    "seconds",
    [
        {},
        {"north": 1},
        {"north": 1, "west": 0},  # within the second of the deadline
        {"north": 5, "west": -1},  # in time
        {"north": 5, "south": -TIME},  # time 0: ML-DSA-44 that says nothing of time
    ],
)
def test_whose_cosignatures_are_not_late_do_not_count(seconds: dict[str, int]) -> None:
    with pytest.raises(PolicyError, match="the quorum 'two' is not reached"):
        late(77, 77, **seconds).check(POLICY)


def test_a_millisecond_counts() -> None:
    """A cosignature's whole second is cut off: at 1 s it may have been made at 1.000 s, which is no later than that."""
    kept, broken = (parse_note(Promise(ORIGIN, 77, bytes(32), DEADLINE + after).signed(LOG)) for after in (1000, 999))
    assert BrokenPromise(broken, LATE.against).check(POLICY).late
    with pytest.raises(PolicyError, match="cosigned after the deadline by: 'west'"):
        BrokenPromise(kept, LATE.against).check(POLICY)


@pytest.mark.parametrize("quorum", ["none", "any"])
def test_a_lagging_witness_cannot_convict_an_honest_log(quorum: str) -> None:
    """One witness cosigned in time what has the entry; anybody then hands the others an older checkpoint."""
    group = msgspec.structs.replace(POLICY.groups[0], name="any", threshold=1)
    with pytest.raises(PolicyError, match="need not share one"):
        late(77, 77, north=9, south=9, west=9).check(Policy(POLICY.logs, POLICY.witnesses, (group,), quorum))


def test_honest_logs_cannot_be_framed() -> None:
    head, path = signed(checkpoint(TREE).text()), inclusion_proof(77, 300, TREE.read)
    (leaf,) = TREE.read([Node(0, 77)])
    with pytest.raises(ProofError, match="is the one promised"):
        BrokenPromise(promised(77), head, (leaf, *path)).check(POLICY)
    for shown in ((bytes(32), *path), (leaf, *path[1:]), (leaf, *path, leaf)):
        with pytest.raises(ProofError, match="inclusion proof"):
            BrokenPromise(promised(77), head, shown).check(POLICY)
    with pytest.raises(SignatureError, match="no signature of a known key"):
        BrokenPromise(promised(77, by=signer("thief.example", ED25519)), LATE.against).check(POLICY)
    forged = Note(promised(78).text, promised(77).signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        BrokenPromise(forged, LATE.against).check(POLICY)
    text = LATE.against.text
    by_witnesses = Note(text, tuple(WITNESSES[name].sign(text, TIME + 9) for name in ("north", "west")))
    with pytest.raises(SignatureError, match="no signature of a known key"):
        BrokenPromise(promised(77), by_witnesses).check(POLICY)
    with pytest.raises(PolicyError, match="knows no log"):
        LATE.check(Policy((), (), (), "none"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty line between"),
        (GOOD.replace(b"@v1", b"@v2"), "line 1"),
        (GOOD.replace(b"\n", b"\r\n"), "empty line between"),
        (GOOD.replace(b"@v1\n", b"@v1\nAAAA\n"), "hash 0: a hash has 32 bytes, not 3"),
        (GOOD.replace(b"@v1\n", b"@v1\n" + (HASH + b"\n") * 64), "hashes, at most 64"),
        (GOOD.replace(b"@v1\n", b"@v1\n\xe2\x80\x94\n"), "not ASCII"),
        (GOOD + b"\n", "empty line|note"),
        (GOOD[:-1], "note: the last line has no newline"),
        (GOOD.replace(b"\n300\n", b"\n77\n"), "hashes, for entry 77 of 77"),
        (LATE.encode().replace(b"@v1\n", b"@v1\n" + HASH + b"\n"), "1 hashes, for entry 77 of 77"),
        (LATE.encode().replace(b"\n77\n", b"\n78\n").replace(b"\n78\n", b"\n77\n", 1), "0 hashes, for entry 77 of 78"),
        (TWICE.encode().replace(b"@v1\n", b"@v1\n" + HASH + b"\n"), "hashes are not needed"),
        (GOOD.replace(b"/promise/v1", b"/promise/v2"), "not plainview/promise/v1"),
        (GOOD.replace(ORIGIN.encode() + b"\n", b"other.example\n", 1), "of two logs"),
        (b"x" * (EVIDENCE_LIMIT + 1), "at most"),
    ],
)
def test_bytes_that_are_no_proof(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_broken_promise(data)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("proof", [GOOD, LATE.encode(), TWICE.encode()])
def test_no_byte_can_be_changed_unnoticed(proof: bytes) -> None:
    for at in range(len(proof)):
        with suppress(LedgerError):
            parse_broken_promise(proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]).check(POLICY)
            raise AssertionError(f"byte {at}")
