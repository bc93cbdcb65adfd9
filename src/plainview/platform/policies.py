"""The policies of releases that are or were in charge, and the decisions by which videos were kept from a page."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from plainview.journal import JournalReader
from plainview.moderation.rules.pack import Pack, rules_of
from plainview.records import Decision, Release


class Decided(NamedTuple):
    """A decision, and what its policy is called."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    decision: Decision
    title: str
    """Of its policy; empty where no release had one of that code by that digest."""


def policies_of(journal: JournalReader, release: str | None) -> str | None:
    """The policies of a release that is or was in charge, or of the one that is, in their exact bytes; None where none
    of that digest was. Raises JournalDamaged."""
    for entry in journal.of_kind("release", newest_first=True):
        assert isinstance(entry.record, Release)
        if release in (None, entry.record.digest):
            return entry.record.policies
    return None


def decided(journal: JournalReader, numbers: Collection[int], below: int) -> list[Decided]:
    """The decisions of these numbers that stand below that index, in their order. Raises JournalDamaged."""
    if not numbers:
        return []
    packs = dict(_packs(journal, below))
    found: dict[int, Decided] = {}
    for entry in journal.of_kind("decision", 0, below):
        made = entry.record
        assert isinstance(made, Decision)
        if made.effect == "restrict" and made.decision in numbers:
            pack = packs.get(made.pack)
            policy = None if pack is None else pack.policy(made.policy)
            found[made.decision] = Decided(entry.index, made, "" if policy is None else policy.title)
    return sorted(found.values())


def _packs(journal: JournalReader, below: int) -> Iterator[tuple[str, Pack]]:
    """By their digests."""
    for entry in journal.of_kind("release", 0, below):
        assert isinstance(entry.record, Release)
        with suppress(ValueError):
            found = rules_of(entry.record)
            yield found.name.digest, found.pack
