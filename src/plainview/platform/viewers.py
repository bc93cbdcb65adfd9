"""Registration and settings of viewers. Until there are accounts, a request names its viewer."""

from __future__ import annotations

import secrets
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from plainview.journal import Ack, Draft, Journal, Refused
from plainview.journal.keys import setting_key
from plainview.platform.choices import Choices
from plainview.platform.faults import Fault
from plainview.platform.repeats import check_repeat
from plainview.platform.residency import Residency
from plainview.records import Record, Setting, Viewer
from plainview.records.fields import U53, AgeBand, Mode, Region, Token

TAGS = 2**16
"""Tags are numbered below this."""
TOLD = ("region", "age", "mode")
"""What viewers tell of themselves."""


class NewViewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who registers, or who changes what they told."""

    viewer: U53 | None = None
    """Their id; drawn by the server where left out."""
    region: Region | UnsetType = UNSET
    """Left out, it stays as it was told last; ZZ where it never was."""
    age: AgeBand | UnsetType = UNSET
    """Left out, it stays as it was told last; unknown where it never was."""
    mode: Mode | UnsetType = UNSET
    """What their requests get that do not say. Left out, it stays as it was told last; personal where it never was."""


class NewSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A choice of a viewer about their own feed."""

    viewer: U53
    id: Token
    """16 random bytes, chosen by the client: sent twice, the same setting counts once; another is refused."""
    setting: Literal["follow", "unfollow", "block", "unblock", "mute", "unmute"]
    target: U53
    """follow and block take a creator, mute takes a tag."""


class Viewers:
    """May be used from many threads."""

    def __init__(self, journal: Journal, residency: Residency, choices: Choices) -> None:
        self._journal = journal
        self._residency = residency
        self._choices = choices

    def register(self, new: NewViewer) -> tuple[int, int]:
        """The viewer's id and the index of the record, durable. Of who is registered, what is left out stays."""
        viewer = new.viewer
        if viewer is None:
            # Among 2**53 a drawn id is taken once in a very long while; drawing again settles it.
            viewer = secrets.randbits(53)
            while any(True for _ in self._journal.owned(f"viewer:{viewer}")):
                viewer = secrets.randbits(53)
        with self._choices.turn([viewer]):
            told = {name: value for name in TOLD if (value := getattr(new, name)) is not UNSET}
            record = msgspec.structs.replace(self._last(viewer), **told)
            return viewer, self._append(record).index

    def set(self, new: NewSetting) -> Ack:
        """Where the record is, durable.

        Raises Fault for an unknown viewer, a tag that cannot be, a choice for which an earlier one would have to go,
        and an id that another setting has.
        """
        self._residency.standing(new.viewer)
        if new.setting in ("mute", "unmute") and new.target >= TAGS:
            raise Fault("malformed", f"target: tags are numbered below {TAGS}, this is {new.target}", "target")
        record = Setting(time=0, viewer=new.viewer, id=new.id, setting=new.setting, target=new.target)
        with self._choices.turn([new.viewer]) as turn:
            turn.add(new.viewer, new.setting, new.target, setting_key(new.viewer, new.id), "target")
            outcome = self._append(record)
        if not outcome.fresh:
            check_repeat(self._journal, outcome.index, record)
        return outcome

    def _last(self, viewer: int) -> Viewer:
        """What a viewer told last. Their state does not do: it has no region that the release does not name."""
        last = Viewer(time=0, viewer=viewer, region="ZZ", age="unknown", mode="personal")
        for _, record in self._journal.history(f"viewer:{viewer}"):
            if isinstance(record, Viewer):
                last = msgspec.structs.replace(record, time=0)
        return last

    def _append(self, record: Record) -> Ack:
        (outcome,) = self._journal.append([Draft(record)])
        if isinstance(outcome, Refused):
            raise Fault("refused", outcome.reason)
        return outcome
