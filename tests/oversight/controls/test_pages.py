"""The questions that each page is asked, where no page of the town is such that they matter."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from plainview.ledger.standing import Placed
from plainview.oversight.controls.pages import (
    Before,
    Turn,
    after_stops,
    by_order,
    in_turn,
    within_emergency,
    within_scope,
)
from plainview.records import Page
from plainview.records.fields import to_bytes
from tests.oversight.controls.town import One, Town, row_of


@pytest.fixture
def page(town: Town) -> One:
    """The last on which an order placed a video."""
    return [one for one in town.of("page") if one.record.orders][-1]


def before(town: Town, **standing: Any) -> Before:
    """What is known at the end, with another standing."""
    return Before(replace(town.evidence.standing, **standing), 0, {}, None, None)


def revocation(town: Town, index: int) -> dict[str, Any]:
    """The release was revoked there."""
    (one,) = town.evidence.standing.revocations
    return {"revocations": (Placed(one.act, index),)}


def test_what_was_revoked_ranks_again_by_a_later_approval(town: Town, page: One) -> None:
    approval = max(page.record.grounds)
    assert "was revoked by record" in (after_stops(page.record, before(town, **revocation(town, approval + 1))) or "")
    assert after_stops(page.record, before(town, **revocation(town, approval - 1))) == ""
    assert after_stops(page.record, before(town, revocations=())) is None
    (one,) = town.evidence.standing.revocations
    other = replace(one, act=replace(one.act, release=bytes(32)))
    assert after_stops(page.record, before(town, revocations=(other,))) is None


def test_an_approval_holds_from_its_beginning_to_its_end(town: Town, page: One) -> None:
    (grant,) = [one for one in town.evidence.standing.grants if one.index in page.record.grounds]

    def found(time: int) -> str | None:
        return within_scope(replace(page.record, time=time), before(town))

    assert found(grant.act.begins) == found(grant.until - 1) == ""
    said = f"the approval of record {grant.index} is not for that time"
    assert found(grant.act.begins - 1) == found(grant.until) == said


def test_an_emergency_holds_until_it_is_over(town: Town) -> None:
    emergency = next(one for one in town.evidence.standing.grants if one.act.kind == "emergency")
    page = next(one for one in town.of("page") if emergency.index in one.record.grounds).record
    unended = before(town, grants=(replace(emergency, ended=None),))
    assert within_emergency(replace(page, time=emergency.until - 1), unended) == ""
    assert "ran out at" in (within_emergency(replace(page, time=emergency.until), unended) or "")
    assert within_emergency(replace(page, grounds=()), unended) is None


def test_an_order_that_was_ended_places_nothing(town: Town, page: One) -> None:
    (order,) = town.evidence.standing.orders
    assert by_order(page.record, before(town)) == ""
    ended = before(town, orders=(replace(order, ended=page.index - 1),))
    assert by_order(page.record, ended) == f"order 1 was ended by record {page.index - 1}"


def test_only_pages_with_an_order_are_asked_about_it(town: Town) -> None:
    ordered = [one.index for one in town.of("page") if one.record.orders]
    verdict = row_of(town.evidence, 17).verdict
    assert 0 < len(ordered) < len(town.of("page"))
    assert verdict.records[1].first == tuple(ordered)
    assert f"on {len(ordered)} page" in verdict.said


def test_a_session_is_its_viewers(town: Town) -> None:
    page = town.page().record
    assert isinstance(page, Page)
    assert page.n
    pages = {(one.record.session, one.record.n): one for one in town.of("page")}
    last = pages[page.session, page.n - 1]
    turn = Turn(page.viewer, page.n - 1, page.previous)
    assert to_bytes(page.previous) == last.commitment
    assert in_turn(page, before(town)._replace(turn=turn)) == ""
    assert in_turn(page, before(town)._replace(turn=turn._replace(viewer=page.viewer + 1)))
    assert in_turn(replace(page, n=0), before(town)._replace(turn=None))
