from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import AnyAct
from plainview.ledger.charters import Party
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, SignatureError
from plainview.ledger.licensing import begin, extended, take
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION, Scope
from plainview.ledger.standing import Allowed, Refused, Standing
from plainview.ledger.standings import Standings
from tests.ledger.chartered import CHARTER, KEYS, PARTIES, QUORUM, amended, note_of
from tests.ledger.licensed import (
    APPROVED,
    BUILT,
    DAY,
    FIRST,
    HOUR,
    NARROW,
    SECOND,
    START,
    approval,
    build,
    digest,
    emergency,
    extension,
    licence,
    order,
    order_end,
    result,
    review,
    revocation,
    signed,
    standing,
    submission,
    taken,
)

TOLERANCE = CHARTER.bounds.clock_tolerance
LIMIT = CHARTER.bounds.emergency_limit
APPROVED_AT = 15
SUBMITTED = APPROVED[:2]
LATER = HOUR + 1


def refused(standings: Standings, note: Note, message: str, at: int = 0, by: type[LedgerError] = PolicyError) -> None:
    """That the note is refused `at` after START, and leaves what stood."""
    before = standings.last
    with pytest.raises(by, match=message):
        standings.take(note, before.index + 1, max(before.time, START + at))
    assert standings.last is before


def answer(now: Standing, at: int, release: bytes = FIRST, region: str = "US") -> Allowed | Refused:
    return now.may_rank(release, region, 0, 0, START + at)


def allowed(now: Standing, at: int, release: bytes = FIRST) -> tuple[int, ...]:
    """The indexes by which it may rank then; none where it may not."""
    found = answer(now, at, release)
    return found.indexes if isinstance(found, Allowed) else ()


def test_what_was_submitted_built_tested_and_approved_may_rank() -> None:
    standings = taken()
    for note in APPROVED:
        assert allowed(standings.last, LATER) == ()
        taken(note, after=standings)
    assert allowed(standings.last, LATER) == (10, 11, 12, 13, 14, 15)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (APPROVED[1:-1], "there is no licence 1"),
        ((APPROVED[0], *APPROVED[2:-1]), "was not submitted"),
        ((signed(licence()), signed(submission(SECOND))), f"release {'.' * 43} was not submitted"),
        ((*SUBMITTED, BUILT[0], APPROVED[4]), "approval: 1 of 2 builders"),
        ((*SUBMITTED, *BUILT), "0 of 1 auditors"),
        (
            (*APPROVED[:-1], signed(result(passed=False, suite="amplification"))),
            "failed the suite 'amplification' at",
        ),
        ((*APPROVED[:-1], signed(build(cpu="C", golden=digest("x")), "builder-3")), "its builders disagree"),
        ((signed(licence(scope=Scope(("US",), None, MILLION))), *APPROVED[1:-1]), "not within licence 1: regions GB"),
        ((signed(licence(scope=Scope(None, None, 5))), *APPROVED[1:-1]), "not within licence 1: a share of 500000"),
        ((signed(licence()), signed(licence(2)), signed(submission(under=2))), "was not submitted under licence 1"),
        (APPROVED, "it stands at index 15 already"),
    ],
)
def test_what_is_not_approved(before: tuple[Note, ...], message: str) -> None:
    standings = taken()
    for note in before:
        with suppress(PolicyError):  # which others, left out, would have been the ground for
            taken(note, after=standings)
    refused(standings, signed(approval()), message)


@pytest.mark.parametrize(
    "act", [licence(), submission(), build(), result(), approval(), emergency(), revocation()], ids=lambda act: act.kind
)
def test_an_act_for_another_log_counts_in_none_but_that(act: AnyAct) -> None:
    refused(
        taken(), signed(replace(act, log="other.example/log")), f"^{act.kind}: it is for the log 'other.example/log'"
    )


