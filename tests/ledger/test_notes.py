from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.notes import NOTE_LIMIT, SIGNATURE_LIMIT, Note, NoteSignature, parse_note
from tests.ledger.strategies import notes

GOOD = b"text\n\n\xe2\x80\x94 a.example AAAAAQI=\n"


@given(notes)
def test_notes_come_back(note: Note) -> None:
    assert parse_note(note.encode()) == note


@given(st.binary() | st.binary().map(GOOD.__add__) | st.binary().map(lambda data: data + GOOD))
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        assert parse_note(data).encode() == data


def test_parts() -> None:
    note = parse_note("one\n\ntwo\n\n— a.example AAAAAQI=\n— ünï/2 //////8=\n".encode())
    assert note.text == "one\n\ntwo\n"
    assert note.signatures == (
        NoteSignature("a.example", b"\0\0\0\1", b"\2"),
        NoteSignature("ünï/2", b"\xff\xff\xff\xff", b"\xff"),
    )


def test_a_text_of_nothing_but_newlines() -> None:
    note = parse_note(b"\n\n" + GOOD.partition(b"\n\n")[2])
    assert note.text == "\n"
    assert parse_note(b"\n" + note.encode()).text == "\n\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line"),
        (b"text\n", "no empty line"),
        (b"text\n\n", "no signature"),
        (b"\n" + GOOD.partition(b"\n\n")[2], "no empty line"),
        (GOOD[:-1], "no newline"),
        (GOOD + b"\n", "no signature"),
        (GOOD + b"more\n", "signature 2: 'more'"),
        (GOOD.replace(b"text", b"te\txt"), "character"),
        (GOOD.replace(b"text", b"te\rxt"), "character"),
        (GOOD.replace(b"text", b"te\0xt"), "character"),
        (GOOD.replace(b"\n", b"\r\n"), "character"),
        (GOOD.replace(b"text", b"\xff"), "byte 0 is not UTF-8"),
        (GOOD.replace(b"text", b"\xed\xa0\x80"), "byte 0 is not UTF-8"),
        (GOOD.replace(b"text", b"\xc0\xaf"), "byte 0 is not UTF-8"),
        (GOOD.replace(b"\xe2\x80\x94", b"\xe2\x80\x93"), "em dash"),
        (GOOD.replace(b"\xe2\x80\x94", b"-"), "em dash"),
        (GOOD.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94"), "em dash"),
        (GOOD.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94  "), "base64|empty"),
        (GOOD.replace(b"a.example", b"a example"), "base64"),
        (GOOD.replace(b"a.example ", b""), "em dash"),
        (GOOD.replace(b"a.example", b"a+example"), "plus"),
        (GOOD.replace(b"a.example", "a\u00a0example".encode()), "space"),
        (GOOD.replace(b"a.example", "a\u2028example".encode()), "space"),
        (GOOD.replace(b"a.example", "a\u3000example".encode()), "space"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQI"), "base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQJ="), "not the one base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQ=I"), "base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQI=="), "base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQI= "), "base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAA_-I="), "base64"),
        (GOOD.replace(b"AAAAAQI=", b"AAAAAQ=="), "4 bytes are not"),
        (GOOD.replace(b"AAAAAQI=", b""), "0 bytes are not"),
        (b"x" * NOTE_LIMIT + GOOD, "at most"),
    ],
)
def test_bytes_that_are_no_note(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_note(data)
    assert len(str(error.value)) < 300


def test_sixteen_signatures_and_how_many_are_too_many() -> None:
    head, line = GOOD.split(b"\n\n")
    for count in (16, SIGNATURE_LIMIT):
        assert len(parse_note(head + b"\n\n" + line * count).signatures) == count
    with pytest.raises(FormatError, match=f"{SIGNATURE_LIMIT + 1} signatures"):
        parse_note(head + b"\n\n" + line * (SIGNATURE_LIMIT + 1))


@pytest.mark.parametrize(
    ("text", "name", "key_id", "data"),
    [
        ("no newline", "a", b"1234", b"s"),
        ("\t\n", "a", b"1234", b"s"),
        ("\ud800\n", "a", b"1234", b"s"),
        ("text\n", "", b"1234", b"s"),
        ("text\n", "a b", b"1234", b"s"),
        ("text\n", "a\nb", b"1234", b"s"),
        ("text\n", "a\x01b", b"1234", b"s"),
        ("text\n", "a\ud800", b"1234", b"s"),
        ("text\n", "a+b", b"1234", b"s"),
        ("text\n", "a", b"123", b"s"),
        ("text\n", "a", b"1234", b""),
    ],
)
def test_values_that_no_note_has(text: str, name: str, key_id: bytes, data: bytes) -> None:
    with pytest.raises(FormatError):
        Note(text, (NoteSignature(name, key_id, data),))


def test_a_note_nobody_signed() -> None:
    with pytest.raises(FormatError, match="0 signatures"):
        Note("text\n", ())
