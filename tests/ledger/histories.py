"""Histories of a log, as Hypothesis draws them: charters and acts, by few parties about few things."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.ledger.acts import (
    KINDS,
    AnyAct,
    Approval,
    Draw,
    Emergency,
    Extension,
    Licence,
    Order,
    Report,
)
from plainview.ledger.charters import Charter, Party
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION, Scope
from tests.ledger.chartered import CHARTER, KEYS, PARTIES, note_of
from tests.ledger.licensed import (
    ALL,
    DAY,
    FIRST,
    GOLDEN,
    HOUR,
    NARROW,
    SECOND,
    START,
    WESTERN,
    admission,
    approval,
    build,
    digest,
    draw,
    emergency,
    extension,
    finding,
    licence,
    order,
    order_end,
    report,
    result,
    reveal,
    review,
    revocation,
    signed,
    submission,
    verification,
)

TOLERANCE = CHARTER.bounds.clock_tolerance
LIMIT = CHARTER.bounds.emergency_limit


class Step(NamedTuple):
    """What is put into the log, and who signed it."""

    index: int
    time: int
    said: AnyAct | Charter
    names: tuple[str, ...]

    @property
    def note(self) -> Note:
        if isinstance(self.said, Charter):
            return note_of(self.said, *self.names)
        return signed(self.said, *self.names)


def without(*names: str) -> tuple[Party, ...]:
    return tuple(party for party in PARTIES if party.key not in [KEYS[name].key for name in names])


def ending(after: int, *names: str) -> tuple[Party, ...]:
    """All parties, whose keys of these names end so long after START."""
    ends = {KEYS[name].key for name in names}
    return tuple(replace(party, until=START + after) if party.key in ends else party for party in PARTIES)


AMENDMENTS: tuple[dict[str, object], ...] = (
    {},
    {"parties": without("partner-1")},
    {"parties": without("builder-2")},
    {"parties": (*without("partner-1")[:5], Party("partner", KEYS["new"].key), *PARTIES[6:])},
    {"parties": (*without("builder-1")[:8], Party("builder", KEYS["new"].key), PARTIES[9])},
    {"parties": (*PARTIES, Party("auditor", KEYS["new"].key)), "quorums": (1, 1, 2, 2, 2)},
    {"bounds": replace(CHARTER.bounds, emergency_limit=2 * HOUR)},
    {"bounds": replace(CHARTER.bounds, clock_tolerance=0)},
    {"bounds": replace(CHARTER.bounds, emergency_share=MILLION // 2)},
    {"quorums": (2, 1, 1, 3, 1)},
    {"parties": without("operator-spare")},
    {"parties": ending(HOUR, "partner-1", "partner-2")},
    {"parties": ending(HOUR, "builder-1", "operator-spare")},
    {"parties": ending(10 * HOUR, "auditor", "operator")},
)
"""What is amended, all else being as in CHARTER."""
ALL_SIGN = ("operator", "operator-spare", "licensor", "partner-1", "partner-2", "partner-3", "new")
GROUNDS: tuple[tuple[AnyAct, str], ...] = (
    (licence(), "licensor operator"),
    (submission(), "licensor"),
    (build(), "builder-1"),
    (build(cpu="Xeon 8481C"), "builder-2"),
    (result(), "auditor"),
    (approval(begins=0, epochs=(2, 25)), "partner-1 partner-3"),
    (submission(SECOND, FIRST), "licensor"),
    (emergency(SECOND, begins=0, epochs=(10, 15)), "partner-2 operator"),
    (draw(secret="one"), "auditor"),
)
"""With what many histories begin, so that not all end before anything ranks."""
NAMES = {
    "licence": ("licensor", "operator", "operator-spare"),
    "submission": ("licensor",),
    "build": ("builder-1", "builder-2", "builder-3", "new"),
    "result": ("auditor", "new"),
    "approval": ("partner-1", "partner-2", "partner-3", "new"),
    "emergency": ("partner-1", "partner-2", "operator"),
    "review": ("partner-2", "partner-3"),
    "revocation": ("partner-1", "partner-2", "partner-3", "new"),
    "draw": ("auditor", "new"),
    "reveal": ("auditor", "new"),
    "verification": ("auditor", "new"),
    "finding": ("auditor", "new"),
    "report": ("auditor", "new"),
    "admission": ("partner-1", "partner-2", "partner-3", "new"),
    "order": ("operator", "operator-spare", "partner-1"),
    "order-end": ("operator", "partner-1"),
}
"""Who may sign an act of that kind, under one charter or another."""

MIXED = (*KINDS, "approval", "extension", "revocation", "charter")
AUDITS = ("draw", "reveal", "reveal", "verification", "finding", "report", "report", "charter")

releases = st.sampled_from([FIRST, FIRST, SECOND])
scopes = st.sampled_from([WESTERN, ALL, Scope(("DE", "US"), None, MILLION), Scope(None, (0,), MILLION // 4)])
narrow = st.sampled_from([NARROW, Scope(("DE", "US"), None, MILLION // 5), Scope(None, (0,), MILLION // 5 + 1)])


@st.composite
def histories(draw: st.DrawFn, kinds: tuple[str, ...] = MIXED) -> list[Step]:
    """Steps of these kinds, their indexes ascending from 1 on. The first charter stands before them, at index 0."""
    begun = GROUNDS[: draw(st.sampled_from([0, 2, 5, 6, 6, 8, 9, 9]))]
    steps = [Step(at, START, act, tuple(names.split())) for at, (act, names) in enumerate(begun, 1)]
    charter, index, time = CHARTER, len(steps), START
    for _ in range(draw(st.integers(1, 12))):
        index += draw(st.integers(1, 3))
        time += draw(st.sampled_from([0, 0, 1, TOLERANCE, HOUR - 1, HOUR, 10 * HOUR, DAY, 9 * DAY]))
        kind = draw(st.sampled_from(kinds))
        if kind == "charter":
            charter = later(charter, draw(st.sampled_from(AMENDMENTS)))
            steps.append(Step(index, time, charter, ALL_SIGN))
            continue
        act = draw(acts(kind, [step.said for step in steps if not isinstance(step.said, Charter)], time - START, index))
        if isinstance(act, Extension):
            kind = next((of.kind for of in spans(steps) if of.digest() == act.extends), kind)
        steps.append(Step(index, time, act, draw(signers(kind))))
    return steps


def later(before: Charter, changes: dict[str, object]) -> Charter:
    """What amends it, to CHARTER with these changes."""
    return replace(CHARTER, number=before.number + 1, previous=before.digest(), **changes)


def spans(steps: list[Step]) -> list[Licence | Approval | Emergency]:
    return [step.said for step in steps if isinstance(step.said, Licence | Approval | Emergency)]


def signers(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Mostly as many as are needed."""
    names = NAMES.get(kind, ALL_SIGN)
    some = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
    return st.just(names) | some.map(tuple) | st.lists(st.sampled_from([*KEYS]), min_size=1).map(tuple)


