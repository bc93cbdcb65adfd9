from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.charters import digest_text
from plainview.ledger.notes import Note
from plainview.ledger.scopes import MILLION, Scope
from plainview.ledger.standing import Allowed, EpochBounds, Refused, Standing, State
from tests.ledger.licensed import (
    APPROVED,
    DAY,
    FIRST,
    HOUR,
    SECOND,
    START,
    admission,
    approval,
    digest,
    emergency,
    extension,
    licence,
    revocation,
    signed,
    standing,
    submission,
    taken,
)

WINDING_DOWN = signed(licence(2, begins=40 * DAY, until=50 * DAY, wind_down=0))


def asked(now: Standing, *, region: str = "US", surface: int = 0, draw: int = 0, at: int = HOUR) -> Allowed | Refused:
    return now.may_rank(FIRST, region, surface, draw, START + at)


def reason(now: Standing, **request: int | str) -> str:
    found = asked(now, **request)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    return found.reason.removeprefix(f"release {digest_text(FIRST)} ")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"at": HOUR - 1}, "holds only from 2026-09-21 15:13:20.000 UTC"),
        ({"at": 20 * DAY}, "ran out at 2026-10-11 14:13:20.000 UTC"),
        ({"region": "DE"}, "not for region 'DE'"),
        ({"region": "GB\n"}, r"not for region 'GB\n'"),
        ({"surface": 2}, "not for surface 2"),
        ({"draw": MILLION // 2}, "for draws below 500000 of 1000000, not for 500000"),
    ],
)
def test_why_an_approved_release_may_not_rank(request_: dict[str, int | str], message: str) -> None:
    assert reason(standing(), **request_) == f"may not rank: the approval at index 15: {message}"


@pytest.mark.parametrize("request_", [{"at": 20 * DAY - 1}, {"region": "GB"}, {"surface": 1}, {"draw": 499_999}])
def test_where_an_approved_release_may_rank(request_: dict[str, int]) -> None:
    found = asked(standing(), **request_)  # type: ignore[arg-type]
    assert found == Allowed(approval(), (10, 11, 12, 13, 14, 15))


def test_a_release_that_nobody_approved() -> None:
    assert reason(taken(*APPROVED[:5]).last) == "was submitted and is not approved"
    assert reason(taken(*APPROVED[:1]).last) == "was not submitted"
    now = standing()
    assert now.may_rank(now.charter.baseline, "US", 0, 0, START + HOUR) == Refused(
        f"release {digest_text(now.charter.baseline)} was not submitted"
    )


def test_approvals_overlap() -> None:
    wider = approval(scope=Scope(("DE", "GB"), None, MILLION), begins=2 * HOUR, until=DAY)
    now = taken(*APPROVED, signed(wider)).last
    first, second = (10, 11, 12, 13, 14, 15), (10, 11, 12, 13, 14, 16)
    for request_, indexes in (
        ({"region": "US", "at": 2 * HOUR}, first),
        ({"region": "GB", "at": 2 * HOUR}, first),
        ({"region": "GB", "draw": MILLION - 1, "at": 2 * HOUR}, second),
        ({"region": "DE", "at": 2 * HOUR}, second),
        ({"region": "GB", "at": DAY}, first),
    ):
        found = asked(now, **request_)  # type: ignore[arg-type]
        assert isinstance(found, Allowed)
        assert found.indexes == indexes
    # Shares are of the same draws: two halves are one half.
    assert reason(now, region="JP", at=2 * HOUR) == (
        "may not rank: the approval at index 15: not for region 'JP'; the approval at index 16: not for region 'JP'"
    )
    assert reason(now, region="DE", at=HOUR) == (
        "may not rank: the approval at index 15: not for region 'DE'; "
        "the approval at index 16: holds only from 2026-09-21 16:13:20.000 UTC"
    )
    # What has run out is told only where nothing else is left, and then the last.
    assert reason(now, region="DE", at=DAY) == "may not rank: the approval at index 15: not for region 'DE'"
    assert reason(now, at=20 * DAY).endswith("rank: the approval at index 16: ran out at 2026-09-22 14:13:20.000 UTC")


