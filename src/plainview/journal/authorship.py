"""Whose an event is: signed with the key that the session of its page is named after.

Its client made that key. So nobody else, the operator neither, can have a viewer do what they did not.
"""

from __future__ import annotations

from typing import NamedTuple

from plainview.ledger.schemes import ED25519
from plainview.records import Event, Page
from plainview.records.digests import session_name
from plainview.records.fields import to_bytes, to_text


class Cited(NamedTuple):
    """What events say of a page that they cite."""

    viewer: int
    session: str
    videos: tuple[int, ...]

    @classmethod
    def of(cls, page: Page) -> Cited:
        return cls(page.viewer, page.session, tuple(item.video for item in page.items))


class NotTheirs(Exception):
    """An event is not its viewer's, by `field`, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def check_author(event: Event, cited: Cited) -> None:
    """Raises NotTheirs unless the viewer to whom the page was served signed the event."""
    key = to_bytes(event.key)
    if to_text(session_name(key)) != cited.session:
        raise NotTheirs("key", f"the session of page {event.page} is not named after this key")
    if not ED25519.verifies(key, to_bytes(event.signature), event.said().signed()):
        raise NotTheirs("signature", "it is not this key's signature of what is said")
