"""What the acts of a log come to, looked up anew in the whole list for every question: slow, and without any state."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from itertools import combinations

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
)
from plainview.ledger.charters import ROLES, Charter, check_charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.scopes import Scope
from tests.ledger.chartered import KEYS
from tests.ledger.histories import Step

QUORUM = "quorum"
NEEDED: dict[str, dict[str, str]] = {
    "licence": {"licensor": QUORUM, "operator": QUORUM},
    "submission": {"licensor": QUORUM},
    "build": {"builder": "one"},
    "result": {"auditor": "one"},
    "approval": {"partner": QUORUM},
    "emergency": {"partner": "one", "operator": "one"},
    "review": {"partner": QUORUM},
    "revocation": {"partner": "one"},
    "draw": {"auditor": "one"},
    "reveal": {"auditor": "one"},
    "verification": {"auditor": "one"},
    "finding": {"auditor": "one"},
    "report": {"auditor": "one"},
    "admission": {"partner": QUORUM},
}


@cache
def digest_of(act: AnyAct) -> bytes:
    return act.digest()


def charter_at(said: list[Step], index: int) -> Charter:
    return [step.said for step in said if isinstance(step.said, Charter) and step.index < index][-1]


def holders(charter: Charter, role: str, time: int | None = None) -> set[str]:
    """Of the keys that it names; at a time, of those that have not ended then."""
    keys = [
        party.key
        for party in charter.parties
        if party.role == role and (time is None or party.until is None or time < party.until)
    ]
    return {name for name, signer in KEYS.items() if signer.key in keys}


def quorum(charter: Charter, role: str) -> int:
    return charter.quorums[ROLES.index(role)]


def is_signed(kind: str, names: tuple[str, ...], charter: Charter, time: int) -> bool:
    operators, partners = (holders(charter, role, time) & set(names) for role in ("operator", "partner"))
    if kind == "order-end":
        return bool(operators | partners)
    if kind == "order":
        return len(operators) > 1 or (len(holders(charter, "operator")) == 1 and bool(operators and partners))
    return all(
        len(holders(charter, role, time) & set(names)) >= (quorum(charter, role) if many == QUORUM else 1)
        for role, many in NEEDED[kind].items()
    )


def named(said: list[Step], digest: bytes) -> Step | None:
    """The licence, approval or emergency of that digest."""
    found = [
        one for one in said if isinstance(one.said, Licence | Approval | Emergency) and digest_of(one.said) == digest
    ]
    return found[0] if found else None


def extensions(said: list[Step], step: Step) -> list[Step]:
    return [one for one in said if isinstance(one.said, Extension) and one.said.extends == digest_of(step.said)]


def until(said: list[Step], step: Step) -> int:
    return max([step.said.until, *(one.said.until for one in extensions(said, step))])


def licence_step(said: list[Step], number: int) -> Step | None:
    found = [one for one in said if isinstance(one.said, Licence) and one.said.number == number]
    return found[0] if found else None


def licence_lasts(said: list[Step], number: int, time: int) -> bool:
    step = licence_step(said, number)
    return step is not None and time < until(said, step)


def submitted(said: list[Step], release: bytes, under: int | None = None) -> list[Step]:
    offered = [one for one in said if isinstance(one.said, Submission) and one.said.release == release]
    return [one for one in offered if under in (None, one.said.licence)]


def attested(
    said: list[Step], kind: type[Build | Result], role: str, release: bytes, at: int
) -> list[tuple[Step, str]]:
    """By whom who could say it then, and can at that index."""
    return [
        (one, name)
        for one in said
        if isinstance(one.said, kind) and one.said.release == release and one.index < at
        for name in sorted(
            holders(charter_at(said, one.index), role, one.time) & holders(charter_at(said, at), role) & {*one.names}
        )
    ]


def evidence(said: list[Step], release: bytes, at: int, time: int) -> set[int] | None:
    """The indexes that an approval at that index and time rests on; None where it has no ground."""
    charter = charter_at(said, at)
    builds = attested(said, Build, "builder", release, at)
    results = attested(said, Result, "auditor", release, at)
    few = quorum(charter, "builder")
    # Whose key has ended speaks against it only.
    still = [(one, name) for one, name in builds if name in holders(charter, "builder", time)]
    passing = [(one, name) for one, name in results if name in holders(charter, "auditor", time)]
    pairs = {(name, one.said.cpu) for one, name in still}
    apart = any(
        len({name for name, _ in some}) == len({cpu for _, cpu in some}) == few for some in combinations(pairs, few)
    )
    if not apart or len({one.said.golden for one, _ in builds}) != 1:
        return None
    if not all(one.said.passed for one, _ in results):
        return None
    if len({name for _, name in passing}) < quorum(charter, "auditor"):
        return None
    return {one.index for one, _ in (*still, *passing)}


def is_ended(said: list[Step], step: Step) -> bool:
    """Whether anything after it ended the approval or emergency."""
    after = [one.said for one in said if one.index > step.index]
    mine = [one for one in after if isinstance(one, Revocation | Build | Result) and one.release == step.said.release]
    if any(isinstance(one, Revocation) for one in mine):
        return True
    if isinstance(step.said, Emergency):
        return any(isinstance(one, Review) and one.emergency == digest_of(step.said) for one in after)
    golden = attested(said, Build, "builder", step.said.release, step.index)[0][0].said.golden
    return any(
        (isinstance(one, Result) and not one.passed) or (isinstance(one, Build) and one.golden != golden)
        for one in mine
    )


def is_reviewed(said: list[Step], step: Step) -> bool:
    """Or has nothing to review: it was revoked before it began."""
    stops = [one for one in said if isinstance(one.said, Revocation) and one.index > step.index]
    return any(one.time < step.said.begins for one in stops if one.said.release == step.said.release) or any(
        isinstance(one.said, Review) and one.said.emergency == digest_of(step.said) for one in said
    )


def waiting(said: list[Step], time: int) -> Step | None:
    begun = [
        one
        for one in said
        if isinstance(one.said, Emergency) and one.said.begins <= time and not is_reviewed(said, one)
    ]
    return min(begun, key=lambda one: (one.said.begins, one.index)) if begun else None


def is_within(scope: Scope, other: Scope) -> bool:
    return (
        (other.regions is None or (scope.regions is not None and {*scope.regions} <= {*other.regions}))
        and (other.surfaces is None or (scope.surfaces is not None and {*scope.surfaces} <= {*other.surfaces}))
        and scope.share <= other.share
    )


def is_said(said: list[Step], new: Step, role: str) -> bool:
    """Whether all who say it have said it."""
    mine = holders(charter_at(said, new.index), role, new.time) & {*new.names}
    before = [one for one in said if one.said == new.said]
    heard = {name for one in before for name in holders(charter_at(said, one.index), role, one.time) & {*one.names}}
    return bool(before) and mine <= heard


def counts(said: list[Step], new: Step) -> bool:
    """Whether it is taken, after all that was."""
    if new.index <= said[-1].index or new.time < said[-1].time:
        return False
    charter, act = charter_at(said, new.index), new.said
    if isinstance(act, Charter):
        try:
            check_charter(new.note, charter, at=new.time)
        except LedgerError:
            return False
        return True
    of = named(said, act.extends) if isinstance(act, Extension) else None
    if isinstance(act, Extension) and of is None:
        return False
    if act.log != charter.origin or not is_signed(of.said.kind if of else act.kind, new.names, charter, new.time):
        return False
    bounds = charter.bounds
    if isinstance(act, Licence | Approval | Emergency | Order) and (
        act.begins < new.time - bounds.clock_tolerance or act.until <= new.time
    ):
        return False
    if isinstance(act, Approval | Emergency):
        under = licence_step(said, act.licence)
        if under is None or not licence_lasts(said, act.licence, new.time) or named(said, digest_of(act)):
            return False
        if not submitted(said, act.release, act.licence) or not is_within(act.scope, under.said.scope):
            return False
        unread = [one.said for one in said if one.index >= act.seen and isinstance(one.said, Revocation)]
        if act.seen > new.index or act.release in [one.release for one in unread]:
            return False
    match act:
        case Licence():
            return act.number == 1 + sum(isinstance(one.said, Licence) for one in said)
        case Order():
            licences = [one for one in said if isinstance(one.said, Licence)]
            if licences and all(new.time >= until(said, one) for one in licences):
                return False
            return act.number == 1 + sum(isinstance(one.said, Order) for one in said)
        case OrderEnd():
            ordered = [one.said for one in said if isinstance(one.said, Order) and one.said.number == act.number]
            over = any(isinstance(one.said, OrderEnd) and one.said.number == act.number for one in said)
            return bool(ordered) and not over and new.time < ordered[0].until
        case Submission():
            return licence_lasts(said, act.licence, new.time) and not submitted(said, act.release, act.licence)
        case Build() | Result():
            role = "builder" if isinstance(act, Build) else "auditor"
            return bool(submitted(said, act.release)) and not is_said(said, new, role)
        case Revocation():
            return bool(submitted(said, act.release)) and act not in [one.said for one in said]
        case Admission():
            return act not in [one.said for one in said]
        case Approval():
            return evidence(said, act.release, new.index, new.time) is not None
        case Emergency():
            own = [one.said for one in said if getattr(one.said, "release", None) == act.release]
            stops = [one for one in own if isinstance(one, Revocation)]
            since = own[own.index(stops[-1]) :] if stops else []
            revoked = bool(stops) and not any(isinstance(one, Approval) and one.begins <= act.begins for one in since)
            if act.scope.share > bounds.emergency_share:
                return False
            return act.until - act.begins <= bounds.emergency_limit and not revoked and not waiting(said, new.time)
        case Review():
            step = named(said, act.emergency)
            if step is None or not isinstance(step.said, Emergency) or is_reviewed(said, step):
                return False
            return is_ended(said, step) or new.time >= until(said, step)
        case Draw():
            return act.number == 1 + sum(isinstance(one.said, Draw) for one in said)
        case Reveal():
            drawn = [one for one in said if isinstance(one.said, Draw) and one.said.number == act.number]
            told = [one for one in said if isinstance(one.said, Reveal) and one.said.number == act.number]
            fits = [
                one for one in drawn if one.said.secret == sha256(act.secret).digest() and one.index + 1 == act.size
            ]
            return bool(fits) and not told
        case Verification():
            before = [one.said for one in said if isinstance(one.said, Verification)]
            return act not in before and max([0, *(one.upto for one in before)]) <= act.upto <= new.index
        case Report():
            reports = [one.said for one in said if isinstance(one.said, Report)]
            follows = act.number == len(reports) + 1 and act.start == max([0, *(one.upto for one in reports)])
            return follows and act.upto <= new.index
        case Finding():
            return act not in [one.said for one in said] and (act.record is None or act.record < new.index)
        case Extension():
            assert of is not None
            if not until(said, of) < act.until or new.time >= until(said, of):
                return False
            if isinstance(of.said, Licence):
                return True
            if isinstance(of.said, Emergency) and act.until - of.said.begins > bounds.emergency_limit:
                return False
            return not is_ended(said, of) and licence_lasts(said, of.said.licence, new.time)


def stands(said: list[Step], kind: type[AnyAct]) -> list[tuple[AnyAct, int]]:
    """All of that kind, each with its index."""
    return [(one.said, one.index) for one in said if isinstance(one.said, kind)]


def holding(said: list[Step], release: bytes, time: int) -> list[Step]:
    """The approvals and emergencies of a release that hold then, for somebody; approvals first."""
    found = []
    for kind in (Approval, Emergency):
        for step in said:
            act = step.said
            if not isinstance(act, kind) or act.release != release or is_ended(said, step):
                continue
            under = licence_step(said, act.licence)
            assert under is not None
            if not (act.begins <= time < until(said, step) and under.said.begins <= time < until(said, under)):
                continue
            if kind is Approval or waiting(said, time) == step:
                found.append(step)
    return found


def ranks_by(said: list[Step], release: bytes, region: str, surface: int, draw: int, time: int) -> set[int]:
    """The indexes of all acts by which it may rank; none where it may not."""
    for step in holding(said, release, time):
        act = step.said
        if is_within(Scope((region,), (surface,), draw + 1), act.scope):
            under = licence_step(said, act.licence)
            assert under is not None
            grounds = evidence(said, release, step.index, step.time) if isinstance(act, Approval) else set()
            assert grounds is not None
            others = [under, step, *extensions(said, under), *extensions(said, step)]
            return grounds | {one.index for one in (*others, *submitted(said, release, act.licence))}
    return set()


def epochs_between(said: list[Step], release: bytes, time: int, sizes: range) -> list[int] | None:
    """Those of the sizes that an epoch may have; None where it may have any."""
    acts = [step.said for step in holding(said, release, time)]
    if not acts:
        return None
    small_enough = [size for size in sizes if all(size <= act.epoch_most for act in acts)]
    return [size for size in small_enough if all(size >= act.epoch_least for act in acts)] or small_enough[-1:]


def rows_of(said: list[Step], origin: str, data: bytes, terms: str) -> int | None:
    """How many an import may have."""
    acts = [step.said for step in said if isinstance(step.said, Admission)]
    rows = sorted(one.rows for one in acts if (one.origin, one.data, one.terms) == (origin, data, terms))
    return rows[-1] if rows else None
