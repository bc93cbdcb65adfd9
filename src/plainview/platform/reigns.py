"""Which release is in charge of a journal, and with which epoch it began."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from plainview.journal import JournalReader
from plainview.records import Epoch, Release


class Reign(NamedTuple):
    """From where on a release is in charge."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    release: str
    """Its digest."""
    first: int
    """The number of its first epoch."""
    base: Epoch | None
    """What that one follows on, with nothing folded in: the last epoch before, or epoch 0. None where neither is."""
    begun: bool
    """Whether its first epoch is there."""


def release_of(journal: JournalReader, digest: str | None = None) -> Release | None:
    """The record of a release that is or was in charge, or of the one that is; None where none of that digest was.

    Raises JournalDamaged.
    """
    records = (entry.record for entry in journal.of_kind("release", newest_first=True))
    return next((one for one in records if isinstance(one, Release) and digest in (None, one.digest)), None)


def reign_of(journal: JournalReader) -> Reign:
    """Of the release in charge. Raises LookupError for a journal without any, JournalDamaged."""
    for entry in journal.of_kind("release", newest_first=True):
        assert isinstance(entry.record, Release)
        digest = entry.record.digest
        for before in journal.of_kind("epoch", 0, entry.index, newest_first=True):
            assert isinstance(before.record, Epoch)
            begun = any(journal.of_kind("epoch", entry.index))
            return Reign(entry.index, digest, before.record.epoch + 1, replace(before.record, upto=0), begun)
        for first in journal.of_kind("epoch"):
            assert isinstance(first.record, Epoch)
            return Reign(entry.index, digest, 0, first.record, True)
        return Reign(entry.index, digest, 0, None, False)
    raise LookupError("no release is in charge")
