"""What auditors say about pages that they re-ran: in which order it is taken, and what stands then."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.ledger.charters import Party
from plainview.ledger.errors import PolicyError
from plainview.ledger.notes import Note
from plainview.ledger.standing import Standing
from plainview.ledger.standings import Standings
from tests.ledger.chartered import KEYS, PARTIES, QUORUM, amended, note_of
from tests.ledger.licensed import (
    APPROVED,
    HOUR,
    draw,
    finding,
    report,
    reveal,
    revocation,
    signed,
    taken,
    verification,
)
from tests.ledger.test_licensing import allowed


def refused(standings: Standings, note: Note, message: str) -> None:
    """That it is refused as the next, and leaves what stood."""
    before = standings.last
    with pytest.raises(PolicyError, match=message):
        taken(note, after=standings)
    assert standings.last is before


def heard(now: Standing) -> list[list[int]]:
    """The indexes of all that auditors said."""
    kinds = (now.draws, now.reveals, now.verifications, now.findings, now.reports)
    return [[one.index for one in kind] for kind in kinds]


def test_each_stands_where_it_was_taken() -> None:
    drawn = (draw(), reveal(), draw(2, "other"), reveal(2, "other", 13))
    said = (*drawn, verification(), verification(15), finding(), report())
    now = taken(*(signed(act) for act in said)).last
    assert heard(now) == [[10, 12], [11, 13], [14, 15], [16], [17]]
    assert [one.act for one in (*now.draws, *now.reveals)] == [said[0], said[2], said[1], said[3]]


def test_they_let_nothing_rank_and_end_nothing() -> None:
    standings = taken(*APPROVED)
    before = standings.last
    for act in (draw(), reveal(size=17), verification(17, differing=3), finding(), report(1, 0, 17)):
        taken(signed(act), after=standings)
        assert allowed(standings.last, HOUR) == allowed(before, HOUR) != ()
        assert standings.last.grants == before.grants
    taken(signed(revocation()), after=standings)
    assert allowed(standings.last, HOUR) == ()


@pytest.mark.parametrize("number", [0, 2])
def test_a_draw_out_of_order(number: int) -> None:
    refused(taken(), signed(draw(number)), f"draw: number {number} is out of order, the next is 1")
    refused(taken(signed(draw())), signed(draw(number + 1)), f"number {number + 1} is out of order, the next is 2")


def test_a_secret_is_no_secret_of_another_draw() -> None:
    drawn = taken(signed(draw()), signed(draw(2, "other")))
    refused(drawn, signed(reveal(1, "other", 12)), "reveal: the draw at index 10 is of another secret")
    refused(drawn, signed(reveal(2, "secret", 12)), "the draw at index 11 is of another secret")
    # What was committed to is the hash: whoever reveals that has revealed nothing.
    refused(drawn, signed(replace(reveal(), secret=draw().secret)), "of another secret")
    # Any order will do.
    taken(signed(reveal(2, "other", 12)), signed(reveal(1, "secret", 11)), after=drawn)
    assert heard(drawn.last)[:2] == [[10, 11], [12, 13]]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (reveal(0), "there is no draw 0"),
        (reveal(2), "there is no draw 2"),
        (reveal(size=10), "size 10: the draw at index 10 is made from the tree that ends with it"),
        (reveal(size=12), "size 12: the draw at index 10 is made from the tree that ends with it"),
    ],
)
def test_a_reveal_out_of_order(act: object, message: str) -> None:
    refused(taken(signed(draw())), signed(act), f"reveal: {message}")  # type: ignore[arg-type]


def test_a_draw_is_revealed_once() -> None:
    told = taken(signed(draw()), signed(reveal()))
    refused(told, signed(reveal(sampled=31, size=12)), "draw 1 was revealed at index 11")
    refused(taken(), signed(reveal()), "there is no draw 1")


def test_verification_never_goes_back() -> None:
    far = taken(signed(verification(10)))
    refused(far, signed(verification(9)), "verification: upto 9 goes back: the verification at index 10 is up to 10")
    refused(far, signed(verification(12)), "nobody has seen a tree of size 12 before index 11")
    refused(far, signed(verification(10)), "it stands at index 10 already, and counts once")
    # Somebody else, or a later release, came to something else.
    taken(signed(verification(10, differing=1)), signed(verification(12)), after=far)
    assert heard(far.last)[2] == [10, 11, 12]
    refused(far, signed(verification(10)), "it stands at index 10 already")


def test_a_finding_is_about_what_there_is() -> None:
    found = taken(signed(finding(9)), signed(finding(None)))
    refused(found, signed(finding(12)), "finding: nobody has read record 12 before index 12")
    refused(found, signed(finding(9)), "it stands at index 10 already, and counts once")
    taken(signed(finding(11)), signed(finding(9, "and something else")), after=found)
    assert heard(found.last)[3] == [10, 11, 12, 13]


def test_reports_follow_one_on_the_other() -> None:
    refused(taken(), signed(report(2)), "report: number 2 is out of order, the next is 1")
    refused(taken(), signed(report(1, 1)), "report: start 1 leaves a gap, or goes back: the next begins with record 0")
    refused(taken(), signed(report(1, 0, 11)), "nobody has seen a tree of size 11 before index 10")
    one = taken(signed(report()))
    refused(one, signed(report()), "number 1 is out of order, the next is 2")
    refused(one, signed(report(2, 9, 11)), "start 9 leaves a gap, or goes back: the next begins with record 10")
    refused(one, signed(report(2, 11, 12)), "start 11 leaves a gap")
    taken(signed(report(2, 10, 11)), signed(report(3, 11, 12)), after=one)
    assert heard(one.last)[4] == [10, 11, 12]


def test_an_auditor_says_it_who_is_one() -> None:
    acts = (draw(), reveal(), verification(), finding(), report())
    standings = taken(signed(draw()))
    for act in acts:
        for name in ("partner-1", "operator", "builder-1", "new"):
            refused(standings, signed(act, name), f"{act.kind}: signatures are missing: 1 more of auditor")
    other = (*PARTIES[:-1], Party("auditor", KEYS["new"].key))
    taken(note_of(amended(parties=other), *QUORUM, "new"), after=standings)
    refused(standings, signed(reveal()), "1 more of auditor")
    # Whoever has the secret and is an auditor by now may reveal it.
    taken(signed(reveal(), "new"), after=standings)
    assert heard(standings.last)[1] == [12]
