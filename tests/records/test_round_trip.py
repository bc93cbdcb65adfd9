from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.records import KIND_OF, KINDS, PUBLIC, Record, RecordError, decode, encode, owner_of, read
from plainview.records.digests import commitment
from plainview.records.leaf import ACT_LIMIT, LEAF_LIMIT, personal_leaf, public_leaf
from tests.strategies import records, salts


@given(records())
def test_decode_gives_back_what_was_encoded(record: Record) -> None:
    data = encode(record)
    assert decode(type(record), data) == record
    assert encode(decode(type(record), data)) == data


@given(records())
def test_bytes_are_json_in_declared_order_without_white_space(record: Record) -> None:
    data = encode(record)
    fields = msgspec.json.decode(data)
    assert tuple(fields) == type(record).__struct_fields__
    assert msgspec.json.encode(fields) == data
    assert data.startswith(b'{"time":')


@given(records(), st.integers(0, 8))
def test_another_spelling_is_read_but_not_decoded(record: Record, indent: int) -> None:
    spelled = msgspec.json.format(encode(record), indent=indent)
    assert read(type(record), spelled) == record
    if spelled != encode(record):
        with pytest.raises(RecordError, match="spelling"):
            decode(type(record), spelled)


@given(records(), salts)
def test_personal_leaves_say_nothing_but_page_or_personal(record: Record, salt: bytes) -> None:
    kind = KIND_OF[type(record)]
    leaf = personal_leaf(kind, commitment(salt, encode(record)))
    assert len(leaf) == len(b'{"k":"page","c":""}') + 43 + (0 if kind == "page" else 4)
    assert set(msgspec.json.decode(leaf)) == {"k", "c"}


@given(records(*PUBLIC))
def test_public_leaves_show_every_field_and_fit_the_log(record: Record) -> None:
    kind = KIND_OF[type(record)]
    leaf = public_leaf(kind, record)
    assert msgspec.json.decode(leaf) == {"k": kind, "c": "-" * 43, "p": msgspec.json.decode(encode(record))}
    assert len(leaf) < LEAF_LIMIT
    assert ACT_LIMIT < LEAF_LIMIT


@given(records())
def test_every_record_has_one_owner(record: Record) -> None:
    owner, _, number = owner_of(record).partition(":")
    assert owner in {"viewer", "creator", "operator"}
    assert (owner == "operator") == (KIND_OF[type(record)] in PUBLIC)
    assert owner == "operator" or number.isdigit()


def test_time_is_the_first_field_of_every_kind() -> None:
    assert {struct.__struct_fields__[0] for struct in KINDS.values()} == {"time"}
