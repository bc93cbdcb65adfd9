"""A licence, releases under it, and what the charter's parties say about them: the parts of a history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

from plainview.ledger.act_fields import Obligation
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
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION, Scope
from plainview.ledger.standing import Standing
from plainview.ledger.standings import Standings
from tests.ledger.chartered import CHARTER, KEYS, QUORUM, note_of
from tests.ledger.logs import ORIGIN

START = 1_790_000_000_000
"""When record 0 was journaled."""
HOUR = 3_600_000
DAY = 24 * HOUR
ALL = Scope(None, None, MILLION)
WESTERN = Scope(("GB", "US"), (0, 1), MILLION // 2)
NARROW = Scope(("GB", "US"), (0, 1), MILLION // 5)
"""As wide as an emergency may be."""


def digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


FIRST, SECOND, THIRD = (digest(f"release {name}") for name in ("first", "second", "third"))
GOLDEN = digest("golden")


def licence(
    number: int = 1, scope: Scope = ALL, begins: int = 0, until: int = 30 * DAY, wind_down: int = DAY
) -> Licence:
    """Times of all of these count from START."""
    owed = (Obligation(START + DAY, "pay the fee"), Obligation(START + 10 * DAY, "report"))
    return Licence(ORIGIN, number, scope, START + begins, START + until, wind_down, owed)


def submission(release: bytes = FIRST, base: bytes | None = CHARTER.baseline, under: int = 1) -> Submission:
    return Submission(ORIGIN, release, base, under)


def build(release: bytes = FIRST, cpu: str = "EPYC 9B14", golden: bytes = GOLDEN) -> Build:
    return Build(ORIGIN, release, golden, cpu, digest(f"environment of {cpu}"))


def result(release: bytes = FIRST, passed: bool = True, suite: str = "quality") -> Result:
    return Result(ORIGIN, release, suite, passed, digest(f"results {suite}"))


def approval(
    release: bytes = FIRST,
    scope: Scope = WESTERN,
    begins: int = HOUR,
    until: int = 20 * DAY,
    under: int = 1,
    seen: int = 1,
    epochs: tuple[int, int] = (1_000, 100_000),
) -> Approval:
    return Approval(ORIGIN, release, seen, under, scope, START + begins, START + until, *epochs)


def emergency(
    release: bytes = FIRST,
    scope: Scope = NARROW,
    begins: int = HOUR,
    until: int = 10 * HOUR,
    under: int = 1,
    seen: int = 1,
    epochs: tuple[int, int] = (2_000, 50_000),
) -> Emergency:
    reason = "videos of a shooting are spreading"
    return Emergency(ORIGIN, release, seen, under, scope, START + begins, START + until, *epochs, reason)


def review(of: Emergency) -> Review:
    return Review(ORIGIN, of.digest(), "all pages re-run, none differs")


def revocation(release: bytes = FIRST, seen: int = 1) -> Revocation:
    return Revocation(ORIGIN, release, seen, "it pushes one creator")


def extension(of: Licence | Approval | Emergency, until: int) -> Extension:
    return Extension(ORIGIN, of.digest(), START + until)


def draw(number: int = 1, secret: str = "secret") -> Draw:
    return Draw(ORIGIN, number, hashlib.sha256(digest(secret)).digest())


def reveal(number: int = 1, secret: str = "secret", size: int = 11, sampled: int = 30) -> Reveal:
    return Reveal(ORIGIN, number, digest(secret), size, digest(f"root of {size}"), 250, sampled, 0)


def verification(upto: int = 10, pages: int = 250, differing: int = 0) -> Verification:
    return Verification(ORIGIN, upto, digest(f"root of {upto}"), pages, pages - differing - 1, 1, differing)


def finding(record: int | None = 7, said: str = "record 7 is not what was appended") -> Finding:
    return Finding(ORIGIN, digest("finding"), record, said)


def report(number: int = 1, start: int = 0, upto: int = 10, text: str = "report") -> Report:
    return Report(ORIGIN, number, start, upto, digest(f"root of {upto}"), digest(text))


def admission(
    origin: str = "kuairand", data: str = "files", terms: str = "CC BY-SA 4.0", rows: int = 1_000
) -> Admission:
    return Admission(ORIGIN, origin, digest(data), terms, rows)


def order(
    number: int = 1,
    video: int = 5,
    regions: tuple[str, ...] | None = None,
    begins: int = 0,
    until: int = DAY,
    cap: int = 1_000,
) -> Order:
    return Order(ORIGIN, number, video, regions, START + begins, START + until, cap, "Sponsored", "the spring campaign")


def order_end(number: int = 1) -> OrderEnd:
    return OrderEnd(ORIGIN, number, "the campaign was called off")


SIGNERS: dict[type[AnyAct], tuple[str, ...]] = {
    Licence: ("licensor", "operator-spare"),
    Submission: ("licensor",),
    Build: ("builder-1",),
    Result: ("auditor",),
    Approval: ("partner-1", "partner-3"),
    Emergency: ("partner-2", "operator"),
    Review: ("partner-2", "partner-3"),
    Revocation: ("partner-2",),
    Extension: ("partner-1", "partner-2"),
    Draw: ("auditor",),
    Reveal: ("auditor",),
    Verification: ("auditor",),
    Finding: ("auditor",),
    Report: ("auditor",),
    Admission: ("partner-1", "partner-2"),
    Order: ("operator", "operator-spare"),
    OrderEnd: ("partner-3",),
}
"""Who sign where nobody else is named: as few as can. An extension as one of an approval."""


@cache
def signed(act: AnyAct, *names: str) -> Note:
    text = act.text()
    return Note(text, tuple(KEYS[name].sign(text) for name in names or SIGNERS[type(act)]))


BUILT = (signed(build(), "builder-1"), signed(build(cpu="Xeon 8481C"), "builder-2"))
APPROVED = (signed(licence()), signed(submission()), *BUILT, signed(result()), signed(approval()))
"""Of FIRST in WESTERN. Taken from index 10 on, it is approved at index 15."""


def taken(*notes: Note, after: Standings | None = None, at: int = 0) -> Standings:
    """What they lead to, each one index after the other, from 10 on, and all of them `at` after START."""
    standings = after or Standings(note_of(CHARTER, *QUORUM), START)
    for note in notes:
        standings.take(note, max(standings.last.index + 1, 10), START + at)
    return standings


def standing(notes: Iterable[Note] = APPROVED) -> Standing:
    return taken(*notes).last
