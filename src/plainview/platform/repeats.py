"""Ids that clients choose: what is sent twice under one counts once, and anything else under it is refused."""

from __future__ import annotations

from plainview.journal import JournalReader
from plainview.platform.faults import Fault
from plainview.records import Record

_OURS = frozenset({"time", "creator", "signature"})
"""Fields that no client fills in, and one that follows from all others."""


def check_repeat(journal: JournalReader, index: int, sent: Record) -> None:
    """Raises Fault where record `index`, which has the id of `sent`, is not what was sent now, JournalDamaged where
    that cannot be told."""
    earlier = journal.entry(index, trusting=True).record
    fields = [name for name in sent.__struct_fields__ if name not in _OURS]
    differing = [name for name in fields if getattr(sent, name) != getattr(earlier, name)]
    if differing:
        raise Fault(
            "id_reused",
            f"id: record {index} has this id and another {', '.join(differing)}: what is new takes a new id",
            "id",
        )
