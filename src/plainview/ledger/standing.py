"""What the acts of a log come to at one index: which licences hold, and which releases may rank where and until when.

`licensing` makes it from the acts; here are its questions. Whatever holds begins at `begins`, and is over at `until`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from plainview.ledger.act_fields import Obligation
from plainview.ledger.acts import (
    Admission,
    Approval,
    Build,
    Draw,
    Emergency,
    Finding,
    Licence,
    Order,
    Report,
    Result,
    Reveal,
    Revocation,
    Submission,
    Verification,
)
from plainview.ledger.attestations import Attested
from plainview.ledger.charters import Charter, digest_text
from plainview.ledger.keys import VerifierKey
from plainview.ledger.scopes import Scope
from plainview.ledger.spelling import moment

_Act = TypeVar("_Act", Submission, Revocation, Admission, Draw, Reveal, Verification, Finding, Report)


class State(enum.Enum):
    """What may run under a licence. The earlier, the more."""

    IN_FORCE = "in force"
    WINDING_DOWN = "winding down"
    """Viewers' data are exported, and nothing else runs."""
    NOT_BEGUN = "not begun"
    ENDED = "ended"


class Licensed(msgspec.Struct, frozen=True):
    """A licence, as extended."""

    act: Licence
    until: int
    indexes: tuple[int, ...]
    """Of the licence and its extensions, ascending."""

    @property
    def index(self) -> int:
        return self.indexes[0]

    def state(self, time: int) -> State:
        if time < self.act.begins:
            return State.NOT_BEGUN
        if time < self.until:
            return State.IN_FORCE
        return State.WINDING_DOWN if time < self.until + self.act.wind_down else State.ENDED


class Placed(msgspec.Struct, Generic[_Act], frozen=True):
    """An act that was taken, and where it stands."""

    act: _Act
    index: int


class Grant(msgspec.Struct, frozen=True):
    """An approval or emergency, as extended."""

    act: Approval | Emergency
    index: int
    until: int
    indexes: tuple[int, ...]
    """Of what it rests on beside its licence: the submission, attestations and results, itself, its extensions."""
    golden: bytes | None
    """What the builders agreed on; None of an emergency."""
    ended: str | None = None
    """By what, where not by its time."""
    reviewed: bool = False
    """Of an emergency: or nothing ran under it."""

    def over(self, time: int) -> str | None:
        """Why it will not hold again, in words; None where it may."""
        if self.ended:
            return f"ended by {self.ended}"
        return f"ran out at {moment(self.until)}" if time >= self.until else None


class Ordered(msgspec.Struct, frozen=True):
    """An order that was taken."""

    act: Order
    index: int
    keys: frozenset[VerifierKey]
    """The parties' who signed it: who ordered, and who approved."""
    ended: int | None = None
    """Index of the act that ended it before its time."""


class Due(NamedTuple):
    """An obligation whose time has come."""

    licence: int
    """The licence's number."""
    obligation: Obligation


class EpochBounds(NamedTuple):
    """Records of the journal from the end of one automatic epoch to the end of the next."""

    least: int
    most: int


class Allowed(msgspec.Struct, frozen=True):
    """That a release may rank."""

    by: Approval | Emergency
    indexes: tuple[int, ...]
    """Of all acts that this rests on, ascending."""


class Refused(msgspec.Struct, frozen=True):
    """That it may not."""

    reason: str
    """In plain words."""


