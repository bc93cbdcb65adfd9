"""Who read personal records, and what for."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from plainview.records.charter import NOTE
from plainview.records.codec import Record
from plainview.records.fields import U53, Digest, Millis


class Access(Record, frozen=True):
    """Records were asked for in a signed request, and handed out after this was written down, or not at all."""

    time: Millis
    by: Annotated[str, Meta(min_length=1, max_length=NOTE)]
    """Name of the key that signed the request."""
    purpose: Literal["audit"]
    first: U53
    """Index of the first record."""
    until: U53
    """One past the last that was handed out; of a refused request, one past the last that it asks for."""
    request: Digest
    """SHA-256 of the request's text (`ledger.access_requests`)."""
    granted: bool
