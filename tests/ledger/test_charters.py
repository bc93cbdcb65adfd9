from __future__ import annotations

import hashlib
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.ledger.charters import Bounds, Charter, Party, check_charter, missing, parse_charter
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, SignatureError
from plainview.ledger.notes import Note
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE
from plainview.ledger.signers import Signer
from tests.ledger.logs import LOG, ORIGIN, WITNESSES, signer

KEYS = {
    name: signer(f"{name}.example", ED25519)
    for name in ("operator", "operator-spare", "licensor", "partner-1", "partner-2", "partner-3", "new")
}
PARTIES = (
    Party("operator", KEYS["operator"].key),
    Party("operator", KEYS["operator-spare"].key),
    Party("licensor", KEYS["licensor"].key),
    Party("partner", KEYS["partner-1"].key),
    Party("partner", KEYS["partner-2"].key),
    Party("partner", KEYS["partner-3"].key),
)
POLICY = Policy(
    (Log(LOG.key, "https://feed.example/log/"),),
    tuple(Witness(name, one.key, f"https://{name}.example/") for name, one in WITNESSES.items()),
    (Group("two", 2, tuple(WITNESSES)),),
    "two",
)
CHARTER = Charter(0, None, ORIGIN, PARTIES, (1, 1, 2), Bounds(5_000, 2_000, 5_000, 30, 400), bytes(range(32)), POLICY)
SIGNED = ("operator", "licensor", "partner-1", "partner-3")


def note_of(charter: Charter, *names: str) -> Note:
    text = charter.text()
    return Note(text, tuple(KEYS[name].sign(text) for name in names))


def amended(charter: Charter = CHARTER, **changes: object) -> Charter:
    return replace(charter, number=charter.number + 1, previous=charter.digest(), **changes)


def test_a_charter_reads_as_it_is_written() -> None:
    text = CHARTER.text()
    assert text.startswith(f"plainview/charter/v1\nnumber 0\nprevious none\norigin {ORIGIN}\nparty operator operator")
    assert "\nquorum operator 1\nquorum licensor 1\nquorum partner 2\nclock-tolerance 5000\n" in text
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
        ("quorum licensor 1\n", "", "is not `quorum licensor`"),
        ("clock-tolerance 5000", "clock-tolerance -1", "line 14"),
        ("\npolicy\n", "\n", "no line `policy`"),
        ("\npolicy\n", "\nextra\npolicy\n", "where `policy` should be"),
        ("\npolicy\n", "\npolicy\n# ours\n", "the one spelling"),
        (f"origin {ORIGIN}", "origin other.example", "names no log 'other.example'"),
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
        ((*PARTIES, PARTIES[5]), "share the key"),
        ((*PARTIES[:5], Party("partner", KEYS["operator"].key)), "share the key"),
        ((*PARTIES[:5], Party("partner", LOG.key)), "share the key"),
        ((*PARTIES[:5], Party("partner", Signer("p.example", ED25519, b"\1" * 32).key), PARTIES[0]), "the order"),
        ((*PARTIES, Party("partner", signer("x", ED25519_COSIGNATURE).key)), "signs with Ed25519"),
        (PARTIES[:2], "1 of 0 licensor keys"),
    ],
)
def test_parties_that_cannot_be(parties: tuple[Party, ...], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        replace(CHARTER, parties=parties)


def test_the_first_is_in_force_with_the_quorum_of_every_role() -> None:
    assert check_charter(note_of(CHARTER, *SIGNED)) == CHARTER
    for left_out in SIGNED:
        names = [name for name in SIGNED if name != left_out]
        with pytest.raises(PolicyError, match=f"signatures are missing: 1 more of {left_out.split('-')[0]}"):
            check_charter(note_of(CHARTER, *names))
    # One key signs once, however often.
    with pytest.raises(PolicyError, match=re.escape("1 more of partner: 'partner-2.example', 'partner-3.example'")):
        check_charter(note_of(CHARTER, "operator", "licensor", "partner-1", "partner-1"))
    assert check_charter(note_of(CHARTER, "operator-spare", "licensor", "partner-1", "partner-2", "new")) == CHARTER


def test_what_is_missing_is_said() -> None:
    lacking = missing(note_of(CHARTER, "partner-2"), CHARTER)
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
    assert check_charter(note_of(later, *names, "new"), CHARTER) == later
    with pytest.raises(PolicyError, match=re.escape("1 more of new: 'new.example'")):
        check_charter(note_of(later, *names), CHARTER)
    # The new one's parties alone cannot give themselves power.
    takeover = amended(parties=(Party("operator", KEYS["new"].key), *PARTIES[2:]), quorums=(1, 1, 1))
    with pytest.raises(PolicyError, match="1 more of operator"):
        check_charter(note_of(takeover, "new", "licensor", "partner-1", "partner-2"), CHARTER)
    with pytest.raises(PolicyError, match="1 more of partner"):
        check_charter(note_of(takeover, "new", "operator", "licensor", "partner-1"), CHARTER)


def test_an_amendment_follows_on_the_charter_that_it_names() -> None:
    with pytest.raises(PolicyError, match="amends another, which is not given"):
        check_charter(note_of(amended(), *SIGNED))
    for wrong in (replace(amended(), number=2), replace(amended(), previous=bytes(32)), CHARTER):
        with pytest.raises(PolicyError, match="does not amend charter 0 as that stands"):
            check_charter(note_of(wrong, *SIGNED), CHARTER)
    other = signer("other.example/log", ED25519).key
    moved = amended(origin=other.name, policy=replace(POLICY, logs=(Log(other),)))
    with pytest.raises(PolicyError, match="another origin is another log"):
        check_charter(note_of(moved, *SIGNED), CHARTER)


def test_a_signature_of_another_text_refuses_all_of_it() -> None:
    note = note_of(CHARTER, *SIGNED)
    altered = Note(note.text.replace("replay-window 30", "replay-window 31"), note.signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        check_charter(altered)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(LedgerError, UnicodeDecodeError):
        parse_charter(data.decode())
