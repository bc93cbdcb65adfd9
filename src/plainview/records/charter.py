"""Record 0: what the journal is, and the bounds everything in it keeps."""

from __future__ import annotations

from plainview.records.codec import Record
from plainview.records.fields import U32, Digest, Millis, Text


class Charter(Record, frozen=True):
    """The bounds of one journal. Its bytes' digest is the trust anchor of everything that follows."""

    time: Millis
    origin: Text
    """The log's origin line: a schemeless URL prefix."""
    baseline: Digest
    """The release that serves when no other may."""
    clock_tolerance: U32
    """Milliseconds that journal time may lie outside the witness timestamps around it."""
    now_tolerance: U32
    """Milliseconds at most between a page's `now` and its append."""
    replay_window: U32
    """Days for which a page can be re-run."""
