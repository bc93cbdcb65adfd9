"""What is written down: frozen structs, their exact bytes, digests and ids. Knows nobody."""

from plainview.records.access import Access
from plainview.records.act import Act
from plainview.records.catalogue import UPLOAD, Decision, Origin, Refusal, Video
from plainview.records.charter import Charter
from plainview.records.codec import Record, RecordError, decode, encode, read
from plainview.records.kinds import JUDGED, KIND_OF, KINDS, PUBLIC, owner_of
from plainview.records.order import Order
from plainview.records.page import PAGE_LIMIT, Item, Page, Request
from plainview.records.release import Epoch, Release
from plainview.records.tally import Tally
from plainview.records.viewer import (
    ACTIONS,
    OUTCOMES,
    UNSIGNED,
    Chosen,
    Event,
    History,
    Impression,
    Said,
    Setting,
    Told,
    Viewer,
    outcome_bits,
)

__all__ = [
    "ACTIONS",
    "JUDGED",
    "KINDS",
    "KIND_OF",
    "OUTCOMES",
    "PAGE_LIMIT",
    "PUBLIC",
    "UNSIGNED",
    "UPLOAD",
    "Access",
    "Act",
    "Charter",
    "Chosen",
    "Decision",
    "Epoch",
    "Event",
    "History",
    "Impression",
    "Item",
    "Order",
    "Origin",
    "Page",
    "Record",
    "RecordError",
    "Refusal",
    "Release",
    "Request",
    "Said",
    "Setting",
    "Tally",
    "Told",
    "Video",
    "Viewer",
    "decode",
    "encode",
    "outcome_bits",
    "owner_of",
    "read",
]
