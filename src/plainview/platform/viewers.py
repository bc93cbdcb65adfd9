"""Registration and settings of viewers. Until there are accounts, a request names its viewer."""

from __future__ import annotations

import secrets

import msgspec
from msgspec import UNSET, UnsetType

from plainview.journal import Ack, Draft, Journal, Refused
from plainview.journal.authorship import NotTheirs, check_choice, check_registration
from plainview.journal.keys import setting_key
from plainview.platform.choices import Choices
from plainview.platform.faults import Fault
from plainview.platform.repeats import check_repeat
from plainview.platform.residency import Residency
from plainview.platform.viewer_keys import ViewerKeys
from plainview.records import UNSIGNED, Record, Setting, Viewer
from plainview.records.fields import DASHES, U53, AgeBand, Digest, Mode, Region, Signature, Token
from plainview.records.viewer import Choice

TAGS = 2**16
"""Tags are numbered below this."""
TOLD = ("region", "age", "mode")
"""What viewers tell of themselves."""
SIGNED = ("viewer", *TOLD, "id", "key", "signature")
"""What a signed registration gives: all that is signed, and what shows it."""


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
    id: Token | UnsetType = UNSET
    """16 random bytes, chosen by the client: sent twice, the same registration counts once; another is refused."""
    key: Digest | UnsetType = UNSET
    """The viewer's public key (Ed25519, 32 bytes). The first that they give stays: all later ones, and settings, are
    signed by it. With it nothing may be left out, and the client draws the viewer's id itself."""
    signature: Signature | UnsetType = UNSET
    """By it, over what is told above (`records.viewer.Told`)."""


class NewSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A choice of a viewer about their own feed."""

    viewer: U53
    id: Token
    """16 random bytes, chosen by the client: sent twice, the same setting counts once; another is refused."""
    setting: Choice
    target: U53
    """follow and block take a creator, mute takes a tag."""
    signature: Signature
    """By the key that the viewer has registered, over what is chosen above (`records.viewer.Chosen`)."""


class Viewers:
    """May be used from many threads."""

    def __init__(self, journal: Journal, residency: Residency, choices: Choices) -> None:
        self._journal = journal
        self._residency = residency
        self._choices = choices
        self._keys = ViewerKeys(journal)

    def register(self, new: NewViewer) -> tuple[int, int]:
        """The viewer's id and the index of the record, durable. Of who is registered, what is left out stays.

        Raises Fault where the viewer has a key, and has not signed this with it; and for a signed one that leaves
        something out, or whose id another has.
        """
        viewer = _signed_by(new)
        if viewer is None:
            # Among 2**53 a drawn id is taken once in a very long while; drawing again settles it.
            viewer = secrets.randbits(53)
            while any(True for _ in self._journal.owned(f"viewer:{viewer}")):
                viewer = secrets.randbits(53)
        with self._choices.turn([viewer]):
            held = self._keys.of(viewer)
            # What is signed says all, and where it must be and is not, nothing is written.
            reads = new.key is UNSET and held == DASHES
            last = self._last(viewer) if reads else _untold(viewer)
            names = TOLD if new.key is UNSET else SIGNED
            told = {name: value for name in names if (value := getattr(new, name)) is not UNSET}
            record = msgspec.structs.replace(last, **(UNSIGNED | told))
            try:
                check_registration(record, held)
            except NotTheirs as error:
                raise Fault("foreign_registration", f"{error.field}: {error}", error.field) from error
            outcome = self._append(record)
        if not outcome.fresh:
            check_repeat(self._journal, outcome.index, record)
        return viewer, outcome.index

    def set(self, new: NewSetting) -> Ack:
        """Where the record is, durable.

        Raises Fault for an unknown viewer, one that the viewer's key has not signed, a tag that cannot be, a choice for
        which an earlier one would have to go, and an id that another setting has.
        """
        self._residency.standing(new.viewer)
        if new.setting in ("mute", "unmute") and new.target >= TAGS:
            raise Fault("malformed", f"target: tags are numbered below {TAGS}, this is {new.target}", "target")
        record = Setting(
            time=0, viewer=new.viewer, id=new.id, setting=new.setting, target=new.target, signature=new.signature
        )
        try:
            check_choice(record, self._keys.of(new.viewer))
        except NotTheirs as error:
            told = f"{error.field}: {error}: only who has a viewer's key can choose for them"
            raise Fault("foreign_setting", told, error.field) from error
        with self._choices.turn([new.viewer]) as turn:
            turn.add(new.viewer, new.setting, new.target, setting_key(new.viewer, new.id), "target")
            outcome = self._append(record)
        if not outcome.fresh:
            check_repeat(self._journal, outcome.index, record)
        return outcome

    def _last(self, viewer: int) -> Viewer:
        """What a viewer told last. Their state does not do: it has no region that the release does not name."""
        last = _untold(viewer)
        for _, record in self._journal.history(f"viewer:{viewer}"):
            if isinstance(record, Viewer):
                last = msgspec.structs.replace(record, time=0)
        return last

    def _append(self, record: Record) -> Ack:
        (outcome,) = self._journal.append([Draft(record)])
        if isinstance(outcome, Refused):
            raise Fault("refused", outcome.reason)
        return outcome


def _untold(viewer: int) -> Viewer:
    return Viewer(time=0, viewer=viewer, region="ZZ", age="unknown", mode="personal", **UNSIGNED)


def _signed_by(new: NewViewer) -> int | None:
    """The viewer that a registration names. Raises Fault for a signed one that leaves something out."""
    if any(getattr(new, name) is not UNSET for name in ("id", "key", "signature")):
        for name in SIGNED:
            if getattr(new, name) in (UNSET, None):
                raise Fault("malformed", f"{name}: it is left out, and a signed registration says all", name)
    return new.viewer
