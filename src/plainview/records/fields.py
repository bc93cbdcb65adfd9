"""The field types that records are made of: ranges and patterns, checked when bytes are decoded.

Integers stay below 2**53, so that any JSON reader holds them exactly. There are no floats: a float that must be
written is its IEEE-754 binary32 bits (`Bits32`). Byte strings are unpadded base64url text.
"""

from __future__ import annotations

import base64
import re
from typing import Annotated, Literal

from msgspec import Meta

U8 = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U16 = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U53 = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Bits32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
"""The bits of an IEEE-754 binary32, as an unsigned integer."""
Micros = Annotated[int, Meta(ge=-(10**9), le=10**9)]
"""A real number times one million: how a configuration states a weight without floats."""
Millis = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Unix time in milliseconds, or a duration in milliseconds."""

# The last character of an unpadded base64url text carries spare bits, which must be zero: one text per byte string.
Digest = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048](?!\n)$")]
"""32 bytes (a SHA-256), 43 characters."""
DigestOrDashes = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]|-{43})(?!\n)$")]
"""A Digest, or 43 dashes where there is none to give."""
Token = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{21}[AQgw](?!\n)$")]
"""16 bytes chosen by a client (session, nonce, event id), 22 characters."""
TokenOrDashes = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{21}[AQgw]|-{22})(?!\n)$")]
"""A Token, or 22 dashes where there is none."""
Signature = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{85}[AQgw](?!\n)$")]
"""64 bytes (an Ed25519 signature), 86 characters."""
SignatureOrDashes = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{85}[AQgw]|-{86})(?!\n)$")]
"""A Signature, or 86 dashes where nobody has signed."""
Region = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
"""ISO 3166-1 alpha-2 code, or ZZ where none is known."""
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*(?!\n)$")]
ArmName = Annotated[str, Meta(max_length=129, pattern=r"^[a-z0-9][a-z0-9._-]*:[a-z0-9][a-z0-9._-]*(?!\n)$")]
"""An experiment and one of its arms: `experiment:arm`, each a Name."""
NameOrNone = Annotated[str, Meta(max_length=64, pattern=r"^([a-z0-9][a-z0-9._-]*)?(?!\n)$")]
"""A Name, or nothing where there is none to give."""
Text = Annotated[str, Meta(max_length=2000)]

AgeBand = Literal["unknown", "13-15", "16-17", "18+"]
AGE_BANDS: tuple[AgeBand, ...] = ("unknown", "13-15", "16-17", "18+")
Restriction = Literal["removed", "fyf_ineligible", "geo_disabled", "age_restricted"]
"""How a decision may keep a video from viewers. `removed` and `fyf_ineligible`, kept out of recommendations, hold
everywhere and for everybody; `geo_disabled` for everybody in the regions it names; `age_restricted` for the age bands
below 18 that it names."""
Mode = Literal["personal", "plain"]
"""`plain` is the non-profiling mode."""

DASHES = "-" * 43
"""Stands where a leaf has no private part, or an epoch no state digest."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def to_text(data: bytes) -> str:
    """Unpadded base64url of `data`."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def to_bytes(text: str) -> bytes:
    """The bytes that `text` (unpadded base64url) stands for.

    Raises ValueError where it is not the one text of those bytes.
    """
    if not _BASE64URL.fullmatch(text):
        raise ValueError(f"not unpadded base64url: {text[:60]!r}")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_text(data) != text:
        raise ValueError(f"not the canonical base64url of its bytes: {text[:60]!r}")
    return data
