"""Nothing forged lets more rank: the notes of a whole history, altered one at a time by a seeded mutator."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import product

import pytest

from plainview.ledger import charters
from plainview.ledger.acts import Extension, parse_act
from plainview.ledger.charters import Party, check_charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.licensing import extended, take
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.scopes import MILLION
from plainview.ledger.standing import Allowed, Standing
from tests.ledger.chartered import KEYS, PARTIES, QUORUM, amended, note_of
from tests.ledger.licensed import (
    ALL,
    APPROVED,
    DAY,
    FIRST,
    HOUR,
    SECOND,
    START,
    approval,
    build,
    digest,
    emergency,
    extension,
    licence,
    result,
    review,
    revocation,
    signed,
    submission,
    taken,
)
from tests.ledger.mutations import mutate
from tests.ledger.naive_licensing import is_signed

NEW_PARTNER = (*PARTIES[:3], *PARTIES[4:6], Party("partner", KEYS["new"].key), *PARTIES[6:])
TIMED: list[tuple[int, Note]] = [
    *((0, note) for note in APPROVED),
    (1, signed(submission(SECOND, FIRST))),
    (1, signed(build(SECOND, golden=digest("one")), "builder-1")),
    (2, signed(build(SECOND, "C", digest("another")), "builder-2", "builder-3")),
    (3, signed(extension(approval(), 25 * DAY), "partner-1", "partner-2")),
    (HOUR, signed(emergency(SECOND))),
    (2 * HOUR, note_of(amended(parties=NEW_PARTNER), *QUORUM, "new")),
    (10 * HOUR, signed(review(emergency(SECOND)), "partner-3", "new")),
    (10 * HOUR, signed(result(SECOND, passed=False))),
    (11 * HOUR, signed(revocation(), "new")),
    (12 * HOUR, signed(approval(scope=ALL, begins=12 * HOUR, until=30 * DAY, seen=25), "partner-2", "new")),
    (12 * HOUR, signed(emergency(SECOND, begins=13 * HOUR, until=14 * HOUR), "new", "operator-spare")),
    (DAY, signed(extension(licence(), 40 * DAY), "licensor", "operator")),
]
"""All of it is taken, from index 10 on: a release is approved, stopped and approved, another has its emergencies."""
NOTES = [note.encode() for _, note in TIMED]
SIGNERS = [
    # Enough for anything, partners alone, who build and test, who own and run it, somebody.
    ("operator", "licensor", "partner-2", "partner-3", "builder-1", "auditor"),
    ("partner-1", "partner-2"),
    ("partner-1", "builder-1", "auditor"),
    ("licensor", "operator"),
    ("new",),
]
REQUESTS = [*product((FIRST, SECOND), ("US", "DE"), (0,), (0, MILLION - 1))]
TIMES = [START + at for at in (0, HOUR, 3 * HOUR, 10 * HOUR, 13 * HOUR, 19 * DAY, 24 * DAY, 35 * DAY)]


def folded(standing: Standing, notes: list[tuple[int, Note]], index: int) -> Standing:
    """What stands once as much of it as counts is taken, from that index on."""
    for number, (at, note) in enumerate(notes, index):
        with suppress(LedgerError):
            standing = take(standing, note, number, START + at)
    return standing


def ranking(standing: Standing) -> set[tuple[object, ...]]:
    """All requests of the kind that may rank."""
    return {
        (*request, time)
        for request, time in product(REQUESTS, TIMES)
        if isinstance(standing.may_rank(*request, time), Allowed)
    }


BEFORE = [taken().last]
for _number, (_at, _note) in enumerate(TIMED, 10):
    BEFORE.append(take(BEFORE[-1], _note, _number, START + _at))
WHOLE = ranking(BEFORE[-1])
WITHOUT = [ranking(folded(BEFORE[at], TIMED[at + 1 :], 11 + at)) for at in range(len(TIMED))]
"""What ranks at the end where one of the notes is left out."""


def act(at: random.Random) -> bool:
    """One note altered; whether it was refused. What is taken was signed by those who must, of that text."""
    place = at.randrange(len(TIMED))
    before, time = BEFORE[place], TIMED[place][0]
    forged = mutate(NOTES[place], NOTES, at)
    names = at.choice(SIGNERS) if at.random() < 0.4 else ()
    text = forged.partition(b"\n\n")[0].decode("utf-8", "replace") + "\n"
    if names:  # signed once it was altered
        forged = "".join([text, "\n", *(KEYS[name].sign(text).line() for name in names)]).encode()
    try:
        note = parse_note(forged)
        after = take(before, note, 10 + place, START + time)
    except LedgerError:
        note = None
        after = before
    else:
        assert count(note, before, names)
    if note is None or note.text == TIMED[place][1].text:
        # However many of its signatures are left, no more ranks in the end than with or without it.
        end = ranking(folded(after, TIMED[place + 1 :], 11 + place))
        assert end <= WHOLE | WITHOUT[place]
    return note is None


def count(note: Note, before: Standing, names: tuple[str, ...]) -> bool:
    """Whether those who must have signed that text, then or now."""
    same = [one for _, one in TIMED if one.text == note.text]
    wrote = {*names, *(line.name.removesuffix(".example") for one in same for line in one.signatures)}
    if note.text.startswith(f"{charters.TITLE}\n"):
        return check_charter(note, before.charter, at=None).text() == note.text
    said = parse_act(note.text)
    kind = extended(before, said.extends).act.kind if isinstance(said, Extension) else said.kind
    return said.text() == note.text and is_signed(kind, tuple(wrote), before.charter, before.time)


@pytest.mark.parametrize(
    "numbers", [range(300), pytest.param(range(300, 25_300), marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_nothing_forged_lets_more_rank(numbers: range) -> None:
    refused = 0
    for number in numbers:
        try:
            refused += act(random.Random(f"act {number}"))
        except BaseException as error:
            error.add_note(f'attempt: act(random.Random("act {number}"))')
            raise
    assert refused > len(numbers) * 0.3


def test_the_history_is_one_in_which_much_happens() -> None:
    assert BEFORE[-1].index == 9 + len(TIMED)
    stages = [len(ranking(standing)) for standing in BEFORE]
    assert stages[5] == 0 < stages[6] < stages[10]
    assert WHOLE
    assert len({frozenset(one) for one in WITHOUT if one != WHOLE}) > 4
