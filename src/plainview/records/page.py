"""The receipt of a page: everything that is needed to compute the page again."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plainview.records.codec import Record
from plainview.records.fields import (
    U8,
    U32,
    U53,
    AgeBand,
    ArmName,
    Bits32,
    Digest,
    DigestOrDashes,
    Millis,
    Mode,
    Name,
    Region,
    Token,
)

PAGE_LIMIT = 30
"""Videos on a page at most."""


class Request(Record, frozen=True):
    """What was asked, in one spelling."""

    surface: U8
    region: Region
    age: AgeBand
    mode: Mode
    """What the page is."""
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]
    nonce: Token
    """Chosen by the client: goes into the seed, so that the operator cannot choose the random numbers."""
    acknowledged: U53
    """One past the last index the client saw acknowledged; 0 for none. `viewer_upto` may not be below it."""


class Item(Record, frozen=True):
    """One video of a page, and why it is there."""

    video: U53
    source: Name
    """The first source (in the pipeline's order) that retrieved it."""
    parts: tuple[Bits32, ...]
    """The heads' predictions, in the order of `feed.heads.HEADS`."""
    value: Bits32
    """Sum of weights times predictions."""
    selector: Name
    """The selector that placed it: `spacing`, `exploration` ..."""
    propensity: Bits32
    """Probability with which exploration put this video in this slot; 1 for a slot without chance in it."""


class Page(Record, frozen=True):
    """The journal record of one page, owned by its viewer."""

    time: Millis
    viewer: U53
    session: Token
    n: U32
    """Page number in the session, from 0, gapless."""
    previous: DigestOrDashes
    """Commitment of the session's page n - 1; 43 dashes for the first."""
    release: Digest
    grounds: tuple[U53, ...]
    """Indexes of the acts that let the release rank; none on a plain page, which needs none."""
    charter: U53
    policy: U53
    """One past the index of the last decision, order or release the page saw."""
    epoch: U32
    epoch_digest: Digest
    pinned: U32
    """The epoch whose list a plain page continues (the session's first); `epoch` itself on a personal page."""
    cursor: U32
    """How far into that list the page went: the next plain page starts there; 0 on a personal page."""
    viewer_upto: U53
    """One past the index of the last of the viewer's own records the page saw; 0 for none."""
    viewer_digest: Digest
    wanted: Mode
    """As the request says, or else the viewer. Where no release may rank, the page is plain all the same."""
    request: Request
    now: Millis
    arms: tuple[ArmName, ...]
    """For each experiment of the release that runs at `now`, in its table's order: the viewer's arm. None on a plain
    page."""
    orders: tuple[U53, ...]
    """Numbers of the orders that placed videos of `items` (those whose selector is `ordered`), in their order."""
    items: Annotated[tuple[Item, ...], Meta(max_length=PAGE_LIMIT)]
    trace: Digest
    """Digest of the trace's arrays: everything retrieved, filtered (by whom) and scored."""
    environment: Digest
    """SHA-256 over CPU, Python, NumPy, Numba and LLVM versions."""
