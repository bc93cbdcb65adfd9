"""Whatever is not the exact bytes of a record is refused, by an error that names the field at fault."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from plainview.records import KINDS, RecordError, decode, encode
from plainview.records.fields import DASHES, to_bytes, to_text
from tests.records.examples import EXAMPLES


def refused(kind: str, data: bytes, *parts: str) -> None:
    with pytest.raises(RecordError) as error:
        decode(KINDS[kind], data)
    for part in (KINDS[kind].__name__, *parts):
        assert part in str(error.value)


def fields(kind: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(encode(EXAMPLES[kind]))
    return made


def dump(made: dict[str, Any]) -> bytes:
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


every_kind = pytest.mark.parametrize("kind", sorted(KINDS))
every_field = pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in sorted(KINDS) for field in KINDS[kind].__struct_fields__]
)


@every_kind
def test_unknown_field(kind: str) -> None:
    refused(kind, dump(fields(kind) | {"surplus": 1}), "`surplus`")


@every_field
def test_missing_field(kind: str, field: str) -> None:
    made = fields(kind)
    del made[field]
    refused(kind, dump(made), f"`{field}`")


@every_field
@pytest.mark.parametrize("value", [None, True, 1.5, {}], ids=repr)
def test_wrong_type(kind: str, field: str, value: object) -> None:
    if type(fields(kind)[field]) is type(value):
        value = "true"
    refused(kind, dump(fields(kind) | {field: value}), f"`$.{field}`")


@pytest.mark.parametrize(
    ("kind", "field"),
    [(kind, field) for kind in sorted(KINDS) for field, value in fields(kind).items() if isinstance(value, int)],
)
def test_number_out_of_range(kind: str, field: str) -> None:
    for value in (-1, 2**53):
        refused(kind, dump(fields(kind) | {field: value}), f"`$.{field}`")


def test_number_out_of_a_narrow_range() -> None:
    for kind, field, value in (
        ("event", "position", 256),
        ("event", "watched", 2**32),
        ("impression", "outcomes", 2**16),
    ):
        refused(kind, dump(fields(kind) | {field: value}), f"`$.{field}`")


def test_fields_within_fields_are_named_too() -> None:
    page = fields("page")
    refused("page", dump(page | {"request": page["request"] | {"limit": 31}}), "`$.request.limit`")
    refused("page", dump(page | {"request": page["request"] | {"more": 1}}), "`more`", "`$.request`")
    refused("page", dump(page | {"items": [page["items"][0] | {"value": -1}]}), "`$.items[0].value`")
    refused("history", dump(fields("history") | {"past": [[1]]}), "`$.past[0]`")


def test_too_many_of_what_is_bounded() -> None:
    refused("page", dump(fields("page") | {"items": fields("page")["items"] * 16}), "`$.items`")
    refused("video", dump(fields("video") | {"tags": [1, 2, 3, 4, 5]}), "`$.tags`")
    refused("video", dump(fields("video") | {"caption": "x" * 2001}), "`$.caption`")


PATTERNED = [
    ("page", "session"),
    ("page", "release"),
    ("event", "id"),
    ("viewer", "region"),
    ("video", "origin"),
    ("epoch", "delta"),
    ("epoch", "state"),
    ("page", "previous"),
]


@pytest.mark.parametrize(("kind", "field"), PATTERNED)
@pytest.mark.parametrize("change", ["{}\n", "\n{}", "{} ", " {}", "{}=", "", "é", "{}\u0000"], ids=ascii)
def test_string_against_its_pattern(kind: str, field: str, change: str) -> None:
    made = fields(kind)
    refused(kind, dump(made | {field: change.format(made[field])}), f"`$.{field}`")


def test_a_digest_has_one_text() -> None:
    made = fields("epoch")
    assert made["delta"].endswith("M")
    refused("epoch", dump(made | {"delta": made["delta"][:-1] + "N"}), "`$.delta`")
    with pytest.raises(ValueError, match="canonical"):
        to_bytes(made["delta"][:-1] + "N")
    with pytest.raises(ValueError, match="not unpadded base64url"):
        to_bytes("ab+/")
    assert to_bytes(to_text(b"")) == b""


@pytest.mark.parametrize(("kind", "field"), [("page", "previous"), ("epoch", "state")])
def test_where_no_digest_can_be_there_are_43_dashes(kind: str, field: str) -> None:
    made = fields(kind)
    digest = fields("epoch")["delta"]
    for text in (DASHES, digest):
        decode(KINDS[kind], dump(made | {field: text}))
    for text in ("", DASHES[:-1], DASHES + "-", digest[:-1] + "N", digest[:-1] + "-", "-"):
        refused(kind, dump(made | {field: text}), f"`$.{field}`")


def test_word_outside_its_list() -> None:
    refused("event", dump(fields("event") | {"action": "stare"}), "`$.action`", "stare")


@every_kind
def test_repeated_field(kind: str) -> None:
    body = encode(EXAMPLES[kind])
    refused(kind, body[:-1] + b',"time":1}')


@every_kind
def test_other_spellings(kind: str) -> None:
    body = encode(EXAMPLES[kind])
    made = fields(kind)
    time = str(made["time"]).encode()
    for other in (
        b" " + body,
        body + b"\n",
        body.replace(b":", b": ", 1),
        dump(dict(reversed(made.items()))),
        body.replace(b'"time"', b'"t\\u0069me"', 1),
        body.replace(time, time + b".0", 1),
        body.replace(time, time[:1] + b"." + time[1:] + b"e12", 1),
    ):
        assert other != body
        refused(kind, other)


def test_a_repeated_or_respelled_field_is_named_or_the_spelling_is() -> None:
    with pytest.raises(RecordError, match=re.escape("in the record's one exact spelling (order, spaces, escapes)")):
        decode(KINDS["viewer"], encode(EXAMPLES["viewer"]) + b" ")


@every_kind
def test_bytes_that_are_not_json_or_not_utf8(kind: str) -> None:
    body = encode(EXAMPLES[kind])
    for other in (b"", b"{", b"[]", b"null", body + body, body[:-1], b"\xef\xbb\xbf" + body):
        refused(kind, other)


def test_invalid_utf8_in_a_text() -> None:
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f\x8d"):
        refused("video", encode(EXAMPLES["video"]).replace(b"tigela", bad))


def test_another_kinds_bytes() -> None:
    for kind in KINDS:
        for other in KINDS:
            if other != kind:
                refused(kind, encode(EXAMPLES[other]))
