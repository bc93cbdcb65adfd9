from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from plainview.ledger.charters import Charter, digest_text
from plainview.ledger.errors import LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.notes import Note
from plainview.ledger.policies import Log, Policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.oversight.charters import Charters, same
from plainview.records.charter import NOTE
from plainview.records.charter import Charter as Record
from plainview.records.leaf import public_leaf
from tests.ledger.breaches import DEADLINE, promised
from tests.ledger.chartered import CHARTER, POLICY, QUORUM, amended, note_of
from tests.ledger.logs import LOG, ORIGIN, checkpoint, signed
from tests.ledger.mutations import mutate
from tests.ledger.trees import tree
from tests.oversight.chartered import charter_entry

NEW_KEY = Signer(ORIGIN, ED25519, b"\7" * 32)
ROTATED = amended(policy=replace(POLICY, logs=(Log(NEW_KEY.key),), quorum="north"))
LAST = amended(ROTATED, policy=replace(ROTATED.policy, logs=(Log(NEW_KEY.key), Log(LOG.key))))
ENTRIES = {
    index: charter_entry(note_of(charter, *QUORUM), DEADLINE - 5000 + index)
    for index, charter in ((0, CHARTER), (150, ROTATED), (200, LAST))
}


def taken(entries: dict[int, bytes] = ENTRIES, digest: bytes = CHARTER.digest()) -> Charters:
    charters = Charters(digest)
    for index, entry in entries.items():
        charters.take(index, entry)
    return charters


def test_each_is_in_force_after_its_entry() -> None:
    charters = taken()
    assert charters.last == LAST
    for size, charter in ((0, CHARTER), (1, CHARTER), (150, CHARTER), (151, ROTATED), (200, ROTATED), (201, LAST)):
        in_force = [CHARTER, ROTATED, LAST]
        assert charters.policies(size) == [one.policy for one in in_force[charter.number :]]
    charters.take(201, b"anything else")
    charters.take(202, b'{"k":"charters","c":""}')
    assert charters.last == LAST


def test_none_is_believed_but_the_one_with_the_digest() -> None:
    with pytest.raises(ProofError, match=f"entry 0: the charter there is {digest_text(CHARTER.digest())}, not A{{42}}"):
        taken(digest=bytes(32))
    with pytest.raises(PolicyError, match="is not here"):
        Charters(bytes(32)).policies(1)
    assert Charters(bytes(32)).last is None


