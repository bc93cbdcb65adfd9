from __future__ import annotations

import hashlib
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.ledger.charters import LEAST, ROLES, Charter, Party, check_charter, missing, parse_charter
from plainview.ledger.errors import FormatError, PolicyError, SignatureError
from plainview.ledger.notes import Note, NoteSignature
from plainview.ledger.policies import Log
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE
from tests.ledger.chartered import CHARTER, KEYS, PARTIES, POLICY, QUORUM, amended, note_of
from tests.ledger.logs import LOG, ORIGIN, signer

OTHER = signer("other.example/log", ED25519)
ATTESTING = PARTIES[6:]
"""Builders and auditor."""


def test_a_charter_reads_as_it_is_written() -> None:
    text = CHARTER.text()
    assert text.startswith(f"plainview/charter/v1\nnumber 0\nprevious none\norigin {ORIGIN}\nparty operator operator")
    assert "\nquorum operator 1\nquorum licensor 1\nquorum partner 2\nquorum builder 2\nquorum auditor 1\n" in text
    assert "\nquorum auditor 1\nclock-tolerance 5000\n" in text
    assert "\nretention 400\nemergency-limit 259200000\nemergency-share 200000\nbaseline " in text
    assert parse_charter(text) == CHARTER
    assert CHARTER.digest() == hashlib.sha256(text.encode()).digest()
    assert parse_charter(amended().text()).previous == CHARTER.digest()


@given(st.data())
def test_whatever_parses_has_one_spelling(data: st.DataObject) -> None:
    lines = CHARTER.text().split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.sampled_from(lines) | st.text(max_size=8).map(lambda tail: lines[at] + tail))
    with suppress(FormatError):
        text = "\n".join([*lines[:at], other, *lines[at + 1 :]])
        assert parse_charter(text).text() == text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("plainview/charter/v1", "plainview/charter/v2", "line 1"),
        ("number 0", "number 00", "line 2"),
        ("number 0", "number 1", "only the first"),
        ("previous none", "previous AAAA", "no digest in 43 characters"),
        ("party licensor", "party owner", "line 7: 'owner' is none of"),
        ("quorum operator 1", "quorum operator 0", "0 of 2 operator keys"),
        ("quorum partner 2", "quorum partner 4", "4 of 3 partner keys"),
        ("quorum builder 2", "quorum builder 1", "1 of 3 builder keys; 2 to all of at least 2 can be asked"),
        ("quorum licensor 1\n", "", "is not `quorum licensor`"),
        ("quorum auditor 1\n", "", "is not `quorum auditor`"),
        ("emergency-limit 259200000\n", "", "is not `emergency-limit`"),
        ("emergency-share 200000\n", "", "is not `emergency-share`"),
        ("emergency-share 200000", "emergency-share 1000001", "emergency-share: 1000001 is more than all, 1000000"),
        ("clock-tolerance 5000", "clock-tolerance -1", "line 20"),
        ("merge-delay 5000", "merge-delay 4294967296", "merge-delay: 4294967296 is not from 0 to 2^32 - 1"),
        ("\npolicy\n", "\n", "no line `policy`"),
        ("\npolicy\n", "\nextra\npolicy\n", "where `policy` should be"),
        ("\npolicy\n", "\npolicy\n# ours\n", "the one spelling"),
        (f"origin {ORIGIN}", "origin other.example", "names no log 'other.example'"),
        ("\npolicy\n", f"\npolicy\nlog {OTHER.key.vkey()}\n", "names another log, 'other.example/log'"),
        ("https://feed", "https://\udcff", "may not stand in a note"),
    ],
)
def test_what_is_no_charter(old: str, new: str, message: str) -> None:
    text = CHARTER.text()
    assert text.count(old) == 1
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_charter(text.replace(old, new))


