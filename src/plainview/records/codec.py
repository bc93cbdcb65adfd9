"""One way from a record to its bytes, and back only from exactly those bytes (FORMATS section 0).

The bytes are JSON in UTF-8 without white space, keys in the order the struct declares them, every field present.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec


class RecordError(ValueError):
    """Bytes that are not a record of the kind expected. The message names the field where one is at fault."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every struct that is hashed, signed or journaled derives from. Fields have no defaults."""


R = TypeVar("R", bound=Record)

_encoder = msgspec.json.Encoder()
_decoders: dict[type[Record], msgspec.json.Decoder[Record]] = {}


def encode(record: Record) -> bytes:
    """The exact bytes of `record`."""
    return _encoder.encode(record)


def decode(kind: type[R], data: bytes) -> R:
    """The record of type `kind` whose exact bytes are `data`.

    Raises RecordError for unknown, missing or repeated fields, wrong types, numbers out of range, invalid UTF-8,
    and for any other spelling (white space, key order, escapes) of an otherwise valid record.
    """
    record = read(kind, data)
    if _encoder.encode(record) != data:
        raise RecordError(
            f"{kind.__name__}: valid, but not in the record's one exact spelling (order, spaces, escapes)"
        )
    return record


def read(kind: type[R], data: bytes) -> R:
    """Like `decode`, but takes any JSON spelling: for what people and clients send, never for what is stored."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(data)  # type: ignore[return-value]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{kind.__name__}: {error}") from error
