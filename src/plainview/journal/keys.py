"""Keys: 16 bytes by which a record sent twice is known for one.

Where many keys come in a row they begin alike, so that the store's index of keys grows at few places: an event's key
begins with its page, an import's with its row's number. With keys spread evenly an append of 1,000 events to a journal
of 300,000 took 1.7 times as long.
"""

from __future__ import annotations

import hashlib
import zlib

from plainview.records import (
    UPLOAD,
    Access,
    Act,
    Epoch,
    Event,
    History,
    Impression,
    Order,
    Page,
    Record,
    Setting,
    Video,
    Viewer,
)
from plainview.records.digests import note_digest
from plainview.records.fields import DASHES

KEY = 16
"""Bytes of a key."""


def page_key(session: str, n: int) -> bytes:
    """Of page `n` of a session: there is one."""
    return _hash("page", session)[:12] + n.to_bytes(4, "big")


def event_key(viewer: int, id: str, page: int) -> bytes:  # noqa: A002
    """Of the event a client calls `id`: sent again for the same page, it is the same event."""
    return page.to_bytes(7, "big") + _hash("event", f"{viewer}\0{id}")[:9]


def setting_key(viewer: int, id: str) -> bytes:  # noqa: A002
    """Of the setting a client calls `id`."""
    return _hash("setting", f"{viewer}\0{id}")[:16]


def viewer_key(viewer: int, id: str) -> bytes:  # noqa: A002
    """Of the registration a client calls `id`."""
    return _hash("viewer", f"{viewer}\0{id}")[:16]


def import_key(origin: str, row: int) -> bytes:
    """Of row `row` of an import."""
    return _hash("import", origin)[:9] + row.to_bytes(7, "big")


def video_key(origin: str, video: int) -> bytes:
    """Of the video with that id as an import has it."""
    return import_key(f"{origin}/video", video)


def history_key(origin: str, viewer: int) -> bytes:
    """Of what an import knows of a viewer before its log begins."""
    return _hash("history", origin)[:9] + viewer.to_bytes(7, "big")


def epoch_key(epoch: int) -> bytes:
    """Of epoch number `epoch`: there is one."""
    return _hash("epoch", "")[:12] + epoch.to_bytes(4, "big")


def act_key(note: str, counts: bool) -> bytes:
    """Of the act in a note: by the same signatures it counts once, and is taken down once as one that does not."""
    return _hash("act", f"{note_digest(note).hex()}\0{int(counts)}")[:KEY]


def access_key(request: str, granted: bool) -> bytes:
    """Of what became of the request with that digest: it is granted once, and once written down as refused."""
    return _hash("access" if granted else "access refused", request)[:KEY]


def key_of(record: Record) -> bytes | None:
    """The key that a record's own fields give it; None for a kind that may be written again and again."""
    match record:
        case Access():
            return access_key(record.request, record.granted)
        case Act() | Order():
            return act_key(record.note, record.counts)
        case Event():
            return event_key(record.viewer, record.id, record.page)
        case Impression():
            return import_key(record.origin, record.row)
        case Page():
            return page_key(record.session, record.n)
        case Setting():
            return setting_key(record.viewer, record.id)
        case Viewer() if record.key != DASHES:
            return viewer_key(record.viewer, record.id)
        case History():
            return history_key(record.origin, record.viewer)
        case Epoch():
            return epoch_key(record.epoch)
        case Video() if record.origin != UPLOAD:
            return video_key(record.origin, record.video)
        case _:
            return None


def of_rows(origin: str) -> tuple[tuple[bytes, bytes], ...]:
    """Where the stored keys of an import's videos, histories and impressions lie: from, and up to what."""
    firsts = (video_key(origin, 0)[:9], history_key(origin, 0)[:9], import_key(origin, 0)[:9])
    return tuple((first, first + b"\xff" * KEY) for first in firsts)


def guarded(key: bytes) -> bytes:
    """`key` as it is stored, with its CRC-32: no hash of the log covers keys, so they carry a check of their own."""
    return key + zlib.crc32(key).to_bytes(4, "big")


def unguarded(stored: bytes) -> bytes:
    """The key that `guarded` was given. Raises ValueError where it is not what was stored."""
    if type(stored) is not bytes or len(stored) != KEY + 4 or guarded(stored[:KEY]) != stored:
        raise ValueError("the key is not what was stored")
    return stored[:KEY]


def _hash(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"plainview/key/v1\0{kind}\0{text}".encode()).digest()
