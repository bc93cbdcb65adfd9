from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.access_requests import AccessRequest, parse_access_request
from plainview.ledger.errors import FormatError
from tests.ledger.logs import ORIGIN

REQUEST = AccessRequest(ORIGIN, "audit", 100, 4196, 1_790_000_005_000, bytes(range(16)))
VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "ledger.json").read_text("utf-8"))["access_request"]


def test_a_request_is_seven_lines() -> None:
    assert REQUEST.text() == VECTOR["text"]
    assert REQUEST.digest().hex() == VECTOR["digest"] == hashlib.sha256(VECTOR["text"].encode()).hexdigest()
    assert parse_access_request(VECTOR["text"]) == REQUEST


@given(
    st.builds(
        AccessRequest,
        st.just(ORIGIN),
        st.just("audit"),
        st.integers(0, 2**40),
        st.integers(2**40 + 1, 2**53 - 1),
        st.integers(0, 10**13),
        st.binary(min_size=16, max_size=16),
    )
)
def test_requests_come_back(request: AccessRequest) -> None:
    assert parse_access_request(request.text()) == request


@given(st.text())
def test_whatever_parses_has_one_spelling(text: str) -> None:
    with suppress(FormatError):
        assert parse_access_request(text).text() == text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("access-request/v1", "access-request/v2", "line 1"),
        (f"log {ORIGIN}", "log a b", "key name"),
        ("purpose audit", "purpose advertising", "none of the purposes audit"),
        ("from 100", "from 0100", "without leading zeros"),
        ("until 4196", "until 100", "no records are from 100 until 100"),
        ("until 4196", f"until {2**53}", "no records"),
        ("time 1790000005000", "time 1790000005000000000", "before the year 10000"),
        ("nonce AAECAwQFBgcICQoLDA0ODw\n", "nonce AAECAwQFBgcICQoLDA0ODx\n", "no nonce"),
        ("nonce AAECAwQFBgcICQoLDA0ODw\n", "nonce AAEC\n", "no nonce"),
        ("nonce AAECAwQFBgcICQoLDA0ODw\n", "nonce AAECAwQFBgcICQoLDA0ODw", "no newline"),
        ("nonce AAECAwQFBgcICQoLDA0ODw\n", "nonce AAECAwQFBgcICQoLDA0ODw\nmore 1\n", "where the end should be"),
    ],
)
def test_what_is_no_request(old: str, new: str, message: str) -> None:
    text = REQUEST.text()
    assert text.count(old) == 1
    with pytest.raises(FormatError, match=message):
        parse_access_request(text.replace(old, new))


def test_a_nonce_of_another_length() -> None:
    with pytest.raises(FormatError, match="16 bytes, not 15"):
        AccessRequest(ORIGIN, "audit", 0, 1, 0, bytes(15))
