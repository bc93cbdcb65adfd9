"""What is known of a video, and of the data sets that were let in."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from plainview.records.codec import Record
from plainview.records.fields import (
    U8,
    U16,
    U32,
    U53,
    AgeBand,
    Digest,
    DigestOrDashes,
    Millis,
    Name,
    NameOrNone,
    Region,
    Restriction,
    Text,
)

UPLOAD = "upload"
"""The origin of a video that came with no import."""
Tags = Annotated[tuple[U16, ...], Meta(max_length=4)]


class Video(Record, frozen=True):
    """A video's metadata, owned by its creator. Written again, it replaces what was there."""

    time: Millis
    video: U53
    creator: U53
    created: Millis
    """When it was first published; before `time` for an import."""
    duration: U32
    """Milliseconds."""
    tags: Tags
    sound: U53
    """The music it uses; 0 for none."""
    form: U8
    """How it was made (camera, import, pictures ...); 0 for unknown."""
    region: Region
    audience: AgeBand
    """Whom its creator made it for: `16-17` and `18+` keep younger viewers out, the others let everyone in."""
    origin: Name
    """`upload`, or the import it came from."""
    caption: Text


class Origin(Record, frozen=True):
    """An import that may teach the model: rows without a journaled origin never do."""

    time: Millis
    origin: Name
    licence: Text
    source: Text
    digest: Digest
    """SHA-256 over the files that were read, in name order."""


class Refusal(Record, frozen=True):
    """Records of an import that were handed to the journal and kept out of it: that somebody tried is seen by all."""

    time: Millis
    origin: Name
    """The import that they were said to come from."""
    kind: Literal["origin", "video", "history", "impression"]
    rows: U53
    """How many of this kind were refused together."""
    digest: Digest
    """Over their bodies in order (`records.digests.refused_digest`)."""
    reason: Text
    """Why the first of them was."""


class Decision(Record, frozen=True):
    """A moderation act in its effect on distribution: where and for whom a video may not be shown."""

    time: Millis
    decision: U53
    """Its number, unique and never reused, or it is refused; in a lift that of the one it ends. A filter names it."""
    effect: Literal["restrict", "lift"]
    """`lift` ends the decision of that number."""
    pack: DigestOrDashes
    """Digest of the policies by which it is taken, those of the release in charge; 43 dashes in a lift."""
    policy: NameOrNone
    """Code of the one of them; empty in a lift."""
    restriction: Literal[Restriction, ""]
    """What it does, which its policy must allow; empty in a lift."""
    video: U53
    regions: tuple[Region, ...]
    """Empty: everywhere."""
    ages: tuple[AgeBand, ...]
    """Empty: every age band."""
    ground: Text
    """Facts and circumstances, in words; empty where the policy is sealed."""
