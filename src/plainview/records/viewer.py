"""What viewers do. Each of these records is owned by its viewer."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from plainview.records.codec import Record, encode
from plainview.records.fields import (
    DASHES,
    U8,
    U16,
    U32,
    U53,
    AgeBand,
    Digest,
    DigestOrDashes,
    Millis,
    Mode,
    Name,
    Region,
    Signature,
    SignatureOrDashes,
    Token,
    TokenOrDashes,
)

Action = Literal["view", "like", "follow", "share", "comment", "not_interested", "report"]
ACTIONS: tuple[Action, ...] = ("view", "like", "follow", "share", "comment", "not_interested", "report")
Choice = Literal["follow", "unfollow", "block", "unblock", "mute", "unmute"]


class Told(Record, frozen=True):
    """What a viewer tells of themselves, and signs."""

    viewer: U53
    id: Token
    region: Region
    age: AgeBand
    mode: Mode
    key: Digest

    def signed(self) -> bytes:
        """The bytes that are signed: "plainview/viewer/v1" || 0x00 || the exact bytes of this record."""
        return b"plainview/viewer/v1\x00" + encode(self)


class Viewer(Record, frozen=True):
    """A viewer is known from here on; written again, it replaces what was there.

    The first that is signed names the viewer's key, and each later one is signed by it. Who comes from an import, or
    was registered without a key, has none: `id`, `key` and `signature` are dashes (`UNSIGNED`).
    """

    time: Millis
    viewer: U53
    region: Region
    age: AgeBand
    mode: Mode
    """What a request gets that does not say."""
    id: TokenOrDashes
    """Chosen by the client: sent twice, it counts once."""
    key: DigestOrDashes
    """The viewer's public key, 32 bytes."""
    signature: SignatureOrDashes
    """Ed25519, by that key, of what the viewer told."""

    def told(self) -> Told:
        """What the viewer told, as they signed it; of one that is signed."""
        return Told(viewer=self.viewer, id=self.id, region=self.region, age=self.age, mode=self.mode, key=self.key)


UNSIGNED = {"id": "-" * 22, "key": DASHES, "signature": "-" * 86}
"""What stands in a registration that no viewer has signed."""


class Chosen(Record, frozen=True):
    """A choice as a viewer makes it, and signs it."""

    viewer: U53
    id: Token
    setting: Choice
    target: U53

    def signed(self) -> bytes:
        """The bytes that are signed: "plainview/setting/v1" || 0x00 || the exact bytes of this record."""
        return b"plainview/setting/v1\x00" + encode(self)


class Setting(Record, frozen=True):
    """A choice a viewer makes about their own feed."""

    time: Millis
    viewer: U53
    id: Token
    setting: Choice
    """follow and block take a creator, mute takes a tag."""
    target: U53
    signature: Signature
    """Ed25519, by the key that the viewer has registered, of what they chose."""

    def chosen(self) -> Chosen:
        """The choice, as the viewer signed it."""
        return Chosen(viewer=self.viewer, id=self.id, setting=self.setting, target=self.target)


class Said(Record, frozen=True):
    """What a client says in an event, and signs."""

    viewer: U53
    id: Token
    page: U53
    position: U8
    video: U53
    action: Action
    watched: U32
    at: Millis

    def signed(self) -> bytes:
        """The bytes that are signed: "plainview/event/v1" || 0x00 || the exact bytes of this record."""
        return b"plainview/event/v1\x00" + encode(self)


class Event(Record, frozen=True):
    """Something a viewer did with one video of one page."""

    time: Millis
    viewer: U53
    id: Token
    """Chosen by the client: sent twice, it counts once."""
    page: U53
    """Index of the page's receipt."""
    position: U8
    video: U53
    creator: U53
    """The video's creator, as the catalogue has it: so that a follow is complete in the viewer's own records."""
    action: Action
    watched: U32
    """Milliseconds watched, rewatching included; 0 for other actions than `view`."""
    at: Millis
    """The client's clock. Data, never used as time."""
    key: Digest
    """The public key, 32 bytes, that the session of its page is named after (`records.digests.session_name`)."""
    signature: Signature
    """Ed25519, by that key, of what the client said."""

    def said(self) -> Said:
        """What the client said, as it signed it."""
        return Said(
            viewer=self.viewer,
            id=self.id,
            page=self.page,
            position=self.position,
            video=self.video,
            action=self.action,
            watched=self.watched,
            at=self.at,
        )


class Impression(Record, frozen=True):
    """One row of an import: a video that was shown elsewhere, and all that came of it."""

    time: Millis
    origin: Name
    row: U53
    """Row in the source, from 0: the import's own id for it."""
    viewer: U53
    video: U53
    surface: U8
    at: Millis
    """When it was shown: the fold's time for this row."""
    watched: U32
    outcomes: U16
    """Bits, see `OUTCOMES`."""


Past = Annotated[tuple[tuple[U53, U16], ...], Meta(max_length=1000)]


class History(Record, frozen=True):
    """A viewer's impressions before an import's log begins, oldest first, with no times of their own."""

    time: Millis
    origin: Name
    viewer: U53
    at: Millis
    """When the last of them was shown: the fold's time for all."""
    past: Past
    """(video, outcomes)."""


OUTCOMES: tuple[str, ...] = (
    "long_view",
    "complete",
    "like",
    "follow",
    "share",
    "comment",
    "not_interested",
    "report",
    "click",
    "profile",
)
"""Bit i of an outcomes field. Long view: played at least min(18 s, duration); complete: at least the duration."""


def outcome_bits(*names: str) -> int:
    """The outcomes field with the bits of `names` set."""
    return sum(1 << OUTCOMES.index(name) for name in names)
