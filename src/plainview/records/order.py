"""Which videos are put on pages by order: boosts exist as such records, and in no other way."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from plainview.records.charter import NOTE
from plainview.records.codec import Record
from plainview.records.fields import U32, U53, Millis, Region, Text


class Order(Record, frozen=True):
    """An order that counts, as the act in `note` says it; or that it is ended. One that does not count is an `act`."""

    counts: ClassVar[bool] = True
    """As an act may."""

    time: Millis
    order: U53
    """Its number: 1, 2, 3 ... A receipt names it."""
    video: U53
    regions: tuple[Region, ...]
    """Empty: everywhere. A request's region is compared as it is, whatever regions the release tells apart."""
    begins: Millis
    until: Millis
    cap: U32
    """Pages at most on which it places the video, as far as the page's epoch has counted them."""
    label: Text
    """What the viewer is shown beside the video."""
    ended: bool
    """Written again so, with all else as it was, it is over before its time."""
    note: Annotated[str, Meta(min_length=1, max_length=NOTE)]
    """The signed note, as text, of the order or of its end: who signed, and why."""