@pytest.mark.parametrize(
    ("parties", "message"),
    [
        ((*PARTIES[:6], PARTIES[5], *ATTESTING), "share the key"),
        ((*PARTIES[:5], Party("partner", KEYS["operator"].key), *ATTESTING), "share the key"),
        ((*PARTIES[:5], Party("partner", LOG.key), *ATTESTING), "share the key"),
        ((*PARTIES[:5], Party("partner", replace(KEYS["operator"].key, name="alias")), *ATTESTING), "share the key"),
        ((*PARTIES[:6], Party("partner", replace(KEYS["partner-1"].key, name="alias")), *ATTESTING), "share the key"),
        ((*PARTIES, Party("auditor", KEYS["builder-1"].key)), "share the key"),
        ((*PARTIES, Party("auditor", replace(KEYS["partner-1"].key, name="alias"))), "share the key"),
        ((*PARTIES, PARTIES[0]), "the order"),
        ((*PARTIES[:6], *reversed(ATTESTING)), "the order"),
        ((*PARTIES, Party("auditor", signer("x", ED25519_COSIGNATURE).key)), "signs with Ed25519"),
        ((*PARTIES[:2], *PARTIES[3:]), "1 of 0 licensor keys"),
        (PARTIES[:9], "1 of 0 auditor keys"),
        ((*PARTIES[:7], PARTIES[9]), "2 of 1 builder keys; 2 to all of at least 2 can be asked"),
        (
            (*PARTIES, Party("owner", KEYS["new"].key)),
            "'owner' is none of operator, licensor, partner, builder, auditor",
        ),
    ],
)
def test_parties_that_cannot_be(parties: tuple[Party, ...], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        replace(CHARTER, parties=parties)


def test_the_first_is_in_force_with_the_quorum_of_every_role() -> None:
    assert check_charter(note_of(CHARTER, *QUORUM), at=None) == CHARTER
    for left_out in QUORUM:
        names = [name for name in QUORUM if name != left_out]
        with pytest.raises(PolicyError, match=f"signatures are missing: 1 more of {left_out.split('-')[0]}"):
            check_charter(note_of(CHARTER, *names), at=None)
    # One key signs once, however often.
    with pytest.raises(PolicyError, match=re.escape("1 more of partner: 'partner-2.example', 'partner-3.example'")):
        check_charter(note_of(CHARTER, "operator", "licensor", "partner-1", "partner-1"), at=None)
    assert (
        check_charter(note_of(CHARTER, "operator-spare", "licensor", "partner-1", "partner-2", "new"), at=None)
        == CHARTER
    )


def test_what_is_missing_is_said() -> None:
    lacking = missing(note_of(CHARTER, "partner-2"), CHARTER, at=None)
    assert [(one.role, one.number, len(one.keys)) for one in lacking] == [
        ("operator", 1, 2),
        ("licensor", 1, 1),
        ("partner", 1, 2),
    ]


def test_an_amendment_needs_the_quorum_before_it() -> None:
    # A lost operator's key is replaced by the spare and a new one.
    parties = (PARTIES[1], Party("operator", KEYS["new"].key), *PARTIES[2:])
    later = amended(parties=parties)
    names = ("operator-spare", "licensor", "partner-2", "partner-3")
    assert check_charter(note_of(later, *names, "new"), CHARTER, at=None) == later
    with pytest.raises(PolicyError, match=re.escape("1 more of new keys: 'new.example'")):
        check_charter(note_of(later, *names), CHARTER, at=None)
    # The new one's parties alone cannot give themselves power.
    takeover = amended(parties=(Party("operator", KEYS["new"].key), *PARTIES[2:]), quorums=(1, 1, 1, 2, 1))
    with pytest.raises(PolicyError, match="1 more of operator"):
        check_charter(note_of(takeover, "new", "licensor", "partner-1", "partner-2"), CHARTER, at=None)
    with pytest.raises(PolicyError, match="1 more of partner"):
        check_charter(note_of(takeover, "new", "operator", "licensor", "partner-1"), CHARTER, at=None)


def test_an_amendment_follows_on_the_charter_that_it_names() -> None:
    with pytest.raises(PolicyError, match="amends another, which is not given"):
        check_charter(note_of(amended(), *QUORUM), at=None)
    for wrong in (replace(amended(), number=2), replace(amended(), previous=bytes(32))):
        with pytest.raises(PolicyError, match="does not amend charter 0 as that stands"):
            check_charter(note_of(wrong, *QUORUM), CHARTER, at=None)
    with pytest.raises(PolicyError, match="charter 0: it is in force already"):
        check_charter(note_of(CHARTER, *QUORUM), CHARTER, at=None)
    moved = amended(origin=OTHER.key.name, policy=replace(POLICY, logs=(Log(OTHER.key),)))
    with pytest.raises(PolicyError, match="another origin is another log"):
        check_charter(note_of(moved, *QUORUM), CHARTER, at=None)


def test_a_signature_of_another_text_refuses_all_of_it() -> None:
    note = note_of(CHARTER, *QUORUM)
    altered = Note(note.text.replace("replay-window 30", "replay-window 31"), note.signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        check_charter(altered, at=None)


def test_a_policy_that_no_note_can_hold() -> None:
    with pytest.raises(FormatError, match="its policy is not UTF-8"):
        replace(CHARTER, policy=replace(POLICY, logs=(Log(LOG.key, "\udcff"),)))


def test_a_signature_counts_for_the_key_that_made_it_and_for_this_text() -> None:
    note = note_of(CHARTER, "operator", "licensor", "partner-1")
    partner = note.signatures[2]
    # Under a name of one's own it is nobody's; under another party's it is a bad one.
    for name in ("alias.example", "partner-2.example"):
        own = replace(KEYS["partner-1"].key, name=name)
        alias = NoteSignature(name, own.key_id, partner.data)
        with pytest.raises(PolicyError, match="1 more of partner"):
            check_charter(Note(note.text, (*note.signatures, alias)), at=None)
    forged = NoteSignature("partner-2.example", KEYS["partner-2"].key.key_id, partner.data)
    with pytest.raises(SignatureError, match=r"'partner-2.example' .*does not verify"):
        check_charter(Note(note.text, (*note.signatures, forged)), at=None)
    # The same parties' word for another log is no word for this one, and the other way round.
    other = replace(CHARTER, origin=OTHER.key.name, policy=replace(POLICY, logs=(Log(OTHER.key),)))
    for text, signatures in (
        (CHARTER.text(), note_of(other, *QUORUM).signatures),
        (other.text(), note_of(CHARTER, *QUORUM).signatures),
    ):
        with pytest.raises(SignatureError, match="does not verify"):
            check_charter(Note(text, signatures), at=None)


def test_competing_amendments_need_a_quorum_each() -> None:
    first, second = amended(quorums=(1, 1, 1, 2, 1)), amended(quorums=(2, 1, 3, 2, 1))
    with pytest.raises(SignatureError, match="does not verify"):
        check_charter(Note(second.text(), note_of(first, *QUORUM).signatures), CHARTER, at=None)
    # What it asks for itself decides on the next one, not on itself.
    assert check_charter(note_of(second, *QUORUM), CHARTER, at=None) == second
    with pytest.raises(PolicyError, match=r"1 more of operator: .*; 1 more of partner: 'partner-2.example'$"):
        check_charter(note_of(amended(second), *QUORUM), second, at=None)


@given(st.data())
def test_in_force_is_what_the_quorum_of_every_role_signed(data: st.DataObject) -> None:
    old, new = (data.draw(charters()) for _ in range(2))
    later = amended(old, parties=new.parties, quorums=new.quorums)
    signers = data.draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=12))
    keys = {KEYS[name].key for name in signers}
    asked = dict(zip(ROLES[:3], old.quorums[:3], strict=True))  # builders and auditors agree on no charter
    enough = all(len(keys & set(old.keys_of(role))) >= quorum for role, quorum in asked.items())
    assert accepted(note_of(old, *signers)) == enough
    come = {party.key for party in later.parties} - {party.key for party in old.parties}
    assert accepted(note_of(later, *signers), old) == (enough and come <= keys)


@st.composite
def charters(draw: st.DrawFn) -> Charter:
    """Of any parties and quorums."""
    names = draw(st.permutations(list(KEYS)))
    parties: list[Party] = []
    quorums = []
    for role, least, others in zip(ROLES, LEAST, (5, 4, 3, 1, 0), strict=True):
        count = draw(st.integers(least, len(names) - len(parties) - others))
        parties += [Party(role, KEYS[name].key) for name in names[len(parties) : len(parties) + count]]
        quorums.append(draw(st.integers(least, count)))
    return replace(CHARTER, parties=tuple(parties), quorums=tuple(quorums))


def accepted(note: Note, previous: Charter | None = None) -> bool:
    try:
        check_charter(note, previous, at=None)
    except PolicyError:
        return False
    return True


@given(st.binary(max_size=400).map(lambda data: data.decode("utf-8", "surrogateescape")) | st.text(st.characters()))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, CHARTER.text() + text, CHARTER.text().replace("\npolicy\n", f"\npolicy\n{text}\n")):
        with suppress(FormatError):
            assert parse_charter(whole).text() == whole
