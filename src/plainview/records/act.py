"""What the parties said about a release and the licence it runs under."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plainview.records.charter import NOTE
from plainview.records.codec import Record
from plainview.records.fields import Millis


class Act(Record, frozen=True):
    """An act that a party has signed was received, whether it is in order or not."""

    time: Millis
    note: Annotated[str, Meta(min_length=1, max_length=NOTE)]
    """The signed note, as text: what it says and by whom it must be signed is `ledger.acts`'."""
    counts: bool
    """Whether it is in order where it stands (`ledger.licensing`). One that is not changes nothing,
    and is taken down once (`records.digests.note_digest`)."""
