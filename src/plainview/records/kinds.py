"""The kinds of records a journal holds, and which struct each is."""

from __future__ import annotations

from plainview.records.access import Access
from plainview.records.act import Act
from plainview.records.catalogue import Decision, Origin, Refusal, Video
from plainview.records.charter import Charter
from plainview.records.codec import Record
from plainview.records.order import Order
from plainview.records.page import Page
from plainview.records.release import Epoch, Release
from plainview.records.tally import Tally
from plainview.records.viewer import Event, History, Impression, Setting, Viewer

KINDS: dict[str, type[Record]] = {
    "access": Access,
    "act": Act,
    "charter": Charter,
    "decision": Decision,
    "epoch": Epoch,
    "event": Event,
    "history": History,
    "impression": Impression,
    "order": Order,
    "origin": Origin,
    "page": Page,
    "refusal": Refusal,
    "release": Release,
    "setting": Setting,
    "tally": Tally,
    "video": Video,
    "viewer": Viewer,
}

PUBLIC = frozenset({"access", "act", "charter", "decision", "epoch", "order", "origin", "refusal", "release", "tally"})
"""Kinds whose fields stand in the leaf itself. All others are personal: their leaf is a salted commitment."""

JUDGED = ("act", "charter", "order")
"""Kinds that carry a signed note, which is judged where they stand (`ledger.licensing`)."""

KIND_OF: dict[type[Record], str] = {struct: kind for kind, struct in KINDS.items()}


def owner_of(record: Record) -> str:
    """Whose record this is: `viewer:N`, `creator:N` or `operator`."""
    match record:
        case Page() | Event() | Setting() | Viewer() | Impression() | History():
            return f"viewer:{record.viewer}"
        case Video():
            return f"creator:{record.creator}"
        case _:
            return "operator"