class Standing(msgspec.Struct, frozen=True):
    """What stands after the act at `index`. Taking another gives another Standing; this one stays."""

    charter: Charter
    """The one in force."""
    index: int
    time: int
    """Journal time of what stands at `index`."""
    baselines: frozenset[bytes]
    """Of all charters so far."""
    licences: tuple[Licensed, ...] = ()
    """By their numbers, from 1."""
    submissions: tuple[Placed[Submission], ...] = ()
    builds: tuple[Attested[Build], ...] = ()
    results: tuple[Attested[Result], ...] = ()
    grants: tuple[Grant, ...] = ()
    """In the log's order."""
    revocations: tuple[Placed[Revocation], ...] = ()
    draws: tuple[Placed[Draw], ...] = ()
    """By their numbers, from 1."""
    reveals: tuple[Placed[Reveal], ...] = ()
    verifications: tuple[Placed[Verification], ...] = ()
    findings: tuple[Placed[Finding], ...] = ()
    reports: tuple[Placed[Report], ...] = ()
    """By their numbers, from 1."""
    admissions: tuple[Placed[Admission], ...] = ()
    orders: tuple[Ordered, ...] = ()
    """By their numbers, from 1."""

    def may_rank(self, release: bytes, region: str, surface: int, draw: int, time: int) -> Allowed | Refused:
        """Whether a page of the release may be appended after this index, for such a request at that time.

        An approval is preferred to an emergency, and what stands first in the log to what stands later. `draw` is the
        request's number from 0 to 999,999, by which shares of the traffic are told apart. The charter's baseline needs
        no act to serve: whoever asks for it asks whether it may rank as any other.
        """
        return self._found(release, time, lambda scope: scope.leaves_out(region, surface, draw))

    def why_idle(self, release: bytes, time: int) -> str:
        """Why the release may rank for nobody at that time, in words; empty where it may for somebody."""
        found = self._found(release, time, lambda _: None)
        return found.reason if isinstance(found, Refused) else ""

    def why_not_in_charge(self, release: bytes, time: int) -> str:
        """Why the release may not go on with the log's journal from that time on, in words; empty where it may.

        The baseline of the charter in force may, and what has an approval or emergency that is not over: it may begin
        before it is in force, for taking over takes a while.
        """
        if release == self.charter.baseline:
            return ""
        grants = (grant for grant in self.grants if grant.act.release == release)
        if any(not grant.over(time) and not self.licence_gone(grant.act.licence, time) for grant in grants):
            return ""
        return self.why_idle(release, time)

    def epoch_bounds(self, release: bytes, time: int) -> EpochBounds | None:
        """What the learner keeps to at that time; None where the release may rank for nobody, and so nothing ranks by
        what is learned.

        Of all acts that let it rank then, for whomever: the largest `least` and the smallest `most`. Where no epoch
        could keep both, the `most` wins, and is the `least` too.
        """
        grants = [one for one in self.grants if one.act.release == release and self._why_not(one, time) is None]
        if not grants:
            return None
        most = min(one.act.epoch_most for one in grants)
        return EpochBounds(min(most, max(one.act.epoch_least for one in grants)), most)

    def admitted(self, origin: str, data: bytes, terms: str) -> int | None:
        """Rows at most of a data set of that name, digest and licence; None where nobody has let it in.

        Let in more than once, it may have as many as the most generous says.
        """
        ones = (one.act for one in self.admissions)
        return max(
            (one.rows for one in ones if (one.origin, one.data, one.terms) == (origin, data, terms)), default=None
        )

    def _found(self, release: bytes, time: int, leaves_out: Callable[[Scope], str | None]) -> Allowed | Refused:
        grants = [grant for grant in self.grants if grant.act.release == release]
        reasons: dict[int, str] = {}
        for grant in sorted(grants, key=lambda one: isinstance(one.act, Emergency)):
            reason = self._why_not(grant, time) or leaves_out(grant.act.scope)
            if reason is None:
                indexes = {*self.licences[grant.act.licence - 1].indexes, *grant.indexes}
                return Allowed(grant.act, tuple(sorted(indexes)))
            reasons[grant.index] = f"the {grant.act.kind} at index {grant.index}: {reason}"
        name = f"release {digest_text(release)}"
        if grants:
            told = [grant for grant in grants if not grant.over(time)] or grants[-1:]
            return Refused(f"{name} may not rank: {'; '.join(reasons[grant.index] for grant in told)}")
        if any(one.act.release == release for one in self.submissions):
            return Refused(f"{name} was submitted and is not approved")
        return Refused(f"{name} was not submitted")

    def licence_state(self, number: int, time: int) -> State:
        """What may run under that licence; NOT_BEGUN where there is none of the number."""
        licence = self._licence(number)
        return State.NOT_BEGUN if licence is None else licence.state(time)

    def state(self, time: int) -> State:
        """The best that any licence gives. NOT_BEGUN where none was granted yet; ENDED where all are over for good."""
        order = list(State)
        return min((one.state(time) for one in self.licences), key=order.index, default=State.NOT_BEGUN)

    def why_closed(self, time: int) -> str:
        """Why nobody is served any more, in words: every licence that there was has ended. Empty where somebody may be:
        one holds or will, or none was granted yet."""
        ended = max((one.until for one in self.licences), default=None)
        if ended is None or time < ended:
            return ""
        until = max(one.until + one.act.wind_down for one in self.licences)
        if time < until:
            return f"the licence ended at {moment(ended)}: until {moment(until)} people get their data, and no more"
        return f"the licence ended at {moment(ended)}, and what was to be given back was until {moment(until)}"

    def obligations_due(self, time: int) -> tuple[Due, ...]:
        """All obligations whose time has come, of every licence, in the order of their times."""
        due = [Due(one.act.number, owed) for one in self.licences for owed in one.act.obligations if owed.due <= time]
        return tuple(sorted(due, key=lambda one: (one.obligation.due, one.licence, one.obligation.text)))

    def unreviewed(self, time: int) -> Grant | None:
        """The emergency that has begun and waits for its review: until then no other is in force."""
        begun = [one for one in self.grants if isinstance(one.act, Emergency) and one.act.begins <= time]
        waiting = (one for one in begun if not one.reviewed)
        return min(waiting, key=lambda one: (one.act.begins, one.index), default=None)

    def licence_gone(self, number: int, time: int) -> str | None:
        """Why nothing holds any more under that licence, in words; None where something may."""
        return _gone(number, self._licence(number), time)

    def _licence(self, number: int) -> Licensed | None:
        return self.licences[number - 1] if 1 <= number <= len(self.licences) else None

    def _why_not(self, grant: Grant, time: int) -> str | None:
        """Why it does not hold then, whatever is asked for; None where it does."""
        if reason := why_not_held(grant, self._licence(grant.act.licence), time):
            return reason
        if isinstance(grant.act, Emergency) and (other := self.unreviewed(time)) and other.index != grant.index:
            return f"the emergency at index {other.index} has not been reviewed"
        return None


def why_not_held(grant: Grant, licence: Licensed | None, time: int) -> str | None:
    """Why it does not hold then, by itself and the licence that it is under, in words; None where it may."""
    number = grant.act.licence
    if over := grant.over(time):
        return over
    if time < grant.act.begins:
        return f"holds only from {moment(grant.act.begins)}"
    if licence is not None and time < licence.act.begins:
        return f"its licence {number} holds only from {moment(licence.act.begins)}"
    return _gone(number, licence, time)


def _gone(number: int, licence: Licensed | None, time: int) -> str | None:
    if licence is None:
        return f"there is no licence {number}"
    return f"its licence {number} ended at {moment(licence.until)}" if time >= licence.until else None
