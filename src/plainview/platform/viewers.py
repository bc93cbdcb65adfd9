"""Registration and settings of viewers. Until there are accounts, a request names its viewer."""

from __future__ import annotations

import secrets
from typing import Literal

import msgspec

from plainview.journal import Draft, Journal, Refused
from plainview.platform.faults import Fault
from plainview.platform.residency import Residency
from plainview.records import Record, Setting, Viewer
from plainview.records.fields import U53, AgeBand, Mode, Region, Token

TAGS = 2**16
"""Tags are numbered below this."""


class NewViewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who registers, or who changes what they told."""

    viewer: U53 | None = None
    """Their id; drawn by the server where left out."""
    region: Region = "ZZ"
    age: AgeBand = "unknown"
    mode: Mode = "personal"
    """What their requests get that do not say."""


class NewSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A choice of a viewer about their own feed."""

    viewer: U53
    id: Token
    """16 random bytes, chosen by the client: sent twice, it counts once."""
    setting: Literal["follow", "unfollow", "block", "unblock", "mute", "unmute"]
    target: U53
    """follow and block take a creator, mute takes a tag."""


class Viewers:
    """May be used from many threads."""

    def __init__(self, journal: Journal, residency: Residency) -> None:
        self._journal = journal
        self._residency = residency

    def register(self, new: NewViewer) -> tuple[int, int]:
        """The viewer's id and the index of the record, durable."""
        viewer = new.viewer
        if viewer is None:
            # Among 2**53 a drawn id is taken once in a very long while; drawing again settles it.
            viewer = secrets.randbits(53)
            while any(True for _ in self._journal.owned(f"viewer:{viewer}")):
                viewer = secrets.randbits(53)
        return viewer, self._append(Viewer(time=0, viewer=viewer, region=new.region, age=new.age, mode=new.mode))

    def set(self, new: NewSetting) -> int:
        """The index of the record, durable. Raises Fault for an unknown viewer or a tag that cannot be."""
        self._residency.standing(new.viewer)
        if new.setting in ("mute", "unmute") and new.target >= TAGS:
            raise Fault("malformed", f"target: tags are numbered below {TAGS}, this is {new.target}", "target")
        return self._append(Setting(time=0, viewer=new.viewer, id=new.id, setting=new.setting, target=new.target))

    def _append(self, record: Record) -> int:
        (outcome,) = self._journal.append([Draft(record)])
        if isinstance(outcome, Refused):
            raise Fault("refused", outcome.reason)
        return outcome.index
