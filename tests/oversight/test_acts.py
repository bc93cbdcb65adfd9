"""Acts out of a log's entries, judged again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.ledger.errors import ProofError
from plainview.ledger.notes import Note
from plainview.ledger.standing import Allowed
from plainview.oversight.acts import Acts
from plainview.records.act import Act as Record
from plainview.records.leaf import public_leaf
from tests.ledger.chartered import CHARTER, QUORUM, amended, note_of
from tests.ledger.licensed import (
    APPROVED,
    FIRST,
    HOUR,
    START,
    approval,
    draw,
    finding,
    licence,
    order_end,
    reveal,
    revocation,
    signed,
    standing,
    verification,
)
from tests.oversight.chartered import charter_entry
from tests.oversight.ordered import ORDER, ordered

CHARTERED = charter_entry(note_of(CHARTER, *QUORUM), START)

STOP = signed(revocation(seen=16))
SPOILT = Note(STOP.text, (*STOP.signatures, replace(STOP.signatures[0], data=bytes(64))))
"""One of its signatures verifies, and one of the same key does not."""


def entry(note: Note, *, counts: bool = True, time: int = START) -> bytes:
    return public_leaf("act", Record(time=time, note=note.encode().decode(), counts=counts))


def taken(*entries: bytes) -> Acts:
    """Of a log with these from index 10 on, and others between."""
    acts = Acts()
    acts.take(0, CHARTERED)
    acts.take(3, b'{"k":"personal","c":"..."}')
    acts.take(4, b"anything else")
    for index, one in enumerate(entries, 10):
        acts.take(index, one)
    return acts


def test_they_come_to_what_the_journal_says() -> None:
    acts = taken(*map(entry, APPROVED))
    assert acts.last == standing()
    assert isinstance(acts.last.may_rank(FIRST, "US", 0, 0, START + HOUR), Allowed)
    assert (acts.counted, acts.passed_over) == (len(APPROVED), 0)


def test_what_auditors_say_is_judged_too() -> None:
    said = (draw(), reveal(), verification(), finding())
    acts = taken(*(entry(signed(act)) for act in said), entry(signed(draw()), counts=False))
    assert (acts.counted, acts.passed_over) == (4, 1)
    with pytest.raises(ProofError, match="entry 10: reveal: there is no draw 1"):
        taken(entry(signed(reveal())))
    with pytest.raises(ProofError, match="entry 10: an act that counts was taken down as one that does not"):
        taken(entry(signed(finding()), counts=False))


def test_orders_are_judged_as_acts_are() -> None:
    acts = taken(*map(entry, APPROVED), ordered(), ordered(signed(order_end())))
    assert acts.last is not None
    assert acts.last == standing((*APPROVED, ORDER, signed(order_end())))
    assert acts.counted == len(APPROVED) + 2


def test_what_does_not_count_changes_nothing() -> None:
    early = entry(signed(approval()), counts=False)
    acts = taken(early, *map(entry, APPROVED[:-1]), entry(signed(approval())), entry(signed(licence()), counts=False))
    assert acts.last is not None
    assert (acts.counted, acts.passed_over, len(acts.last.grants)) == (len(APPROVED), 2, 1)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((*map(entry, APPROVED), entry(signed(revocation(seen=16)), counts=False)), "entry 16: an act that counts was"),
        ((entry(signed(approval())),), "entry 10: approval: there is no licence 1"),
        ((entry(signed(licence())), entry(signed(licence()))), "entry 11: licence: number 1 is out of order"),
        ((entry(signed(licence(), "licensor")),), "entry 10: licence: signatures are missing"),
        ((entry(signed(licence()), time=START - 1),), "entry 10: journal time goes back"),
        ((entry(signed(licence())).replace(b"true", b"True"),), "entry 10: is no act"),
        ((entry(signed(licence())).replace(b'"c":"--', b'"c":"AA'),), "entry 10: is no act, as public leaves spell it"),
        ((charter_entry(note_of(amended(), "operator"), START),), "entry 10: charter 1: signatures are missing"),
        ((entry(note_of(amended(), *QUORUM)),), "entry 10: what was put in as an act is a charter"),
        ((charter_entry(signed(licence()), START),), "entry 10: what was put in as a charter is none"),
        ((ordered(cap=7),), "entry 10: it is not written down as its note says"),
        ((ordered(ended=True),), "entry 10: it is not written down as its note says"),
        ((entry(ORDER),), "entry 10: it is not written down as its note says, which is of an order"),
        ((ordered(note=signed(licence()).encode().decode()),), "its note says, which is of no order"),
        ((ordered(), ordered()), "entry 11: order: number 1 is out of order"),
        ((entry(ORDER, counts=False),), "entry 10: an act that counts was taken down as one that does not"),
        ((*map(entry, APPROVED), entry(SPOILT, counts=False)), "entry 16: taken down as an act that does not .* verif"),
        ((entry(Note("hello\n", SPOILT.signatures), counts=False),), "entry 10: taken down as an act .* no act at all"),
        ((entry(signed(approval()), counts=False),) * 2, "entry 11: an act that does not count was taken down as one"),
        (
            (
                entry(note_of(licence(), "licensor", "new"), counts=False),
                entry(note_of(licence(), "new", "licensor"), counts=False),
            ),
            "entry 11: an act that does not count was taken down as one before",
        ),
        ((*map(entry, APPROVED), entry(STOP, counts=False, time=0)), "entry 16: journal time goes back, from 2026"),
        (
            (entry(signed(approval()), counts=False, time=START + 10**12), entry(signed(licence()))),
            "entry 11: journal t",
        ),
    ],
)
def test_an_operator_who_takes_them_down_wrong_is_found_out(entries: tuple[bytes, ...], message: str) -> None:
    with pytest.raises(ProofError, match=message):
        taken(*entries)


def test_an_act_before_the_first_charter() -> None:
    with pytest.raises(ProofError, match="entry 0: an act before the first charter"):
        Acts().take(0, entry(signed(licence())))
    assert Acts().last is None