def test_an_approval_is_preferred_to_an_emergency() -> None:
    urgent = emergency(scope=Scope(None, None, MILLION // 5))
    now = taken(*APPROVED[:5], signed(urgent), APPROVED[5]).last
    assert asked(now) == Allowed(approval(), (10, 11, 12, 13, 14, 16))
    assert asked(now, region="JP") == Allowed(urgent, (10, 11, 15))


def test_nothing_ranks_outside_the_time_of_its_licence() -> None:
    now = taken(*APPROVED[:5], signed(approval(until=60 * DAY))).last
    assert isinstance(asked(now, at=30 * DAY - 1), Allowed)
    assert reason(now, at=30 * DAY).endswith("index 15: its licence 1 ended at 2026-10-21 14:13:20.000 UTC")
    early = taken(signed(licence(begins=DAY)), *APPROVED[1:]).last
    assert "its licence 1 holds only from 2026-09-22 14:13:20.000 UTC" in reason(early, at=DAY - 1)
    assert isinstance(asked(early, at=DAY), Allowed)


def test_what_a_licence_allows_at_each_time() -> None:
    now = taken(signed(licence(begins=HOUR)), WINDING_DOWN).last
    times = (HOUR - 1, HOUR, 30 * DAY - 1, 30 * DAY, 31 * DAY - 1, 31 * DAY, 40 * DAY, 50 * DAY)
    first = [now.licence_state(1, START + at).value for at in times]
    assert first == ["not begun", *["in force"] * 2, *["winding down"] * 2, *["ended"] * 3]
    second = [now.licence_state(2, START + at).value for at in times]
    assert second == [*["not begun"] * 6, "in force", "ended"]
    both = [now.state(START + at).value for at in times]
    assert both == ["not begun", *["in force"] * 2, *["winding down"] * 2, "not begun", "in force", "ended"]
    longer = taken(signed(licence()), signed(extension(licence(), 35 * DAY), "licensor", "operator")).last
    states = [longer.licence_state(1, START + at * DAY) for at in (34, 35, 36)]
    assert states == [State.IN_FORCE, State.WINDING_DOWN, State.ENDED]


def test_where_there_is_no_licence_none_has_begun() -> None:
    now = taken().last
    assert {now.state(START), now.licence_state(0, START), now.licence_state(1, START)} == {State.NOT_BEGUN}
    assert standing().licence_state(2, START) is State.NOT_BEGUN


def test_obligations_are_due_from_their_time_on() -> None:
    now = taken(signed(licence()), WINDING_DOWN).last
    assert now.obligations_due(START + DAY - 1) == ()
    due = now.obligations_due(START + DAY)
    assert [(one.licence, one.obligation.text) for one in due] == [(1, "pay the fee"), (2, "pay the fee")]
    due = now.obligations_due(START + 100 * DAY)
    assert [(one.obligation.due - START) // DAY for one in due] == [1, 1, 10, 10]


def test_the_emergency_that_began_first_waits_first() -> None:
    later, sooner = emergency(begins=3 * HOUR), emergency(begins=2 * HOUR, until=4 * HOUR)
    now = taken(*APPROVED[:2], signed(later), signed(sooner)).last
    waiting = [now.unreviewed(START + at) for at in (2 * HOUR - 1, 2 * HOUR, 3 * HOUR)]
    assert [one and one.index for one in waiting] == [None, 13, 13]
    assert asked(now, at=3 * HOUR) == Allowed(sooner, (10, 11, 13))
    assert "index 12: the emergency at index 13 has not been reviewed" in reason(now, at=4 * HOUR)


@pytest.mark.parametrize(
    ("more", "at", "told"),
    [
        ((), 0, ""),  # its approval holds from an hour on: it can be taken over before
        ((), 20 * DAY - 1, ""),
        ((), 20 * DAY, "the approval at index 15: ran out at"),
        ((signed(revocation()),), HOUR, "ended by the revocation at index 16"),
        ((signed(revocation()), signed(approval(seen=17))), HOUR, ""),
    ],
)
def test_who_may_go_on_with_the_journal(more: tuple[Note, ...], at: int, told: str) -> None:
    now = standing((*APPROVED, *more))
    found = now.why_not_in_charge(FIRST, START + at)
    assert told in found
    assert bool(found) == bool(told)


def test_who_may_go_on_without_an_approval() -> None:
    now = taken(*APPROVED[:2]).last
    assert now.why_not_in_charge(FIRST, START) == f"release {digest_text(FIRST)} was submitted and is not approved"
    assert now.why_not_in_charge(SECOND, START) == f"release {digest_text(SECOND)} was not submitted"
    assert now.why_not_in_charge(now.charter.baseline, START) == ""
    assert taken(*APPROVED[:2], signed(emergency())).last.why_not_in_charge(FIRST, START) == ""
    ended = standing().why_not_in_charge(FIRST, START + 400 * DAY)
    assert "ran out" in ended


@given(st.integers(-DAY, 40 * DAY), st.integers(-1, MILLION))
def test_asking_is_total_and_changes_nothing(at: int, draw: int) -> None:
    now = taken(*APPROVED, signed(submission(SECOND)), signed(revocation(SECOND))).last
    found = asked(now, at=at, draw=draw)
    assert isinstance(found, Allowed) == (HOUR <= at < 20 * DAY and 0 <= draw < MILLION // 2)
    assert asked(now, at=at, draw=draw) == found


def test_nobody_is_served_any_more_once_every_licence_is_over() -> None:
    now = standing()
    (one,) = now.licences
    ended, given_back = one.until, one.until + one.act.wind_down
    assert now.why_closed(ended - 1) == ""
    assert now.why_closed(ended).endswith("people get their data, and no more")
    assert now.why_closed(given_back - 1) == now.why_closed(ended)
    assert "what was to be given back was until" in now.why_closed(given_back)
    following = standing((*APPROVED, WINDING_DOWN))
    assert following.why_closed(ended) == ""  # another will hold
    assert following.why_closed(following.licences[1].until).startswith("the licence ended at ")


def test_where_no_licence_was_granted_the_baseline_may_serve() -> None:
    assert standing(()).why_closed(10**15) == ""


def test_of_several_bounds_of_the_learner_the_strictest_hold() -> None:
    others = [
        signed(approval(scope=Scope(("US",), None, 1), begins=2 * HOUR, until=4 * HOUR, epochs=(0, 90_000))),
        signed(approval(begins=3 * HOUR, until=4 * HOUR, epochs=(200, 500))),
    ]
    standings = taken(*APPROVED, *others)
    bounds = [standings.last.epoch_bounds(FIRST, START + hour * HOUR) for hour in range(5)]
    # In the last of these no epoch could have 1,000 records at least and 500 at most: the smaller one wins.
    strictest = [EpochBounds(1_000, 100_000), EpochBounds(1_000, 90_000), EpochBounds(500, 500)]
    assert bounds == [None, *strictest, EpochBounds(1_000, 100_000)]
    assert standings.last.epoch_bounds(SECOND, START + HOUR) is None
    taken(signed(revocation()), after=standings)
    assert standings.last.epoch_bounds(FIRST, START + HOUR) is None


def test_an_emergency_bounds_the_learner_as_an_approval_does() -> None:
    now = taken(*APPROVED[:2], signed(emergency())).last
    assert now.epoch_bounds(FIRST, START + HOUR) == EpochBounds(2_000, 50_000)


def test_a_data_set_is_let_in_as_it_is_named() -> None:
    now = taken(signed(admission()), signed(admission(rows=7)), signed(admission(data="mended", rows=2_000))).last
    assert now.admitted("kuairand", digest("files"), "CC BY-SA 4.0") == 1_000
    assert now.admitted("kuairand", digest("mended"), "CC BY-SA 4.0") == 2_000
    assert now.admitted("kuairec", digest("files"), "CC BY-SA 4.0") is None
    assert now.admitted("kuairand", digest("others"), "CC BY-SA 4.0") is None
    assert now.admitted("kuairand", digest("files"), "our own") is None
