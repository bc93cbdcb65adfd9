"""What is said to a release that runs in a process of its own, and what it says: docs/reference/bundle.md.

A frame is its length (u32, big-endian) and so many bytes of MessagePack: one of these structs, as a map with its name
in `type`. Every message to the release is answered by one; before it answers it may ask for records itself.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec

VERSION = 2
"""Of all of this. It is not changed: what is said otherwise gets another number."""
LENGTH = 4
"""Bytes of a frame's length."""


class _Message(msgspec.Struct, frozen=True, tag_field="type"):
    pass


class Given(msgspec.Struct, frozen=True, array_like=True):
    """A record of the journal."""

    index: int
    kind: str
    body: bytes
    """Its exact bytes."""


class Begin(_Message, frozen=True, tag="begin"):
    """The first message: answered by `Ready`."""

    version: int
    release: str
    """Its digest, which goes into every page's seed."""
    configuration: bytes
    """Out of its manifest, as JSON."""
    parameters: bytes
    """The bundle's member; empty where it has none."""
    residents: int
    """Viewers whose state is held."""
    threads: int
    """That may rank: it need not use them."""


class Take(_Message, frozen=True, tag="take"):
    """Records that follow on those given so far; those below `upto` are to be folded. Answered by `Done`."""

    records: list[Given]
    upto: int


class Cut(_Message, frozen=True, tag="cut"):
    """Fold what is below `upto`, and cut the epoch after `parent`. Answered by `Epoch`."""

    parent: tuple[int, str] | None
    """Number and digest of the epoch before, whoever made it; None for epoch 0."""
    upto: int
    whole: bool
    """With the digest of the whole state."""


class Draw(_Message, frozen=True, tag="draw"):
    """Draw the plain lists of these regions from the epoch cut last. Answered by `Done`."""

    regions: list[str]


class Drop(_Message, frozen=True, tag="drop"):
    """Forget plain lists, by epoch and region. Answered by `Done`."""

    lists: list[tuple[int, str]]


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A page to be ranked again, whose record was given."""

    index: int
    body: bytes
    cursor: int
    """Where its plain list goes on."""


class Rank(_Message, frozen=True, tag="rank"):
    """Rank pages on the epoch cut last, and compare. Answered by `Ranked`."""

    pages: list[Asked]


class Propose(_Message, frozen=True, tag="propose"):
    """Give the pages that this release gives in place of these, on the epoch cut last. Answered by `Proposed`."""

    pages: list[Asked]


class Ready(_Message, frozen=True, tag="ready"):
    """It can be asked."""

    version: int


class Done(_Message, frozen=True, tag="done"):
    """So it was."""


class Epoch(_Message, frozen=True, tag="epoch"):
    """An epoch as it was computed, in the fields of its record."""

    parent: str
    delta: str
    digest: str
    state: str


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What ranking a page again came to: `learning.ranker.Outcome`."""

    trace: str
    stage: str
    detail: str


class Ranked(_Message, frozen=True, tag="ranked"):
    """One outcome for each page, in order."""

    outcomes: list[Outcome]


class Placed(msgspec.Struct, frozen=True, array_like=True):
    """A video of such a page: `learning.ranker.Placed`."""

    video: int
    source: str
    selector: str


class Proposal(msgspec.Struct, frozen=True, array_like=True):
    """Such a page: `learning.rerun.Proposal`."""

    trace: str
    items: list[Placed]


class Proposed(_Message, frozen=True, tag="proposed"):
    """One proposal for each page, in order."""

    proposals: list[Proposal]


class Own(_Message, frozen=True, tag="own"):
    """A question: the viewer's own records below `upto`. Answered by `Records`."""

    viewer: int
    upto: int


class Known(_Message, frozen=True, tag="known"):
    """A question: which of these viewers have a record below `upto`. Answered by `Viewers`."""

    viewers: list[int]
    upto: int


class Records(_Message, frozen=True, tag="records"):
    """In index order."""

    records: list[Given]


class Viewers(_Message, frozen=True, tag="viewers"):
    """Those of them that have."""

    viewers: list[int]


class Failed(_Message, frozen=True, tag="failed"):
    """It cannot go on, and why. It ends."""

    reason: str


ToRelease = Begin | Take | Cut | Draw | Drop | Rank | Propose | Records | Viewers
FromRelease = Ready | Done | Epoch | Ranked | Proposed | Own | Known | Failed

_encoder = msgspec.msgpack.Encoder()


def frame(message: ToRelease | FromRelease) -> bytes:
    """The bytes of a message."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's bytes without their length; None at the end. Raises EOFError where it ends within one."""
    length = stream.read(LENGTH)
    if not length:
        return None
    size = int.from_bytes(length, "big")
    body = stream.read(size)
    if len(length) < LENGTH or len(body) < size:
        raise EOFError("the stream ends within a frame")
    return body
