"""Hypothesis strategies shared by all rooms' tests: any record of any kind, from the structs' own field types."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as fields

from plainview.records import KINDS, Record
from plainview.records.fields import DASHES, Digest, DigestOrDashes, Token, to_text

digests = st.binary(min_size=32, max_size=32).map(to_text)
tokens = st.binary(min_size=16, max_size=16).map(to_text)
salts = st.binary(min_size=32, max_size=32)

_DIGEST, _DASHED, _TOKEN = (
    fields.type_info(kind).pattern  # type: ignore[attr-defined]
    for kind in (Digest, DigestOrDashes, Token)
)
"""Text of whole bytes: a pattern alone would be slow to draw from."""


def values(kind: fields.Type) -> st.SearchStrategy[Any]:
    """Any value that a field of this type takes."""
    match kind:
        case fields.Metadata():
            return values(kind.type)
        case fields.IntType():
            return st.integers(kind.ge, kind.le)
        case fields.BoolType():
            return st.booleans()
        case fields.LiteralType():
            return st.sampled_from(kind.values)
        case fields.StrType(pattern=None):
            return st.text(st.characters(codec="utf-8"), min_size=kind.min_length or 0, max_size=kind.max_length)
        case fields.StrType() if kind.pattern == _DIGEST:
            return digests
        case fields.StrType() if kind.pattern == _DASHED:
            return digests | st.just(DASHES)
        case fields.StrType() if kind.pattern == _TOKEN:
            return tokens
        case fields.StrType():
            # Cut to length afterwards: a pattern that looks ahead for it throws most of what is drawn away.
            return st.from_regex(kind.pattern, fullmatch=True).map(lambda text: text[: kind.max_length])
        case fields.TupleType():
            return st.tuples(*map(values, kind.item_types))
        case fields.VarTupleType():
            return st.lists(values(kind.item_type), max_size=min(kind.max_length or 4, 4)).map(tuple)
        case fields.StructType():
            return records_of(kind.cls)
        case _:
            raise NotImplementedError(f"no strategy for fields of type {kind}")


def records_of(struct: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any valid struct of this type; `given` replaces the strategies of the fields it names."""
    described = fields.type_info(struct)
    assert isinstance(described, fields.StructType)
    return st.builds(struct, **({field.name: values(field.type) for field in described.fields} | given))


def records(*kinds: str) -> st.SearchStrategy[Record]:
    """Any valid record of any of these kinds; of all kinds where none is named."""
    return st.sampled_from(kinds or sorted(KINDS)).flatmap(lambda kind: records_of(KINDS[kind]))