def test_who_may_sign_is_said_by_the_charter_in_force() -> None:
    refused(taken(), signed(licence(), "licensor", "partner-1"), "licence: signatures are missing: 1 more of operator")
    refused(taken(*APPROVED[:5]), signed(approval(), "partner-1"), "1 more of partner: 'partner-2.example', 'partner-3")
    refused(taken(*SUBMITTED), signed(build(), "operator"), "1 more of builder")
    # Who comes in by an amendment may sign after it, who goes may not.
    parties = tuple(party for party in PARTIES if party.key != KEYS["partner-1"].key)
    parties = (*parties[:5], Party("partner", KEYS["new"].key), *parties[5:])
    amendment = note_of(amended(parties=parties), *QUORUM, "new")
    refused(taken(*APPROVED, amendment), signed(revocation(), "partner-1"), "1 more of partner")
    refused(taken(*APPROVED), signed(revocation(), "new"), "1 more of partner")
    assert allowed(taken(*APPROVED, amendment, signed(revocation(), "new")).last, LATER) == ()


def test_a_wrong_signature_refuses_it_whole() -> None:
    note = signed(revocation())
    forged = Note(note.text, (*note.signatures, KEYS["auditor"].sign("something else\n")))
    refused(taken(*APPROVED), forged, "does not verify", by=SignatureError)


def test_what_is_no_act() -> None:
    for text in ("plainview/act/v2\n", "x\n", approval().text().replace("licence 1", "licence 01")):
        note = Note(text, (KEYS["partner-1"].sign(text),))
        refused(taken(*APPROVED), note, "act", by=FormatError)


def test_the_order_is_the_logs() -> None:
    now = standing()
    for index in (0, 15):
        with pytest.raises(PolicyError, match=f"index {index} is out of order: what stands at index 15"):
            take(now, signed(revocation()), index, now.time)
    with pytest.raises(PolicyError, match=r"index 16: journal time goes back, from 2026-09-21 .* to 2026-09-21"):
        take(now, signed(revocation()), 16, now.time - 1)
    assert take(now, signed(revocation()), 16, now.time).index == 16


def test_licences_are_numbered() -> None:
    refused(taken(), signed(licence(2)), "licence: number 2 is out of order, the next is 1")
    refused(taken(signed(licence())), signed(licence()), "number 1 is out of order, the next is 2")
    assert len(taken(signed(licence()), signed(licence(2))).last.licences) == 2


@pytest.mark.parametrize(
    "act",
    [licence(2, begins=DAY), approval(begins=DAY), emergency(begins=DAY, until=2 * DAY)],
    ids=lambda act: act.kind,
)
def test_nothing_is_backdated_by_more_than_clocks_may_differ(act: AnyAct) -> None:
    standings = taken(*APPROVED[:5])
    refused(standings, signed(act), f"{act.kind}: it is backdated: from 2026-09-22 14:13:20.000", DAY + TOLERANCE + 1)
    taken(signed(act), after=standings, at=DAY + TOLERANCE)


def test_nothing_begins_that_is_over() -> None:
    short = approval(begins=HOUR, until=HOUR + 1)
    refused(taken(*APPROVED[:5]), signed(short), "it ran out at .*, before it came into the log", HOUR + 1)
    taken(signed(short), after=taken(*APPROVED[:5]), at=HOUR)


def test_nothing_comes_under_a_licence_that_is_over() -> None:
    gone = "its licence 1 ended at 2026-10-21"
    standings = taken(*APPROVED[:5])
    refused(standings, signed(approval(begins=30 * DAY, until=40 * DAY)), gone, 30 * DAY)
    refused(standings, signed(emergency(begins=30 * DAY, until=31 * DAY)), gone, 30 * DAY)
    refused(standings, signed(submission(SECOND)), gone, 30 * DAY)
    taken(signed(submission(SECOND)), after=standings, at=30 * DAY - 1)


def test_a_release_is_submitted_once_under_a_licence_and_its_base_is_known() -> None:
    refused(taken(*SUBMITTED), signed(submission(base=None)), "submitted under licence 1 at index 11")
    refused(taken(*SUBMITTED), signed(submission(SECOND, digest("lost"))), f"release {'.' * 43} was not submitted")
    refused(taken(), signed(submission()), "there is no licence 1")
    assert len(taken(*SUBMITTED, signed(submission(SECOND, FIRST))).last.submissions) == 2
    # The baseline of a charter before this one is known too.
    standings = taken(signed(licence()), note_of(amended(baseline=SECOND), *QUORUM))
    taken(signed(submission(FIRST, CHARTER.baseline)), signed(submission(digest("third"), SECOND)), after=standings)


