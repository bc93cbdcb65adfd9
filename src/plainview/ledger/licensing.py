"""Taking charters and acts in the order of their log: what each changes, and which are refused.

An act is judged once, where it stands: by the charter in force there and by what was taken before. What is refused
changes nothing. An approval that was taken can later be ended, and never made more than it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from plainview.ledger import charters
from plainview.ledger.act_signers import check_signers
from plainview.ledger.acts import (
    Admission,
    AnyAct,
    Approval,
    Build,
    Draw,
    Emergency,
    Extension,
    Finding,
    Licence,
    Order,
    OrderEnd,
    Report,
    Result,
    Reveal,
    Review,
    Revocation,
    Submission,
    Verification,
    parse_act,
)
from plainview.ledger.attestations import Attested, check_evidence
from plainview.ledger.audits import audited
from plainview.ledger.charters import check_charter, digest_text
from plainview.ledger.errors import FormatError, PolicyError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION
from plainview.ledger.spelling import moment, shown
from plainview.ledger.standing import Grant, Licensed, Ordered, Placed, Standing

_Evidence = TypeVar("_Evidence", Build, Result)


def begin(note: Note, time: int) -> Standing:
    """What stands after the first charter, which is record 0, journaled at `time`. Raises as `check_charter` does."""
    charter = check_charter(note, at=time)
    return Standing(charter, 0, time, frozenset({charter.baseline}))


def take(standing: Standing, note: Note, index: int, time: int) -> Standing:
    """What stands after the charter or act in `note` at that index, journaled at that time in Unix milliseconds.

    Raises FormatError where it is neither; SignatureError where a signature of a party does not verify; PolicyError
    where it does not count here, and why.
    """
    if index <= standing.index:
        raise PolicyError(f"index {index} is out of order: what stands at index {standing.index} was taken before")
    if time < standing.time:
        raise PolicyError(f"index {index}: journal time goes back, from {moment(standing.time)} to {moment(time)}")
    if _is_charter(note):
        charter = check_charter(note, standing.charter, at=time)
        taken = replace(standing, charter=charter, baselines=standing.baselines | {charter.baseline})
    else:
        act = parse_act(note.text)
        try:
            taken = _taken(standing, act, note, index, time)
        except PolicyError as error:
            raise PolicyError(f"{act.kind}: {error}") from None
    return replace(taken, index=index, time=time)


def take_charter(standing: Standing, note: Note, index: int, time: int) -> Standing:
    """As `take`, for a note that was put in as a charter: FormatError where it is none."""
    if not _is_charter(note):
        raise FormatError("what was put in as a charter is none")
    return take(standing, note, index, time)


def take_act(standing: Standing, note: Note, index: int, time: int) -> Standing:
    """As `take`, for a note that was put in as an act: FormatError where it is none."""
    if _is_charter(note):
        raise FormatError("what was put in as an act is a charter")
    return take(standing, note, index, time)


def extended(standing: Standing, digest: bytes) -> Licensed | Grant:
    """What an extension of that digest extends. Raises PolicyError where there is none."""
    ones: tuple[Licensed | Grant, ...] = (*standing.licences, *standing.grants)
    for one in ones:
        if one.act.digest() == digest:
            return one
    raise PolicyError(f"no licence, approval or emergency has the digest {digest_text(digest)}")


def _is_charter(note: Note) -> bool:
    return note.text.startswith(f"{charters.TITLE}\n")


def _taken(standing: Standing, act: AnyAct, note: Note, index: int, time: int) -> Standing:
    if act.log != standing.charter.origin:
        raise PolicyError(f"it is for the log {shown(act.log)}, and this is {shown(standing.charter.origin)}")
    kind = extended(standing, act.extends).act.kind if isinstance(act, Extension) else act.kind
    keys = check_signers(note, kind, standing.charter, time)
    match act:
        case Licence():
            return _licensed(standing, act, index, time)
        case Submission():
            return _submitted(standing, act, index, time)
        case Build():
            return _built(standing, act, index, keys)
        case Result():
            return _tested(standing, act, index, keys)
        case Approval():
            return _approved(standing, act, index, time)
        case Emergency():
            return _emergency(standing, act, index, time)
        case Review():
            return _reviewed(standing, act, index, time)
        case Revocation():
            return _revoked(standing, act, index, time)
        case Extension():
            return _extended(standing, act, index, time)
        case Draw() | Reveal() | Verification() | Finding() | Report():
            return audited(standing, act, index)
        case Admission():
            return _admitted(standing, act, index)
        case Order():
            return _ordered(standing, act, index, time, keys)
        case OrderEnd():
            return _order_ended(standing, act, index, time)


def _licensed(standing: Standing, act: Licence, index: int, time: int) -> Standing:
    if act.number != (following := len(standing.licences) + 1):
        raise PolicyError(f"number {act.number} is out of order, the next is {following}")
    _check_span(standing, act, time)
    return replace(standing, licences=(*standing.licences, Licensed(act, act.until, (index,))))


def _ordered(standing: Standing, act: Order, index: int, time: int, keys: frozenset[VerifierKey]) -> Standing:
    if act.number != (following := len(standing.orders) + 1):
        raise PolicyError(f"number {act.number} is out of order, the next is {following}")
    _check_span(standing, act, time)
    if closed := standing.why_closed(time):
        raise PolicyError(closed)
    return replace(standing, orders=(*standing.orders, Ordered(act, index, keys)))


def _order_ended(standing: Standing, act: OrderEnd, index: int, time: int) -> Standing:
    if act.number > len(standing.orders):
        raise PolicyError(f"there is no order {act.number}")
    held = standing.orders[act.number - 1]
    if held.ended is not None:
        raise PolicyError(f"order {act.number} was ended at index {held.ended}")
    if time >= held.act.until:
        raise PolicyError(f"order {act.number} ran out at {moment(held.act.until)}")
    after = replace(held, ended=index)
    return replace(standing, orders=tuple(after if one is held else one for one in standing.orders))


def _submitted(standing: Standing, act: Submission, index: int, time: int) -> Standing:
    if gone := standing.licence_gone(act.licence, time):
        raise PolicyError(gone)
    for one in standing.submissions:
        if (one.act.release, one.act.licence) == (act.release, act.licence):
            raise PolicyError(f"the release was submitted under licence {act.licence} at index {one.index}")
    if act.base is not None and act.base not in standing.baselines:
        _check_known(standing, act.base)
    return replace(standing, submissions=(*standing.submissions, Placed(act, index)))


def _built(standing: Standing, act: Build, index: int, keys: frozenset[VerifierKey]) -> Standing:
    _check_known(standing, act.release)
    built = Attested(index, act, keys.intersection(standing.charter.keys_of("builder")))
    _check_attested(built, standing.builds)
    after = replace(standing, builds=(*standing.builds, built))
    # None: an emergency rests on no build.
    return _ending(after, act.release, f"the build at index {index}, which differs", kept=(None, act.golden))


def _tested(standing: Standing, act: Result, index: int, keys: frozenset[VerifierKey]) -> Standing:
    _check_known(standing, act.release)
    tested = Attested(index, act, keys.intersection(standing.charter.keys_of("auditor")))
    _check_attested(tested, standing.results)
    after = replace(standing, results=(*standing.results, tested))
    return after if act.passed else _ending(after, act.release, f"the failed test at index {index}", kept=(None,))


def _approved(standing: Standing, act: Approval, index: int, time: int) -> Standing:
    submitted = _check_grant(standing, act, index, time)
    golden, indexes = check_evidence(act.release, standing.builds, standing.results, standing.charter, time)
    grant = Grant(act, index, act.until, (submitted, *indexes, index), golden)
    return replace(standing, grants=(*standing.grants, grant))


def _emergency(standing: Standing, act: Emergency, index: int, time: int) -> Standing:
    submitted = _check_grant(standing, act, index, time)
    _check_length(standing, act.begins, act.until)
    if act.scope.share > (limit := standing.charter.bounds.emergency_share):
        raise PolicyError(f"it is for a share of {act.scope.share} of {MILLION}, and an emergency for {limit} at most")
    revoked = _revoked_at(standing, act.release)
    since = (one.act for one in standing.grants if one.index > revoked and isinstance(one.act, Approval))
    if revoked >= 0 and not any(one.release == act.release and one.begins <= act.begins for one in since):
        raise PolicyError("the release was revoked, and starts again with an approval only")
    if waiting := standing.unreviewed(time):
        raise PolicyError(f"the emergency at index {waiting.index} has not been reviewed")
    return replace(standing, grants=(*standing.grants, Grant(act, index, act.until, (submitted, index), None)))


def _reviewed(standing: Standing, act: Review, index: int, time: int) -> Standing:
    emergencies = (one for one in standing.grants if isinstance(one.act, Emergency))
    held = next((one for one in emergencies if one.act.digest() == act.emergency), None)
    if held is None:
        raise PolicyError(f"no emergency has the digest {digest_text(act.emergency)}")
    if held.reviewed:
        raise PolicyError(f"the emergency at index {held.index} waits for no review: {held.over(time)}")
    if not held.over(time):
        raise PolicyError(f"the emergency at index {held.index} is not over before {moment(held.until)}, or revoked")
    # A page's `now` may lie before the review, and before the end.
    after = replace(held, reviewed=True, ended=held.ended or f"the review at index {index}")
    return replace(standing, grants=tuple(after if one is held else one for one in standing.grants))


def _revoked(standing: Standing, act: Revocation, index: int, time: int) -> Standing:
    _check_known(standing, act.release)
    _check_new(act, standing.revocations)
    after = replace(standing, revocations=(*standing.revocations, Placed(act, index)))
    after = _ending(after, act.release, f"the revocation at index {index}")
    # Nothing ran under an emergency that had not begun.
    grants = (replace(one, reviewed=True) if one.ended and time < one.act.begins else one for one in after.grants)
    return replace(after, grants=tuple(grants))


def _extended(standing: Standing, act: Extension, index: int, time: int) -> Standing:
    held = extended(standing, act.extends)
    what = f"the {held.act.kind} at index {held.index}"
    if time >= held.until:
        raise PolicyError(f"{what} ran out at {moment(held.until)}")
    if act.until <= held.until:
        raise PolicyError(f"{what} holds until {moment(held.until)} already")
    if isinstance(held, Licensed):
        licence = replace(held, until=act.until, indexes=(*held.indexes, index))
        return replace(standing, licences=tuple(licence if one is held else one for one in standing.licences))
    if over := held.over(time):
        raise PolicyError(f"{what} was {over}")
    if gone := standing.licence_gone(held.act.licence, time):
        raise PolicyError(gone)
    if isinstance(held.act, Emergency):
        _check_length(standing, held.act.begins, act.until)
    grant = replace(held, until=act.until, indexes=(*held.indexes, index))
    return replace(standing, grants=tuple(grant if one is held else one for one in standing.grants))


def _admitted(standing: Standing, act: Admission, index: int) -> Standing:
    _check_new(act, standing.admissions)
    return replace(standing, admissions=(*standing.admissions, Placed(act, index)))


def _ending(standing: Standing, release: bytes, by: str, kept: tuple[bytes | None, ...] = ()) -> Standing:
    """What let the release rank ends, but where the builders agreed on one of `kept`. What has run out too."""
    grants = (
        replace(one, ended=by) if one.act.release == release and one.golden not in kept and not one.ended else one
        for one in standing.grants
    )
    return replace(standing, grants=tuple(grants))


def _check_grant(standing: Standing, act: Approval | Emergency, index: int, time: int) -> int:
    """The index at which its release was submitted. Raises PolicyError where neither kind can let it rank."""
    _check_span(standing, act, time)
    _check_new(act, standing.grants)
    if gone := standing.licence_gone(act.licence, time):
        raise PolicyError(gone)
    _check_known(standing, act.release)
    if act.seen > index:
        raise PolicyError(f"nobody has read {act.seen} records before index {index}")
    if (revoked := _revoked_at(standing, act.release)) >= act.seen:
        raise PolicyError(f"its signers had read below index {act.seen} only, and the release was revoked at {revoked}")
    offered = (act.release, act.licence)
    submitted = next((one.index for one in standing.submissions if (one.act.release, one.act.licence) == offered), None)
    if submitted is None:
        raise PolicyError(f"the release was not submitted under licence {act.licence}")
    if beyond := act.scope.exceeds(standing.licences[act.licence - 1].act.scope):
        raise PolicyError(f"its scope is not within licence {act.licence}: {beyond}")
    return submitted


def _revoked_at(standing: Standing, release: bytes) -> int:
    """The index of its last revocation; -1 where there is none."""
    return max((one.index for one in standing.revocations if one.act.release == release), default=-1)


def _check_new(act: AnyAct, before: Iterable[Grant | Placed[Revocation] | Placed[Admission]]) -> None:
    for one in before:
        if one.act == act:
            raise PolicyError(f"it stands at index {one.index} already, and counts once")


def _check_attested(new: Attested[_Evidence], before: Iterable[Attested[_Evidence]]) -> None:
    """Who said it may say it again only together with somebody who did not, or copies would count without end."""
    said = [one for one in before if one.act == new.act]
    if said and new.keys <= frozenset[VerifierKey]().union(*(one.keys for one in said)):
        raise PolicyError(f"it stands at index {said[0].index} already, and counts once")


def _check_known(standing: Standing, release: bytes) -> None:
    if all(one.act.release != release for one in standing.submissions):
        raise PolicyError(f"release {digest_text(release)} was not submitted")


def _check_span(standing: Standing, act: Licence | Approval | Emergency | Order, time: int) -> None:
    if act.begins < time - standing.charter.bounds.clock_tolerance:
        raise PolicyError(f"it is backdated: from {moment(act.begins)}, in the log at {moment(time)}")
    if act.until <= time:
        raise PolicyError(f"it ran out at {moment(act.until)}, before it came into the log at {moment(time)}")


def _check_length(standing: Standing, begins: int, until: int) -> None:
    if until - begins > (limit := standing.charter.bounds.emergency_limit):
        raise PolicyError(f"it lasts {until - begins} ms, and an emergency at most {limit}")