def acts(kind: str, before: list[AnyAct], now: int, index: int) -> st.SearchStrategy[AnyAct]:
    """Of that kind, said `now` after START and put in at that index, about what those before were about."""
    begins = st.sampled_from([0, 0, 0, HOUR, -TOLERANCE, -TOLERANCE - 1]).map(lambda after: max(now + after, 0))
    lasts = st.sampled_from([1, HOUR, 2 * HOUR, 10 * HOUR, DAY, LIMIT, LIMIT + 1, 25 * DAY])
    under = st.sampled_from([1, 1, 1, 2])
    seen = st.sampled_from([index, index, index, index - 1, index + 1, 1])
    epochs = st.sampled_from([(0, 10), (5, 20), (15, 30)])
    spans = [one for one in before if isinstance(one, Licence | Approval | Emergency)] or [approval()]
    urgent = [one for one in spans if isinstance(one, Emergency)] or [emergency()]
    draws = 1 + sum(isinstance(one, Draw) for one in before)
    secrets = st.sampled_from(["one", "one", "one", "two"])
    sizes = st.sampled_from([index, index, index - 1, index + 1, 1, 2])
    reports = [one for one in before if isinstance(one, Report)]
    reported = max([0, *(one.upto for one in reports)])
    ordered = sum(isinstance(one, Order) for one in before)
    numbers = st.sampled_from([1, 1 + sum(isinstance(one, Licence) for one in before)])
    strategies: dict[str, st.SearchStrategy[AnyAct]] = {
        "licence": st.builds(
            lambda number, scope, begins, lasts: licence(number, scope, begins, begins + lasts),
            *(numbers, scopes, begins, lasts),
        ),
        "submission": st.builds(submission, releases, st.none(), under),
        "build": st.builds(
            build, releases, st.sampled_from("ABC"), st.sampled_from([GOLDEN, GOLDEN, GOLDEN, digest("other")])
        ),
        "result": st.builds(result, releases, st.sampled_from([True, True, False])),
        "approval": st.builds(
            lambda release, scope, begins, lasts, *more: approval(release, scope, begins, begins + lasts, *more),
            *(releases, scopes, begins, lasts, under, seen, epochs),
        ),
        "emergency": st.builds(
            lambda release, scope, begins, lasts, *more: emergency(release, scope, begins, begins + lasts, *more),
            *(releases, narrow | narrow | scopes, begins, lasts, under, seen, epochs),
        ),
        "review": st.sampled_from(urgent).map(review),
        "revocation": st.builds(revocation, releases, seen),
        "order": st.builds(
            lambda begins, lasts: order(ordered + 1, begins=begins, until=begins + lasts), begins, lasts
        ),
        "order-end": st.sampled_from([1, ordered, ordered + 1]).filter(bool).map(order_end),
        "extension": st.builds(
            lambda of, longer: extension(of, of.until - START + longer),
            *(st.sampled_from(spans), st.sampled_from([0, 1, HOUR, DAY, LIMIT])),
        ),
        "draw": st.builds(draw, st.sampled_from([draws, draws, draws, 1, draws + 1]), secrets),
        "reveal": st.builds(reveal, st.sampled_from([draws - 1, draws - 1, draws - 1, 1, draws]), secrets, sizes),
        "verification": st.builds(verification, sizes, st.sampled_from([250, 251])),
        "finding": st.builds(finding, st.none() | sizes),
        "report": st.builds(
            lambda number, start, upto: report(number, start, max(upto, start + 1)),
            *map(st.sampled_from, ([len(reports) + 1, len(reports) + 1, 1], [reported, reported, 0])),
            sizes,
        ),
        "admission": st.builds(
            admission, *map(st.sampled_from, (("a", "b"), ("files", "others"), ("free", "not free"), (1, 2, 3)))
        ),
    }
    return strategies[kind]