LARGE = b'{"k":"charter","c":"%s","p":{"time":1,"note":"%s"}}' % (b"-" * 43, "\N{PARTY POPPER}".encode() * NOTE)
NOTE_0 = note_of(CHARTER, *QUORUM).encode().decode()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (b"", "is no charter"),
        (b"entry 0 of a", "is no charter"),
        (ENTRIES[0][:-1], "is no charter"),
        (ENTRIES[0][: len(ENTRIES[0]) // 2], "is no charter"),
        (ENTRIES[0].replace(b'"c":"--', b'"c":"AA'), "is no charter, as public leaves spell it"),
        (ENTRIES[0].replace(b'"p":{', b'"p": {'), "is no charter"),
        (ENTRIES[0].replace(b'"k":"charter"', b'"k":"epoch","'), "is no charter"),
        (ENTRIES[0].replace(b"replay-window 30", b"replay-window 31"), "the charter there is"),
        (ENTRIES[0].replace("\N{EM DASH}".encode(), b"\\ud800"), "is no charter"),
        (charter_entry(note_of(CHARTER, "operator", "licensor")), "signatures are missing: 2 more of partner"),
        (charter_entry(note_of(ROTATED, *QUORUM)), "the charter there is"),
        (public_leaf("charter", Record(time=1, note=CHARTER.text())), "note: no empty line"),
        (public_leaf("charter", Record(time=1, note=NOTE_0[: len(NOTE_0) // 2])), "note: no empty line"),
        (public_leaf("charter", Record(time=1, note=NOTE_0.removesuffix("\n"))), "no newline"),
        (LARGE, "48000 fit a leaf"),
    ],
)
def test_what_is_no_first_charter(entry: bytes, message: str) -> None:
    with pytest.raises(ProofError, match=f"^entry 0: .*{message}"):
        taken({0: entry})


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (note_of(ROTATED, *QUORUM[1:]), "1 more of operator"),
        (note_of(CHARTER, *QUORUM), "charter 0: it is in force already"),
        (note_of(LAST, *QUORUM), "does not amend charter 0"),
        (Note(ROTATED.text(), note_of(CHARTER, *QUORUM).signatures), "does not verify"),
    ],
)
def test_what_amends_nothing(note: Note, message: str) -> None:
    with pytest.raises(ProofError, match=f"^entry 150: .*{message}"):
        taken({0: ENTRIES[0], 150: charter_entry(note)})
    charters = taken({0: ENTRIES[0]})
    if note.text != CHARTER.text():
        with pytest.raises(LedgerError, match=message):
            charters.read(note)
    assert charters.last == CHARTER


def test_an_amendment_goes_back() -> None:
    for note in (note_of(CHARTER, *QUORUM), note_of(ROTATED, *QUORUM), note_of(amended(), *QUORUM)):
        with pytest.raises(ProofError, match="does not amend charter 2 as that stands"):
            taken({**ENTRIES, 250: charter_entry(note)})


def test_files_follow_on_the_log() -> None:
    charters = taken({0: ENTRIES[0]})
    assert charters.read(note_of(CHARTER, *QUORUM)) == CHARTER  # is here already
    with pytest.raises(PolicyError, match="2 more of partner"):
        charters.read(note_of(CHARTER, "operator", "licensor"))
    charters.read(note_of(ROTATED, *QUORUM), 120)
    assert charters.policies(120) == [CHARTER.policy, ROTATED.policy]
    assert charters.policies(121) == charters.policies(10**9) == [ROTATED.policy]
    with pytest.raises(PolicyError, match=r"as that number, .* is in force"):
        charters.read(note_of(amended(), *QUORUM))


def test_what_was_signed_over_a_rotation_is_judged_by_the_keys_of_its_time() -> None:
    charters = taken()
    old, new = (signed(checkpoint(tree(300), size).text(), by=by) for size, by in ((100, LOG), (180, NEW_KEY)))
    policy = charters.joint((100, old), (180, new))
    assert [log.key for log in policy.logs] == [NEW_KEY.key, LOG.key]
    assert policy.quorum == "north"
    # A log may say with a new key what was before it. One that was given up says nothing any more.
    charters.joint((100, signed(old.text, by=NEW_KEY)), (180, new))
    charters = taken({index: ENTRIES[index] for index in (0, 150)})
    charters.joint((150, promised(150)))
    for size in (151, 180):
        with pytest.raises(SignatureError, match="no signature of a known key"):
            charters.joint((100, old), (size, signed(checkpoint(tree(300), size).text())))


def test_lateness_needs_the_same_quorum_all_the_time() -> None:
    charters = taken()
    charters.check_steady(151, DEADLINE)  # only the log's key was amended since
    with pytest.raises(PolicyError, match="was amended before the time was over"):
        charters.check_steady(150, DEADLINE)
    charters.check_steady(150, DEADLINE - 5000 + 149 - CHARTER.bounds.clock_tolerance)
    # Where only a file says so, nobody knows when.
    files = Charters(CHARTER.digest())
    for charter in (CHARTER, ROTATED):
        files.read(note_of(charter, *QUORUM))
    with pytest.raises(PolicyError, match="was amended"):
        files.check_steady(10**6, 0)


def test_the_same_policy_wherever_it_is_served() -> None:
    moved = Policy(
        tuple(Log(log.key, "https://elsewhere.example/") for log in POLICY.logs),
        tuple(replace(one, url=None) for one in reversed(POLICY.witnesses)),
        POLICY.groups,
        POLICY.quorum,
    )
    assert same(POLICY, moved)
    for other in (
        ROTATED.policy,
        replace(POLICY, quorum="north"),
        replace(POLICY, logs=(*POLICY.logs, Log(NEW_KEY.key))),
    ):
        assert not same(POLICY, other)


def forged_first(at: random.Random) -> Charter | None:
    entry = mutate(ENTRIES[0], list(ENTRIES.values()), at)
    return taken({0: entry}).last


def forged_amendment(at: random.Random) -> Charter | None:
    others = [*ENTRIES.values(), *(charter_entry(note_of(one, *QUORUM[1:])) for one in (CHARTER, ROTATED, LAST))]
    entry = mutate(at.choice(others), others, at)
    return taken({0: ENTRIES[0], 150: entry}).last


@pytest.mark.parametrize(("forger", "true"), [(forged_first, {CHARTER}), (forged_amendment, {CHARTER, ROTATED})])
@pytest.mark.parametrize(
    "numbers", [range(200), pytest.param(range(200, 10_200), marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_nothing_forged_is_in_force(
    forger: Callable[[random.Random], Charter | None], true: set[Charter], numbers: range
) -> None:
    refused = 0
    for number in numbers:
        try:
            assert forger(random.Random(number)) in true
        except LedgerError:
            refused += 1
    assert refused > len(numbers) * 0.3
