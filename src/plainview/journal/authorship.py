"""Whose a viewer's records are: signed with a key that their client made, so that nobody else can make them up.

An event is signed with the key that the session of its page is named after; what a viewer tells of themselves and
chooses, with the key that their first signed registration names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from plainview.ledger.schemes import ED25519
from plainview.records import Event, Page, Record, Setting, Viewer
from plainview.records.digests import session_name
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.records.viewer import UNSIGNED


class Cited(NamedTuple):
    """What events say of a page that they cite."""

    viewer: int
    session: str
    videos: tuple[int, ...]

    @classmethod
    def of(cls, page: Page) -> Cited:
        return cls(page.viewer, page.session, tuple(item.video for item in page.items))


class NotTheirs(Exception):
    """A record is not its viewer's, by `field`, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def check_event(event: Event, cited: Cited | None) -> None:
    """Raises NotTheirs unless it is of a video of its viewer's, on the page that it cites, and signed by them.

    `cited` is what that record says if it is a page before the event, else None.
    """
    if cited is None or cited.viewer != event.viewer:
        raise NotTheirs("page", f"record {event.page} is no page of viewer {event.viewer} before it")
    if cited.videos[event.position : event.position + 1] != (event.video,):
        raise NotTheirs("position", f"video {event.video} is not at position {event.position} of page {event.page}")
    check_author(event, cited)


def check_author(event: Event, cited: Cited) -> None:
    """Raises NotTheirs unless the viewer to whom the page was served signed the event."""
    key = to_bytes(event.key)
    if to_text(session_name(key)) != cited.session:
        raise NotTheirs("key", f"the session of page {event.page} is not named after this key")
    if not ED25519.verifies(key, to_bytes(event.signature), event.said().signed()):
        raise NotTheirs("signature", "it is not this key's signature of what is said")


def check_registration(record: Viewer, held: str) -> None:
    """Raises NotTheirs unless it is signed by the key `held`, which the viewer has registered; DASHES where they have
    none: then it may name any, by which it is signed, or be unsigned."""
    if record.key == DASHES:
        if held != DASHES:
            raise NotTheirs("key", f"viewer {record.viewer} has a key, and this is not signed by it")
        for field, nothing in UNSIGNED.items():
            if getattr(record, field) != nothing:
                raise NotTheirs(field, "there is one, and no key")
        return
    if held not in (DASHES, record.key):
        raise NotTheirs("key", f"viewer {record.viewer} has another key")
    for field in ("id", "signature"):
        if getattr(record, field) == UNSIGNED[field]:
            raise NotTheirs(field, "there is none, and there is a key")
    if not ED25519.verifies(to_bytes(record.key), to_bytes(record.signature), record.told().signed()):
        raise NotTheirs("signature", "it is not this key's signature of what is told")


def check_choice(setting: Setting, held: str) -> None:
    """Raises NotTheirs unless the viewer's key `held` has signed it; DASHES where they have none."""
    if held == DASHES:
        raise NotTheirs("viewer", f"viewer {setting.viewer} has registered no key, by which choices are signed")
    if not ED25519.verifies(to_bytes(held), to_bytes(setting.signature), setting.chosen().signed()):
        raise NotTheirs("signature", f"it is not what the key of viewer {setting.viewer} has signed")


def registered_key(records: Iterable[Record]) -> str:
    """The key that a viewer has after these records of theirs, in index order; DASHES where they have none.

    It is that of the first registration that is rightly signed: none after it can name another.
    """
    for record in records:
        if isinstance(record, Viewer) and record.key != DASHES:
            try:
                check_registration(record, DASHES)
            except NotTheirs:
                continue  # told where it stands
            return record.key
    return DASHES
