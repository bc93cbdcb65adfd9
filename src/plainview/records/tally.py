"""What became of feed requests, as the operator's program counted it where it answers and where it ranks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plainview.records.codec import Record
from plainview.records.fields import U53, Millis, Name


class Tally(Record, frozen=True):
    """What became of feed requests while the records of one range were written. It changes no page and no world."""

    time: Millis
    first: U53
    """Index of the first record of the range: where the range of the tally before ends, 0 for the first tally."""
    upto: U53
    """One past the last; not beyond the tally itself."""
    lost: bool
    """The program ended before it had written down what it counted, or a request was open too long: all that follows is
    0, and none."""
    served: U53
    """Requests answered with a page whose receipt is in the range."""
    repeated: U53
    """Requests answered with a page that had been served before."""
    refused: U53
    """Requests for what there is not, or that nobody may have (4xx but for 410)."""
    closed: U53
    """Requests that came when every licence had ended (410)."""
    failed: U53
    """Requests that were answered with an error of the server's (5xx)."""
    rankings: U53
    """Times that a page was ranked for a request."""
    thrown: Annotated[tuple[tuple[Name, U53], ...], Meta(max_length=32)]
    """Of these, those that made no receipt, by what became of them, in the order of the names: a code of the fence;
    `repeated` where another request was first with the same page; `error` where it broke off."""
