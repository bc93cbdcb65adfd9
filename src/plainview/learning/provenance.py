"""The partner's tier of a release that was learned: the data sets that taught it, and how much of each there was.

Its salt is drawn from the parameters, which only those have who may read it: so whoever learns again comes to the same
bytes, and whoever reads the manifest alone cannot try out numbers.
"""

from __future__ import annotations

import hashlib

from plainview.records.codec import Record, decode, encode
from plainview.records.digests import commitment
from plainview.records.fields import U53, Digest, Name, Text, to_bytes, to_text


class DataSet(Record, frozen=True):
    """An import that taught."""

    origin: Name
    digest: Digest
    """SHA-256 over its files."""
    licence: Text
    admissions: tuple[U53, ...]
    """Indexes of the acts by which the partner let it in."""
    videos: U53
    histories: U53
    impressions: U53
    """Records of it that were taken up."""


class Provenance(Record, frozen=True):
    """What business figures show in."""

    salt: Digest
    data: tuple[DataSet, ...]
    """In the order in which they came."""
    uploads: U53
    """Videos that came with no import."""
    events: U53
    """Acts of the platform's own viewers that were taken up."""
    taught: U53
    """Of all acts, those that the fold learned from."""
    refused: U53
    """And those that may not teach: of a video that is not there, too many of one viewer's in a day."""


def salt_of(parameters: bytes) -> str:
    """The salt of a tier whose release brings the parameters in these bytes along."""
    return to_text(hashlib.sha256(b"plainview/provenance-salt/v1\x00" + parameters).digest())


def tier(provenance: Provenance) -> tuple[bytes, str]:
    """The tier's bytes, and what the manifest says of them."""
    body = encode(provenance)
    return body, to_text(commitment(to_bytes(provenance.salt), body))


def read_tier(data: bytes) -> Provenance:
    """What the bytes say. Raises RecordError."""
    return decode(Provenance, data)
