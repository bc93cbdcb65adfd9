"""The one ordered record of every act: fenced, durable before it is acknowledged, checked when read."""

from plainview.journal.entry import Ack, Draft, Entry, JournalBusy, JournalDamaged, JournalStopped, Refused
from plainview.journal.epochs import EpochStore, Snapshot
from plainview.journal.fence import Fence
from plainview.journal.journal import Journal
from plainview.journal.reader import JournalReader
from plainview.journal.sealer import PlainSealer, Sealer

__all__ = [
    "Ack",
    "Draft",
    "Entry",
    "EpochStore",
    "Fence",
    "Journal",
    "JournalBusy",
    "JournalDamaged",
    "JournalReader",
    "JournalStopped",
    "PlainSealer",
    "Refused",
    "Sealer",
    "Snapshot",
]