@pytest.mark.parametrize("act", [build(SECOND), result(SECOND), revocation(SECOND)], ids=lambda act: act.kind)
def test_what_is_said_of_a_release_that_nobody_submitted(act: AnyAct) -> None:
    refused(taken(*APPROVED), signed(act), f"^{act.kind}: release {'.' * 43} was not submitted")


@pytest.mark.parametrize(
    ("note", "by"),
    [
        (signed(revocation()), "the revocation at index 16"),
        (signed(result(passed=False)), "the failed test at index 16"),
        (signed(build(cpu="C", golden=digest("other")), "builder-3"), "the build at index 16, which differs"),
        (signed(build(golden=digest("other")), "builder-1"), "the build at index 16, which differs"),
    ],
)
def test_what_ends_an_approval(note: Note, by: str) -> None:
    standings = taken(*APPROVED, note)
    for at in (LATER, 19 * DAY):
        found = answer(standings.last, at)
        assert isinstance(found, Refused)
        assert f"the approval at index 15: ended by {by}" in found.reason
    # Nothing makes it hold again.
    refused(standings, signed(approval()), "approval: ")
    refused(standings, signed(extension(approval(), 25 * DAY)), f"the approval at index 15 was ended by {by}")


def test_what_does_not_end_an_approval() -> None:
    notes = (
        signed(build(cpu="C"), "builder-3"),
        signed(result(suite="suppression")),
        signed(submission(SECOND)),
        signed(build(SECOND, golden=digest("other"))),
        signed(result(SECOND, passed=False)),
        signed(revocation(SECOND)),
    )
    assert allowed(taken(*APPROVED, *notes).last, LATER) == (10, 11, 12, 13, 14, 15)


def test_a_revoked_release_starts_again_with_a_new_approval_only() -> None:
    stopped = taken(*APPROVED, signed(revocation()))
    refused(stopped, signed(emergency(seen=17)), "the release was revoked, and starts again with an approval only")
    refused(stopped, signed(approval()), "it stands at index 15 already")
    again = taken(signed(approval(begins=2 * HOUR, seen=17)), after=stopped)
    assert allowed(again.last, LATER) == ()
    assert allowed(again.last, 2 * HOUR) == (10, 11, 12, 13, 14, 17)
    # From then on it may have emergencies too,
    early = emergency(begins=2 * HOUR - 1, seen=17)
    refused(again, signed(early), "the release was revoked, and starts again with an approval only")
    taken(signed(emergency(begins=2 * HOUR, seen=17)), after=again)
    # and is stopped again.
    assert allowed(taken(signed(revocation(seen=18)), after=again).last, 2 * HOUR) == ()


def test_who_starts_a_revoked_release_again_has_read_of_the_revocation() -> None:
    stopped = taken(*APPROVED, signed(revocation()), signed(submission(SECOND)))
    unread = "its signers had read below index 16 only, and the release was revoked at 16"
    refused(stopped, signed(approval(begins=2 * HOUR, seen=16)), f"approval: {unread}")
    again = taken(signed(approval(begins=2 * HOUR, seen=17)), after=stopped)
    refused(again, signed(emergency(seen=16)), f"emergency: {unread}")
    # Another release's revocation is none of its.
    taken(signed(emergency(SECOND, begins=3 * HOUR)), after=again)


@pytest.mark.parametrize("start", [approval, emergency], ids=lambda start: start.__name__)
def test_nobody_has_read_what_is_not_there_yet(start: Callable[..., AnyAct]) -> None:
    refused(taken(*APPROVED[:5]), signed(start(seen=16)), "nobody has read 16 records before index 15")
    taken(signed(start(seen=15)), after=taken(*APPROVED[:5]))


def test_a_revocation_stops_once_whoever_puts_it_in_again() -> None:
    standings = taken(*APPROVED, signed(revocation()))
    for _ in range(2):
        refused(standings, signed(revocation()), "revocation: it stands at index 16 already, and counts once")
        taken(signed(approval(begins=2 * HOUR, seen=standings.last.index + 1)), after=standings)
    assert allowed(standings.last, 2 * HOUR) == (10, 11, 12, 13, 14, 17)


