"""The policies of releases that are or were in charge, and the decisions by which videos were kept from a page."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

from plainview.journal import JournalReader
from plainview.moderation.rules.pack import Pack, pack_of
from plainview.records import Decision, Release


class Decided(NamedTuple):
    """A decision, and what its policy is called."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    decision: Decision
    title: str
    """Of its policy, as the release in charge had it then; empty where it had none of that code."""


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
    packs = [(entry.index, _pack(entry.record)) for entry in journal.of_kind("release", 0, below)]
    found: dict[int, Decided] = {}
    for entry in journal.of_kind("decision", 0, below):
        made = entry.record
        assert isinstance(made, Decision)
        if made.effect == "restrict" and made.decision in numbers:
            pack = next((pack for index, pack in reversed(packs) if index < entry.index), None)
            policy = None if pack is None else pack.policy(made.policy)
            found[made.decision] = Decided(entry.index, made, "" if policy is None else policy.title)
    return sorted(found.values())


def _pack(release: object) -> Pack | None:
    assert isinstance(release, Release)
    with suppress(ValueError):
        return pack_of(release)
    return None
