from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.promises import Promise
from plainview.ledger.schemes import ED25519
from plainview.oversight.receipts import RECEIPT_LIMIT, _once_each, parse_receipt
from plainview.records.fields import to_text
from tests.ledger.breaches import DEADLINE
from tests.ledger.logs import LOG, ORIGIN, signer
from tests.ledger.mutations import mutate
from tests.ledger.witnessed import POLICY
from tests.oversight.pages import answer, page_entry, receipt

GOOD = answer(77)


def test_an_answer_and_its_receipt_alone() -> None:
    for data in (GOOD, json.dumps(receipt(77)).encode(), b" \n" + GOOD):
        found = parse_receipt(data)
        assert found.entry() == page_entry(77)
        promise = found.check(POLICY)
        assert (promise.origin, promise.index, promise.deadline) == (ORIGIN, 77, DEADLINE)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"body": '{"a page":78}'}, ProofError, "its commitment is not that of its salt and body"),
        ({"salt": to_text(bytes(32))}, ProofError, "its commitment is not"),
        ({"index": 78}, ProofError, "index 78, and the promise is of entry 77"),
        (
            {key: receipt(78)[key] for key in ("commitment", "body")},
            ProofError,
            "promised as entry 77 is not this page",
        ),
        ({"promise": receipt(77)["promise"].replace("\n77\n", "\n78\n"), "index": 78}, SignatureError, "not verify"),
        ({"promise": receipt(77, signer(ORIGIN + "2", ED25519))["promise"]}, PolicyError, "knows no log"),
        ({"promise": Promise(ORIGIN, 77, bytes(32), 0).text()}, FormatError, "note"),
        ({"promise": "\ud800"}, FormatError, "not UTF-8"),
        ({"body": "\ud800"}, FormatError, "is no character"),
        ({"salt": "AAAA"}, FormatError, "32 bytes"),
        ({"salt": "é"}, FormatError, "base64url"),
    ],
)
def test_what_does_not_fit(changed: dict[str, Any], error: type[LedgerError], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_receipt(answer(77, **changed)).check(POLICY)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (GOOD[:-1], "not JSON"),
        (GOOD + b"x", "not JSON"),
        (b"\xff" + GOOD, "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"receipt":' * 100_000, "nested too deep"),
        (GOOD.replace(b"0.5", b"NaN"), "NaN is not JSON"),
        (GOOD.replace(b'"viewer"', b'"receipt"'), "'receipt' is there twice"),
        (GOOD.replace(b'"index": 77', b'"index": 77, "index": 78'), "'index' is there twice"),
        (GOOD.replace(b'"index": 77', b'"index": 77.5'), "Expected `int`, got `float`"),
        (GOOD.replace(b'"index": 77', b'"index": true'), "Expected `int`, got `bool`"),
        (GOOD.replace(b'"index": 77', b'"index": ' + b"7" * 5000), "not JSON"),
        (GOOD.replace(b'"index": 77', b'"index": 77, "indexes": 78'), "unknown field `indexes`"),
        (GOOD.replace(b'"salt"', b'"sand"'), "Object .* field `sa"),
        (b'{"detail":"the page is gone"}', "an answer of /v1/feed or /v1/pages/INDEX"),
        (b'{"receipt":null}', "an answer of /v1/feed or /v1/pages/INDEX"),
        (b" " * (RECEIPT_LIMIT + 1), "at most"),
    ],
)
def test_what_is_no_receipt(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_receipt(data)
    assert len(str(error.value)) < 300


def test_names_are_compared_once_each() -> None:
    """Whoever sends them chooses how many there are: before any signature is looked at."""

    class Name(str):
        compared = 0
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Name.compared += 1
            return str.__eq__(self, str(other))

    names = [Name(at) for at in range(1000)]
    with pytest.raises(FormatError, match="'999' is there twice"):
        _once_each([(name, None) for name in (*names, Name(999))])
    assert Name.compared < 2 * len(names)


@given(st.randoms(use_true_random=False))
def test_nothing_altered_passes(at: Any) -> None:
    data = mutate(GOOD, [answer(78), GOOD], at)
    with suppress(LedgerError):
        found = parse_receipt(data)
        promise = found.check(POLICY)
        assert (found.index, found.entry()) in [(index, page_entry(index)) for index in (77, 78)]
        assert promise.signed(LOG) == found.note().encode()
