from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError, SignatureError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.promises import Promise, open_promise, parse_promise
from plainview.ledger.schemes import ED25519
from tests.ledger.logs import LOG, ORIGIN, checkpoint, signer
from tests.ledger.strategies import hashes, lines, numbers
from tests.ledger.trees import tree

PROMISE = Promise(ORIGIN, 77, bytes(range(32)), 1_790_000_005_000)
KEYS = [LOG.key]


def test_a_promise_is_a_note_of_five_lines() -> None:
    assert PROMISE.text() == (
        f"plainview/promise/v1\n{ORIGIN}\n77\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n1790000005000\n"
    )
    data = PROMISE.signed(LOG)
    assert open_promise(parse_note(data), ORIGIN, KEYS) == PROMISE
    assert PROMISE.signed(LOG) == data


@given(st.builds(Promise, lines.filter(lambda line: not line.isdecimal()), numbers, hashes, numbers))
def test_promises_come_back(promise: Promise) -> None:
    assert parse_promise(promise.text()) == promise


@given(st.text())
def test_whatever_parses_has_one_spelling(text: str) -> None:
    with suppress(FormatError):
        assert parse_promise(text).text() == text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("plainview/promise/v1", "plainview/promise/v2", "not plainview/promise/v1"),
        ("\n77\n", "\n077\n", "index"),
        ("\n77\n", "\n-1\n", "index"),
        ("Hh8=", "Hh9=", "leaf hash"),
        ("1790000005000\n", "1790000005000", "four more lines"),
        ("1790000005000\n", "1790000005000\n\n", "four more lines"),
        (f"\n{ORIGIN}\n", "\n12\n", "is no origin"),
        (f"\n{ORIGIN}\n", "\n\n", "is no origin"),
    ],
)
def test_what_is_no_promise(old: str, new: str, message: str) -> None:
    text = PROMISE.text()
    assert text.count(old) == 1
    with pytest.raises(FormatError, match=message):
        parse_promise(text.replace(old, new))


def test_only_the_log_of_that_name_can_have_promised() -> None:
    note = parse_note(PROMISE.signed(LOG))
    with pytest.raises(SignatureError, match="not of 'another"):
        open_promise(note, "another.example/log", KEYS)
    with pytest.raises(SignatureError, match="no signature of a known key"):
        open_promise(parse_note(PROMISE.signed(signer("thief.example", ED25519))), ORIGIN, KEYS)
    altered = Note(note.text.replace("\n77\n", "\n78\n"), note.signatures)
    with pytest.raises(SignatureError, match="does not verify"):
        open_promise(altered, ORIGIN, KEYS)


def test_a_checkpoint_is_no_promise() -> None:
    with pytest.raises(FormatError, match="promise"):
        parse_promise(checkpoint(tree(3)).text())
