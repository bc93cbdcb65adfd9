from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import (
    check_characters,
    from_base64,
    from_decimal,
    hash_from_base64,
    printable,
    shown,
    to_base64,
)


@given(st.binary(max_size=100))
def test_base64_comes_back(data: bytes) -> None:
    assert to_base64(data) == base64.b64encode(data).decode()
    assert from_base64(to_base64(data), "it") == data


@given(st.text() | st.text("AQgw+/=-_ \n", max_size=12))
def test_base64_has_one_spelling(text: str) -> None:
    with suppress(FormatError):
        assert to_base64(from_base64(text, "it")) == text


@given(st.integers(0, 2**63 - 1))
def test_decimals_come_back(number: int) -> None:
    assert from_decimal(str(number), "it") == number


@given(st.text() | st.text("0123456789+-_ \n", max_size=21))
def test_decimals_have_one_spelling(text: str) -> None:
    with suppress(FormatError):
        assert str(from_decimal(text, "it")) == text


@pytest.mark.parametrize("text", ["", "9223372036854775808", "99999999999999999999", "1" * 10_000, "²", "1\n"])
def test_what_is_no_decimal(text: str) -> None:
    with pytest.raises(FormatError, match=r"^it: "):
        from_decimal(text, "it")


def test_a_hash_has_32_bytes() -> None:
    assert hash_from_base64(to_base64(bytes(32)), "it") == bytes(32)
    for size in (0, 31, 33):
        with pytest.raises(FormatError, match=f"^it: a hash has 32 bytes, not {size}"):
            hash_from_base64(to_base64(bytes(size)), "it")


def test_characters() -> None:
    check_characters("any\n\u00a0\x7f\x85 text \N{EM DASH}\U0010ffff", "it")
    for code in (*range(10), *range(11, 32), 0xD800, 0xDFFF):
        with pytest.raises(FormatError, match=r"^it: character .* at 1 "):
            check_characters(f"a{chr(code)}", "it")


@given(st.text(st.characters()))
def test_what_is_shown_is_short_and_printable(text: str) -> None:
    assert shown(text).isascii()
    assert shown(text).isprintable()
    assert len(shown(text * 100)) <= 60 * 10 + 2


def test_a_name_is_shown_on_one_line() -> None:
    assert printable("a b/\u00e9.json") == "a b/\u00e9.json"
    for name in ("a\nb", "\x1b[2J", "\udcff", "\u202e"):
        assert printable(name).isascii()
        assert printable(name).isprintable()
