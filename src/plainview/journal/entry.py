"""What goes into the journal, what is said of it, and what comes out."""

from __future__ import annotations

import msgspec

from plainview.records import Record


class Draft(msgspec.Struct, frozen=True):
    """A record to be appended."""

    record: Record
    """With time 0: the journal fills it in."""
    key: bytes | None = None
    """What makes it the same record when sent again: 16 bytes from `journal.keys`, for the kinds whose own fields do
    not make their key (`keys.key_of`). Those that do need none given here, and take no other."""


class Ack(msgspec.Struct, frozen=True):
    """The record is in the journal, durably."""

    index: int
    time: int
    """Journal time, Unix milliseconds."""
    fresh: bool
    """False where the key was known: index and time are the earlier record's."""


class Refused(msgspec.Struct, frozen=True):
    """The record is not in the journal, and why."""

    reason: str
    code: str
    """`record`, `key`, `damaged`, or one of `journal.fence`."""
    met: JournalDamaged | None = None
    """The damage, where that is the reason."""


class Entry(msgspec.Struct, frozen=True):
    """A record of the journal."""

    index: int
    time: int
    """Journal time, Unix milliseconds."""
    kind: str
    owner: str
    record: Record
    salt: bytes
    """32 bytes; empty for a public act."""
    commitment: bytes | None
    """32 bytes; None for a public act."""


class JournalDamaged(Exception):
    """A stored record is not what was appended.

    `stage` says which check found it: `index` (the row is missing or out of place), `row` (the store cannot read it),
    `kind`, `seal`, `body` (no record's exact bytes), `time`, `owner`, `key`, `commitment` (body or salt against the
    leaf), `leaf` (against its hash), `hash`, or `act` (it does not count where it stands, and says so). `after` is one
    past it, and past those that are missing with it.
    """

    def __init__(self, index: int, stage: str, detail: str, after: int | None = None) -> None:
        super().__init__(f"record {index}, {stage}: {detail}")
        self.index = index
        self.stage = stage
        self.detail = detail
        self.after = index + 1 if after is None else after


class JournalStopped(Exception):
    """The journal takes no more records, and why. What was acknowledged is there."""


class JournalBusy(Exception):
    """Too much waits to be written. Nothing was taken: send it again later."""