def test_an_approval_counts_whom_the_charter_still_names() -> None:
    without = tuple(party for party in PARTIES if party.key not in (KEYS["builder-2"].key, KEYS["partner-3"].key))
    gone = note_of(amended(parties=without), *QUORUM)
    # What was approved before an amendment stays approved.
    assert allowed(taken(*APPROVED, gone).last, LATER) == (10, 11, 12, 13, 14, 15)
    standings = taken(*APPROVED[:5], gone)
    refused(standings, signed(approval(), "partner-1", "partner-2"), "1 of 2 builders")
    standings = taken(
        signed(build(cpu="C"), "builder-3"), signed(approval(), "partner-1", "partner-2"), after=standings
    )
    assert allowed(standings.last, LATER) == (10, 11, 12, 14, 16, 17)


def test_an_emergency_runs_without_build_or_test_and_ends_by_itself() -> None:
    now = taken(*SUBMITTED, signed(emergency())).last
    assert [allowed(now, at) for at in (HOUR - 1, 10 * HOUR)] == [(), ()]
    assert [allowed(now, at) for at in (HOUR, 10 * HOUR - 1)] == [(10, 11, 12)] * 2
    assert "the emergency at index 12: ran out at 2026-09-22 00:13:20.000 UTC" in str(answer(now, 10 * HOUR))


def test_an_emergency_is_no_longer_than_the_charter_says_however_extended() -> None:
    refused(
        taken(*SUBMITTED), signed(emergency(until=HOUR + LIMIT + 1)), "lasts 259200001 ms, and an emergency at most 259"
    )
    longest = emergency(until=HOUR + LIMIT)
    taken(*SUBMITTED, signed(longest))
    standings = taken(*SUBMITTED, signed(emergency()))
    both = ("partner-3", "operator")
    refused(standings, signed(extension(emergency(), HOUR + LIMIT + 1), *both), "extension: it lasts 259200001 ms")
    refused(standings, signed(extension(emergency(), HOUR + LIMIT), "partner-1", "partner-2"), "1 more of operator")
    now = taken(signed(extension(emergency(), HOUR + LIMIT), *both), after=standings).last
    assert allowed(now, HOUR + LIMIT - 1) == (10, 11, 12, 13)
    assert allowed(now, HOUR + LIMIT) == ()


