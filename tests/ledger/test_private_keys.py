from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.private_keys import encode_private_key, parse_private_key
from plainview.ledger.schemes import ED25519, SCHEMES, Scheme
from plainview.ledger.signers import Signer
from tests.ledger.strategies import hashes, names

SEED = bytes(range(32))
LINE = encode_private_key("PeterNeumann", ED25519, SEED)


@given(names, st.sampled_from(list(SCHEMES.values())), hashes)
def test_keys_come_back(name: str, scheme: Scheme, seed: bytes) -> None:
    line = encode_private_key(name, scheme, seed)
    assert parse_private_key(line).key == Signer(name, scheme, seed).key


def test_the_line_is_that_of_go() -> None:
    """x/mod/sumdb/note: PRIVATE+KEY+<name>+<hash>+<base64 of algorithm 1 and seed>."""
    assert LINE.startswith("PRIVATE+KEY+PeterNeumann+")
    assert base64.b64decode(LINE.split("+", 4)[4]) == b"\x01" + SEED


@given(st.text(max_size=80) | st.integers(0, len(LINE) - 1).map(lambda cut: LINE[:cut]))
def test_parsing_is_total(text: str) -> None:
    with suppress(FormatError):
        parse_private_key(text)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "not PRIVATE"),
        (LINE.removeprefix("PRIVATE+KEY+"), "not PRIVATE"),
        (LINE + "=", "not base64"),
        (LINE.replace("+AQAB", "+CQAB"), "no known signature type"),
        (LINE.replace("PeterNeumann", "PeterNewmann"), "that of its seed is"),
        (LINE[:-4], "base64|32"),
    ],
)
def test_lines_that_are_no_key_are_refused_without_showing_the_seed(line: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_private_key(line)
    assert "AQABAgME"[2:] not in str(error.value)
