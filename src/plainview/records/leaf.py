"""A record's public face: the bytes that become its leaf in the transparency log."""

from __future__ import annotations

from plainview.records.codec import Record, encode
from plainview.records.fields import DASHES, to_text

LEAF_LIMIT = 65_535
"""Bytes in a log entry at most (tlog-tiles gives an entry's length 16 bits)."""
ACT_LIMIT = 48_000
"""Bytes of public fields at most; a larger act goes by digest."""


def personal_leaf(kind: str, commitment: bytes) -> bytes:
    """`{"k":"page","c":"..."}` for a page, `{"k":"personal","c":"..."}` for every other personal record."""
    name = "page" if kind == "page" else "personal"
    return f'{{"k":"{name}","c":"{to_text(commitment)}"}}'.encode()


def public_leaf(kind: str, fields: Record) -> bytes:
    """`{"k":"<kind>","c":"<43 dashes>","p":{...}}`: an act all of whose fields are public.

    Raises ValueError where the public fields pass ACT_LIMIT.
    """
    public = encode(fields)
    if len(public) > ACT_LIMIT:
        raise ValueError(
            f"{kind}: {len(public)} bytes of public fields, at most {ACT_LIMIT} fit a leaf; publish a digest"
        )
    return b'{"k":"%s","c":"%s","p":%s}' % (kind.encode(), DASHES.encode(), public)
