"""A version of the algorithm, and the versions of the world that it makes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plainview.records.codec import Record
from plainview.records.fields import U32, U53, Digest, DigestOrDashes, Millis, Name

MANIFEST_LIMIT = 30_000
"""Characters of a release's manifest at most."""
POLICIES_LIMIT = 30_000
"""Characters of its policies at most. Both together have to fit a leaf."""


class Release(Record, frozen=True):
    """The public tier of a release's manifest: what may be known by anyone."""

    time: Millis
    name: Name
    digest: Digest
    """SHA-256 of the exact bytes of the manifest (`feed.configuration.Manifest`)."""
    manifest: Annotated[str, Meta(max_length=MANIFEST_LIMIT)]
    """Those bytes, as text."""
    policies: Annotated[str, Meta(max_length=POLICIES_LIMIT)]
    """The exact bytes of the policies that the manifest names by their digest (`moderation.rules.pack`), as text."""


class Epoch(Record, frozen=True):
    """A published version of the world: everything below `upto` is folded in."""

    time: Millis
    epoch: U32
    """0, 1, 2 ...; epoch 0 is the empty world."""
    upto: U53
    """Index of the first record not folded in."""
    parent: Digest
    delta: Digest
    """Digest of the arrays of touched rows (`records.digests.arrays_digest`), with which it is stored."""
    digest: Digest
    """SHA-256 over parent, upto and delta (`records.digests.epoch_digest`)."""
    state: DigestOrDashes
    """At a snapshot, the digest of the whole world (rows by id), else 43 dashes."""