def test_an_emergency_is_no_wider_than_the_charter_says() -> None:
    wide = emergency(scope=replace(NARROW, share=MILLION // 5 + 1))
    told = "emergency: it is for a share of 200001 of 1000000, and an emergency for 200000 at most"
    refused(taken(*SUBMITTED), signed(wide), told)
    wider = note_of(amended(bounds=replace(CHARTER.bounds, emergency_share=MILLION // 5 + 1)), *QUORUM)
    assert allowed(taken(*SUBMITTED, wider, signed(wide)).last, HOUR) == (10, 11, 13)
    # What was taken under the charter before stays.
    none = note_of(amended(bounds=replace(CHARTER.bounds, emergency_share=0)), *QUORUM)
    assert allowed(taken(*SUBMITTED, signed(emergency()), none).last, HOUR) == (10, 11, 12)
    refused(taken(*SUBMITTED, none), signed(emergency(scope=replace(NARROW, share=1))), "an emergency for 0 at most")


def test_while_an_emergency_waits_for_its_review_there_is_no_other() -> None:
    first, second = emergency(), emergency(begins=2 * HOUR, until=30 * HOUR)
    waiting = "the emergency at index 12 has not been reviewed"
    standings = taken(*SUBMITTED, signed(first))
    refused(standings, signed(emergency(SECOND, begins=HOUR)), "was not submitted")
    # One that was signed before it began holds after the review.
    standings = taken(signed(second), signed(submission(SECOND)), after=standings)
    assert allowed(standings.last, 2 * HOUR) == (10, 11, 12)
    assert allowed(standings.last, 10 * HOUR) == ()
    assert waiting in str(answer(standings.last, 10 * HOUR))
    refused(standings, signed(emergency(SECOND, begins=HOUR)), waiting, HOUR)
    refused(
        standings, signed(review(first)), "is not over before 2026-09-22 00:13:20.000 UTC, or revoked", 10 * HOUR - 1
    )
    refused(standings, signed(review(first), "partner-1", "operator"), "1 more of partner", 10 * HOUR)
    refused(standings, signed(review(emergency(until=DAY))), "no emergency has the digest")
    standings = taken(signed(review(first)), after=standings, at=10 * HOUR)
    assert allowed(standings.last, 10 * HOUR) == (10, 11, 13)
    refused(standings, signed(review(first)), "index 12 waits for no review: ended by the review at index 15")
    refused(standings, signed(review(second)), "is not over")


def test_a_review_ends_what_it_reviews_whatever_a_page_took_for_now() -> None:
    standings = taken(*SUBMITTED, signed(emergency()))
    assert allowed(standings.last, 10 * HOUR - 1) != ()
    now = taken(signed(review(emergency())), after=standings, at=10 * HOUR).last
    assert "the emergency at index 12: ended by the review at index 13" in str(answer(now, 10 * HOUR - 1))


def test_what_was_stopped_is_reviewed_before_its_time() -> None:
    standings = taken(*SUBMITTED, signed(submission(SECOND)), signed(emergency()))
    taken(signed(revocation()), after=standings, at=2 * HOUR)
    other = signed(emergency(SECOND, begins=2 * HOUR))
    refused(standings, other, "has not been reviewed", 2 * HOUR)
    now = taken(signed(review(emergency())), other, after=standings, at=2 * HOUR).last
    assert allowed(now, 3 * HOUR, SECOND) == (10, 12, 16)


def test_what_was_stopped_before_it_began_waits_for_no_review() -> None:
    standings = taken(*SUBMITTED, signed(submission(SECOND)), signed(emergency()))
    taken(signed(revocation()), after=standings, at=HOUR - 1)
    refused(standings, signed(review(emergency())), "waits for no review: ended by the revocation at index 14")
    now = taken(signed(emergency(SECOND)), after=standings, at=HOUR).last
    assert allowed(now, HOUR, SECOND) == (10, 12, 15)
    # What is stopped as it begins may have ranked.
    standings = taken(*SUBMITTED, signed(submission(SECOND)), signed(emergency()))
    taken(signed(revocation()), after=standings, at=HOUR)
    refused(standings, signed(emergency(SECOND)), "has not been reviewed", HOUR)


def test_only_a_revocation_stops_an_emergency() -> None:
    notes = (signed(result(passed=False)), signed(build(golden=digest("other"))))
    assert allowed(taken(*SUBMITTED, *BUILT, signed(emergency()), *notes).last, HOUR) == (10, 11, 14)


def test_an_extension_is_signed_as_what_it_extends() -> None:
    longer = extension(approval(), 25 * DAY)
    refused(taken(*APPROVED), signed(longer, "partner-1"), "1 more of partner")
    now = taken(*APPROVED, signed(longer)).last
    assert allowed(now, 25 * DAY - 1) == (10, 11, 12, 13, 14, 15, 16)
    assert allowed(now, 25 * DAY) == ()
    held = extended(now, approval().digest())
    assert (held.act, held.until) == (approval(), START + 25 * DAY)
    refused(taken(*APPROVED), signed(extension(licence(), 60 * DAY)), "extension: signatures .* 1 more of licensor")
    now = taken(*APPROVED, signed(longer), signed(extension(licence(), 60 * DAY), "licensor", "operator")).last
    assert allowed(now, 24 * DAY) == (10, 11, 12, 13, 14, 15, 16, 17)


def test_what_is_not_extended() -> None:
    standings = taken(*APPROVED)
    both = ("partner-1", "partner-2")
    for act, message in (
        (extension(approval(until=19 * DAY), 25 * DAY), "no licence, approval or emergency has the digest"),
        (extension(approval(), 20 * DAY), "the approval at index 15 holds until 2026-10-11 14:13:20.000 UTC already"),
        (extension(approval(), 19 * DAY), "holds until 2026-10-11 14:13:20.000 UTC already"),
    ):
        refused(standings, signed(act, *both), message)
    refused(standings, signed(extension(approval(), 25 * DAY), *both), "15 ran out at 2026-10-11", 20 * DAY)
    owners = ("licensor", "operator")
    refused(standings, signed(extension(licence(), 60 * DAY), *owners), "the licence at index 10 ran out", 30 * DAY)
    long = taken(signed(extension(approval(), 40 * DAY)), after=standings)
    refused(long, signed(extension(approval(), 50 * DAY)), "its licence 1 ended", 30 * DAY)
    taken(signed(extension(licence(), 60 * DAY), *owners), after=long, at=30 * DAY - 1)
    assert allowed(long.last, 39 * DAY) != ()


def test_a_journal_begins_with_a_charter_in_force() -> None:
    with pytest.raises(PolicyError, match="signatures are missing"):
        begin(note_of(CHARTER, "operator"), START)
    standings = taken(*APPROVED)
    refused(standings, note_of(CHARTER, *QUORUM), "it is in force already")
    refused(standings, note_of(amended(), "operator", "licensor"), "signatures are missing: 2 more of partner")
    assert taken(note_of(amended(), *QUORUM), after=standings).last.charter == amended()


def test_an_attestation_counts_once_for_each_who_says_it() -> None:
    """Copies, with whatever signatures of strangers, would come to stand in every receipt."""
    standings = taken(*APPROVED[:-2])
    one = build()
    for names in (("builder-1",), ("builder-1", "licensor")):
        with pytest.raises(PolicyError, match="build: it stands at index 12 already, and counts once"):
            standings.take(signed(one, *names), 30, START)
    standings.take(signed(one, "builder-1", "builder-2"), 30, START)
    with pytest.raises(PolicyError, match="build: it stands at index 12 already"):
        standings.take(signed(one, "builder-2"), 31, START)
    standings.take(signed(result()), 31, START)
    with pytest.raises(PolicyError, match="result: it stands at index 31 already"):
        standings.take(signed(result()), 32, START)
    standings.take(signed(result(suite="speed")), 32, START)


def test_orders_count_up_and_are_ended_once() -> None:
    standings = taken(signed(order()), signed(order(2, regions=("DE",), begins=HOUR)))
    one, two = standings.last.orders
    assert (one.act, one.index, one.ended) == (order(), 10, None)
    assert one.keys == {KEYS["operator"].key, KEYS["operator-spare"].key}
    for number in (1, 2, 4):
        refused(standings, signed(order(number)), f"order: number {number} is out of order, the next is 3")
    refused(standings, signed(order(3)), "order: it is backdated", TOLERANCE + 1)
    refused(standings, signed(order(3, begins=DAY - 2, until=DAY)), "order: it ran out at", DAY)
    refused(standings, signed(order(3), "operator", "partner-1"), "order: signatures are missing: 1 more of operator")
    refused(standings, signed(order_end(3)), "order-end: there is no order 3")
    refused(standings, signed(order_end()), "order-end: order 1 ran out at", DAY)
    taken(signed(order_end(), "operator"), after=standings)
    assert [held.ended for held in standings.last.orders] == [12, None]
    assert standings.last.orders[1] is two
    refused(standings, signed(order_end(), "partner-1"), "order-end: order 1 was ended at index 12")


def test_once_every_licence_is_over_nothing_is_ordered_and_what_was_is_ended() -> None:
    standings = taken(signed(licence(until=HOUR)), signed(order()))
    taken(signed(order(2)), after=standings)
    refused(standings, signed(order(3, begins=HOUR)), "order: the licence ended at", HOUR)
    taken(signed(order_end(), "operator"), after=standings, at=HOUR)
    assert standings.last.orders[0].ended is not None


def test_what_was_put_in_as_the_one_is_not_taken_as_the_other() -> None:
    standings = taken(signed(licence()))
    with pytest.raises(FormatError, match="what was put in as an act is a charter"):
        standings.take_act(note_of(amended(), *QUORUM), 20, START)
    with pytest.raises(FormatError, match="what was put in as a charter is none"):
        standings.take_charter(signed(submission()), 20, START)
    standings.take_charter(note_of(amended(), *QUORUM), 20, START)
    standings.take_act(signed(submission()), 21, START)
