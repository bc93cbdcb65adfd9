from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import Ack, Draft, Fence, Journal, PlainSealer, Refused
from plainview.journal import fence as fences
from plainview.ledger.standing import EpochBounds
from plainview.records import Act, Charter, Origin, Page, Record, Release
from plainview.records.digests import commitment
from plainview.records.fields import to_text
from plainview.storage import Row, SqliteRecords, StoreFull
from tests.journal.conftest import Clock, Opener
from tests.journal.drafts import (
    APPROVED,
    FIRST_DIGEST,
    FIRST_EPOCH,
    NOW,
    RELEASE,
    approved,
    digest,
    epoch,
    event,
    example,
    named,
    page,
    release,
    viewer,
)
from tests.moderation.rules.packs import IN_FORCE


@pytest.fixture
def ready(journal: Journal) -> Journal:
    """A journal in which pages may be served: a release and an epoch."""
    accepted(journal, release(), FIRST_EPOCH)
    return journal


def accepted(journal: Journal, *drafts: Draft) -> list[Ack]:
    outcomes = journal.append(drafts)
    assert all(isinstance(outcome, Ack) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Ack)]


def refused(journal: Journal, draft: Draft, code: str, *parts: str) -> None:
    size = journal.size
    (outcome,) = journal.append([draft])
    assert isinstance(outcome, Refused), outcome
    assert outcome.code == code
    for part in parts:
        assert part in outcome.reason
    assert journal.size == size


def commitment_of(journal: Journal, index: int) -> str:
    found = journal.entry(index).commitment
    assert found is not None
    return to_text(found)


def test_a_right_page_passes(ready: Journal) -> None:
    assert accepted(ready, page()) == [Ack(2, NOW, True)]


def test_what_is_no_page_passes(journal: Journal) -> None:
    accepted(journal, event(1), viewer(1), example("video"), example("decision"))


def test_an_unknown_release(journal: Journal) -> None:
    accepted(journal, FIRST_EPOCH)
    refused(journal, page(), "release", f"release {RELEASE} is not in charge: none is")


PAGE = page().record
assert isinstance(PAGE, Page)
PLAIN = replace(PAGE.request, mode="plain")


class Says:
    """A judge who lets a release rank by these acts, or says why it may not."""

    def __init__(self, found: tuple[int, ...] | str, bounds: EpochBounds | None = None) -> None:
        self.found = found
        self.bounds = bounds
        self.observed: list[int] = []

    def check(self, index: int, record: Charter | Act) -> str:
        return "" if isinstance(record, Charter) or record.counts else f"not at {index}"

    def may_rank(self, asked: Page, time: int) -> tuple[int, ...] | str:
        return self.found

    def may_take_charge(self, record: Release) -> str:
        return "" if record.name == "approved" else "it was not approved"

    def why_closed(self, time: int) -> str:
        return ""

    def admitted(self, origin: Origin) -> int | None:
        return 1_000

    def epoch_bounds(self, release: str, time: int) -> EpochBounds | None:
        return self.bounds

    def observe(self, index: int, record: Charter | Act) -> None:
        self.observed.append(index)

    def clear(self) -> None:
        self.observed.clear()


@pytest.mark.parametrize(
    ("found", "wanted", "mode", "grounds", "told"),
    [
        ((3, 7), "personal", "personal", (3, 7), ""),
        ((3, 7), "personal", "personal", (3,), "it rests on records 3, 7, not 3"),
        ((3, 7), "personal", "personal", (), "it rests on records 3, 7, not none"),
        ((3, 7), "personal", "plain", (), "the release may rank, by records 3, 7, and the page is plain"),
        ((3, 7), "plain", "plain", (), ""),
        ((3, 7), "plain", "plain", (3, 7), "a plain page rests on no acts"),
        ((3, 7), "plain", "personal", (3, 7), "the page is personal, and a plain one was wanted"),
        ("it was revoked", "personal", "personal", (3, 7), "it was revoked"),
        ("it was revoked", "personal", "plain", (), ""),
        ("it was revoked", "plain", "plain", (), ""),
    ],
)
def test_nothing_ranks_unless_it_may_and_what_may_is_not_withheld(
    tmp_path: Path, found: tuple[int, ...] | str, wanted: str, mode: str, grounds: tuple[int, ...], told: str
) -> None:
    fence = Fence(100, 2000, Says(found))
    journal = Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), fence, lambda: NOW)
    accepted(journal, approved(), FIRST_EPOCH)
    draft = page(wanted=wanted, grounds=grounds, release=APPROVED)
    assert isinstance(draft.record, Page)
    made = Draft(replace(draft.record, request=replace(draft.record.request, mode=mode)))
    if told:
        refused(journal, made, "licence", told)
    else:
        accepted(journal, made)
    journal.close()


class Full(SqliteRecords):
    """Its next append finds no room."""

    full = False

    def append(self, rows: Sequence[Row]) -> None:
        if self.full:
            raise StoreFull("no space left")
        super().append(rows)


def test_a_judge_forgets_what_was_not_written_after_all(tmp_path: Path) -> None:
    store, judge = Full(tmp_path, writing=True), Says("")
    journal = Journal(store, PlainSealer(), Fence(100, 2000, judge), lambda: NOW)
    accepted(journal, example("charter"), approved(), example("act", counts=True))
    store.full = True
    with pytest.raises(StoreFull):
        journal.append([example("act", note="another", counts=True), example("charter")])
    assert judge.observed == [0, 2]
    store.full = False
    accepted(journal, example("act", note="another", counts=True))
    assert judge.observed == [0, 2, 3]
    journal.close()


def test_an_act_is_asked_about_in_its_place(tmp_path: Path) -> None:
    journal = Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(100, 2000, Says("")), lambda: NOW)
    accepted(journal, approved())
    refused(journal, example("act", counts=False), "act", "not at 1")
    accepted(journal, example("act", counts=True))
    journal.close()


class Stopped(Says):
    """Lets the release rank until the first act."""

    def may_rank(self, asked: Page, time: int) -> tuple[int, ...] | str:
        return f"stopped at {self.observed[0]}" if self.observed else ()


def test_an_act_holds_from_its_index_on_within_one_group(tmp_path: Path) -> None:
    for expected in ((2, 3, "stopped at 3"), ("stopped at 3",)):
        journal = Journal(
            SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(100, 2000, Stopped(())), lambda: NOW
        )
        if not journal.size:
            accepted(journal, approved(), FIRST_EPOCH)
        own = {"release": APPROVED}
        drafts = [page(**own), example("act", counts=True), page(session=2, **own)]
        outcomes = journal.append(drafts[-len(expected) :])
        assert tuple(one.index if isinstance(one, Ack) else one.reason for one in outcomes) == expected
        journal.close()


@pytest.mark.parametrize(
    ("regions", "ages", "holds"),
    [
        ((), (), True),
        (("DE",), (), True),
        (("FR", "DE"), ("18+",), True),
        ((), ("13-15", "18+"), True),
        (("FR",), (), False),
        ((), ("13-15",), False),
        (("DE",), ("16-17",), False),
    ],
)
def test_a_restricted_item(ready: Journal, regions: tuple[str, ...], ages: tuple[str, ...], holds: bool) -> None:
    accepted(ready, example("decision", regions=regions, ages=ages))
    if holds:
        refused(ready, page(), "ineligible", "video 77 is restricted by decision 9", "region DE", "age 18+")
    else:
        accepted(ready, page())


def test_a_lifted_decision(ready: Journal, reopen: Opener) -> None:
    everywhere = {"regions": (), "ages": ()}
    accepted(ready, example("decision", **everywhere), example("decision", decision=10, video=78, **everywhere))
    refused(ready, page(), "ineligible", "decision 9")
    accepted(ready, example("decision", effect="lift"))
    refused(ready, page(), "ineligible", "video 78 is restricted by decision 10")
    ready = reopen()
    refused(ready, page(), "ineligible", "decision 10")
    accepted(ready, example("decision", decision=10, video=78, effect="lift"), page())


def test_two_decisions_on_one_video_are_lifted_one_by_one(ready: Journal) -> None:
    for number in (9, 10):
        accepted(ready, example("decision", decision=number, regions=(), ages=()))
    accepted(ready, example("decision", decision=9, effect="lift"))
    refused(ready, page(), "ineligible", "decision 10")
    accepted(ready, example("decision", decision=10, effect="lift"), page())


def test_an_ended_order(ready: Journal, reopen: Opener) -> None:
    given, ended = example("order", order=4), example("order", order=5, ended=True, note="its end")
    accepted(ready, given, page(orders=(4,)), ended)
    refused(ready, page(session=2, orders=(4, 5)), "order", "order 5 was ended by record")
    accepted(ready, page(session=3, orders=(4,)))
    ready.close()
    again = reopen()
    refused(again, page(session=2, orders=(5,)), "order", "order 5 was ended by record")
    accepted(again, page(session=2, orders=(4,)))


def test_a_decisions_number_stays_with_its_video(ready: Journal) -> None:
    """Where nobody judges; else such a decision is refused."""
    everywhere = {"regions": (), "ages": ()}
    accepted(ready, example("decision", decision=9, video=500), example("decision", decision=9, **everywhere))
    accepted(ready, page())
    accepted(ready, example("decision", decision=10, **everywhere))
    accepted(ready, example("decision", decision=10, video=500, effect="lift", **everywhere))
    refused(ready, page(session=2), "ineligible", "video 77 is restricted by decision 10")


def test_a_stale_epoch(reopen: Opener) -> None:
    journal = reopen(max_lag=10)
    accepted(journal, release(), FIRST_EPOCH, *(viewer(number) for number in range(8)))
    accepted(journal, page())
    refused(journal, page(session=2), "stale", "epoch 0 lags 11 records, at most 10")
    second = epoch(1, 5, FIRST_DIGEST)
    accepted(journal, second)
    refused(journal, page(session=2), "stale", "epoch 0 lags")
    accepted(journal, page(session=2, epoch=1, epoch_digest=second.record.digest))  # type: ignore[attr-defined]
    refused(reopen(max_lag=10), page(session=3), "stale", "epoch 0 lags")


def test_an_unknown_epoch(ready: Journal) -> None:
    refused(ready, page(epoch=1), "epoch", "epoch 1 is not in the journal")
    refused(ready, page(epoch_digest=digest(77)), "epoch", f"epoch 0 has digest {FIRST_DIGEST}, not {digest(77)}")


def test_an_epoch_that_does_not_follow(ready: Journal, reopen: Opener) -> None:
    for number, upto, parent, part in (
        (2, 0, FIRST_DIGEST, "epoch 2: 1 is next"),
        (1, 0, digest(5), f"its parent is {FIRST_DIGEST}"),
        (1, 3, FIRST_DIGEST, "upto 3 is not between 0 and 2"),
    ):
        refused(ready, epoch(number, upto, parent), "epoch", part)
    wrong = epoch(1, 2, FIRST_DIGEST).record
    refused(ready, example("epoch", epoch=1, upto=2, parent=FIRST_DIGEST), "epoch", "its digest is", f"not {digest(4)}")
    ready = reopen()
    accepted(ready, Draft(wrong))
    refused(ready, epoch(2, 1, wrong.digest), "epoch", "upto 1 is not between 2 and 3")  # type: ignore[attr-defined]


def test_an_epoch_is_as_large_as_it_may_be_and_small_only_for_what_cannot_wait(tmp_path: Path, clock: Clock) -> None:
    judge = Says("", EpochBounds(5, 8))

    def opened() -> Journal:
        return Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(100, 2000, judge), clock)

    journal = opened()
    accepted(journal, approved(), FIRST_EPOCH, *(viewer(number) for number in range(20)))
    refused(journal, epoch(1, 9, FIRST_DIGEST), "epoch", "epoch 1 takes up 9 records, at most 8 may")
    (first,) = (epoch(1, 8, FIRST_DIGEST),)
    accepted(journal, first)
    last: str = first.record.digest  # type: ignore[attr-defined]
    refused(journal, epoch(2, 12, last), "epoch", "epoch 2 takes up 4 records, and none that ends one before 5")
    accepted(journal, viewer(20), example("decision", policy="young", pack=IN_FORCE.name.digest))
    # Record 24 is one that ends an epoch: of those from 8 to 23 none does.
    refused(journal, epoch(2, 12, last), "epoch", "and none that ends one before 5")
    second, third = epoch(2, 16, last), epoch(3, 24, epoch(2, 16, last).record.digest)  # type: ignore[attr-defined]
    accepted(journal, second, third)
    last = third.record.digest  # type: ignore[attr-defined]
    refused(journal, epoch(4, 24, last), "epoch", "takes up 0 records")
    journal.close()
    journal = opened()
    refused(journal, epoch(4, 24, last), "epoch", "takes up 0 records")
    accepted(journal, epoch(4, 25, last))
    judge.bounds = None
    accepted(journal, epoch(5, 26, epoch(4, 25, last).record.digest))  # type: ignore[attr-defined]
    journal.close()


@pytest.mark.parametrize(
    ("kind", "fields", "ends"),
    [
        ("act", {"counts": True}, True),
        ("act", {"counts": False}, False),
        ("charter", {}, True),
        ("decision", {}, True),
        ("order", {}, True),
        ("release", {}, True),
        ("viewer", {}, False),
    ],
)
def test_what_ends_an_epoch_however_small(kind: str, fields: dict[str, bool], ends: bool) -> None:
    fence = Fence(100, 2000, Says("", EpochBounds(5, 8)))
    fence.observe(0, FIRST_EPOCH.record, None)
    fence.observe(1, example(kind, **fields).record, None)
    assert (fence.check(2, NOW, epoch(1, 2, FIRST_DIGEST).record) is None) == ends
    assert fence.check(2, NOW, epoch(1, 1, FIRST_DIGEST).record) is not None


def test_an_epoch_sent_again_is_the_same_epoch(ready: Journal) -> None:
    assert ready.append([FIRST_EPOCH]) == [Ack(1, NOW, False)]


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Journal]:
    """A journal in which pages may be served, its releases judged."""
    fence = Fence(1, 2000, Says(""))
    journal = Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), fence, lambda: NOW)
    accepted(journal, approved(), FIRST_EPOCH, epoch(1, 1, FIRST_DIGEST))
    yield journal
    journal.close()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "other", "max_lag": 50}, "may not take charge: it was not approved"),
        ({"digest": digest(3)}, "its manifest has digest"),
        ({}, f"release {APPROVED} is in charge already, from record 0 on"),
        ({"max_lag": -1}, "no release's manifest: Expected `int` >= 0"),
    ],
)
def test_a_release_takes_charge_where_it_may(judged: Journal, changes: dict[str, Any], told: str) -> None:
    refused(judged, approved(**changes), "licence", told)
    accepted(judged, approved(50))


def test_from_then_on_epochs_and_pages_are_its_own(judged: Journal) -> None:
    second = approved(5)
    digest_of_it = second.record.digest  # type: ignore[attr-defined]
    accepted(judged, page(session=1, release=APPROVED, wanted="plain", request=PLAIN), second)
    of_the_first = {"epoch": 1, "epoch_digest": epoch(1, 1, FIRST_DIGEST).record.digest}  # type: ignore[attr-defined]
    refused(judged, page(session=2, release=APPROVED, **of_the_first), "release", "is not in charge", "from record 4")
    own = {"release": digest_of_it, "wanted": "plain", "request": PLAIN}
    refused(judged, page(session=2, **own, **of_the_first), "epoch", "epoch 1 was made before record 4")
    parent = str(of_the_first["epoch_digest"])
    refused(judged, epoch(2, 4, parent), "epoch", "epoch 2: upto 4 is not between 5 and 5")
    following = epoch(2, 5, parent)
    accepted(judged, following)
    own |= {"epoch": 2, "epoch_digest": following.record.digest}  # type: ignore[attr-defined]
    accepted(judged, page(session=2, **own), page(session=3, **own), page(session=4, **own))
    accepted(judged, *(viewer(number) for number in range(3)))
    refused(judged, page(session=5, **own), "stale", "lags")  # by its own manifest


def test_a_journal_opened_again_knows_who_is_in_charge(tmp_path: Path) -> None:
    def opened() -> Journal:
        return Journal(SqliteRecords(tmp_path, writing=True), PlainSealer(), Fence(1, 2000, Says("")), lambda: NOW)

    journal = opened()
    accepted(journal, approved(), FIRST_EPOCH, approved(50))
    journal.close()
    journal = opened()
    old = page(release=approved(50).record.digest, wanted="plain", request=PLAIN)  # type: ignore[attr-defined]
    refused(journal, old, "epoch", "epoch 0 was made before record 2")
    refused(journal, approved(50), "licence", "in charge already, from record 2 on")
    accepted(journal, epoch(1, 3, FIRST_DIGEST))
    journal.close()


@pytest.mark.parametrize("apart", [2001, -2001])
def test_a_page_of_another_time(ready: Journal, apart: int) -> None:
    refused(ready, page(now=NOW + apart), "clock", f"now is {NOW + apart} and journal time {NOW}", "2000 ms")
    accepted(ready, page(now=NOW + apart - apart // 2001))


def test_the_pages_of_a_session_follow_one_another(ready: Journal) -> None:
    (first,) = accepted(ready, page())
    previous = commitment_of(ready, first.index)
    refused(ready, page(2, previous), "session", f"page 2 of session {named(1)}: 1 is next")
    refused(ready, page(1, digest(3)), "session", f"page 0 has commitment {previous}, not {digest(3)}")
    refused(ready, page(1, previous, viewer=6), "session", "another viewer's")
    (second,) = accepted(ready, page(1, previous))
    accepted(ready, page(2, commitment_of(ready, second.index)))


def test_a_session_begins_with_dashes(ready: Journal) -> None:
    refused(ready, page(0, digest(1)), "session", "43 dashes")
    refused(ready, page(1, digest(1)), "session", "page 0 is not in the journal")


def test_a_page_asked_for_twice_is_the_first(ready: Journal, clock: Clock) -> None:
    (first,) = accepted(ready, page())
    clock.now += 60_000
    assert ready.append([page(items=())]) == [Ack(first.index, NOW, False)]
    previous = commitment_of(ready, first.index)
    accepted(ready, page(1, previous, now=clock.now))
    assert ready.append([page(1, previous), page()]) == [Ack(3, clock.now, False), Ack(2, NOW, False)]


def test_another_viewers_session_gives_nothing_away(ready: Journal) -> None:
    accepted(ready, page())
    refused(ready, page(viewer=6), "session", f"session {named(1)} is another viewer's")
    first, second = ready.append([page(session=3), page(session=3, viewer=6)])
    assert isinstance(first, Ack)
    assert isinstance(second, Refused)
    assert second.code == "session"


def test_sessions_beyond_those_at_hand_are_looked_up(
    ready: Journal, reopen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fences, "SESSIONS", 2)
    acks = accepted(ready, *(page(session=number) for number in range(5)))
    previous = [commitment_of(ready, ack.index) for ack in acks]
    for number in (0, 4, 2):
        accepted(ready, page(1, previous[number], session=number))
    ready = reopen()
    refused(ready, page(1, previous[3], session=1), "session", "commitment")
    refused(ready, page(1, previous[1], session=1, viewer=6), "session", "another viewer's")
    accepted(ready, page(1, previous[1], session=1))


def test_a_fence_without_a_journal_knows_what_it_observed() -> None:
    fence = Fence(10, 2000)
    for index, draft in enumerate((release(), FIRST_EPOCH)):
        fence.observe(index, draft.record, None)
    first = page().record
    assert fence.check(2, NOW, first) is None
    fence.observe(2, first, commitment(bytes(32), b""))
    following = page(1, to_text(commitment(bytes(32), b"")))
    assert fence.check(3, NOW, following.record) is None
    outcome = fence.check(3, NOW, page(1, session=9).record)
    assert outcome is not None
    assert outcome.code == "session"


def test_epochs_out_of_reach_are_let_go() -> None:
    fence = Fence(10, 2000)
    fence.observe(0, release().record, None)
    parent = digest(0)
    for number in range(500):
        made: Record = epoch(number, number, parent).record
        assert fence.check(number, NOW, made) is None
        fence.observe(number, made, None)
        parent = made.digest  # type: ignore[attr-defined]
    assert len(fence._epochs) == 11
    old = page(epoch=3).record
    assert isinstance(old, Page)
    outcome = fence.check(501, NOW, old)
    assert outcome == Refused("epoch 3 lags more than 10 records", "stale")


def test_a_page_cites_the_charter_in_force(ready: Journal, reopen: Opener) -> None:
    refused(ready, page(charter=1), "charter", "the charter in force is record 0, not 1")
    accepted(ready, example("charter"))
    refused(ready, page(), "charter", "the charter in force is record 2, not 0")
    ready = reopen()
    refused(ready, page(), "charter", "record 2")
    accepted(ready, page(charter=2))


def test_the_next_page_of_a_session_at_hand_is_not_looked_for(ready: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = accepted(ready, page())
    asked: list[bytes] = []
    find = ready._store.find
    monkeypatch.setattr(ready._store, "find", lambda keys: asked.extend(keys) or find(keys))
    commitment = ready.entry(first.index).commitment
    assert commitment is not None
    following = page(n=1, previous=to_text(commitment))
    (second,) = accepted(ready, following)
    assert not asked
    # Sent again, it is: and found.
    assert accepted(ready, following) == [replace(second, fresh=False)]
    assert len(asked) == 1


def tally(first: int, upto: int, **changes: Any) -> Draft:
    return example("tally", first=first, upto=upto, **changes)


NOTHING = {"served": 0, "repeated": 0, "refused": 0, "closed": 0, "failed": 0, "rankings": 0, "thrown": ()}


def test_tallies_follow_on_one_another(ready: Journal, reopen: Opener) -> None:
    refused(ready, tally(1, 2), "tally", "begins at record 1: 0 is next")
    refused(ready, tally(0, 3), "tally", "ends at record 3, not between 0 and 2")
    refused(ready, tally(0, 0), "tally", "ends at record 0")
    accepted(ready, tally(0, 2), tally(2, 3))
    journal = reopen()
    refused(journal, tally(0, 3), "tally", "begins at record 0: 3 is next")
    refused(journal, tally(4, 4), "tally", "begins at record 4: 3 is next")
    accepted(journal, tally(3, 4))


@pytest.mark.parametrize("change", [{"served": 1}, {"closed": 1}, {"rankings": 1}, {"thrown": (("stale", 1),)}])
def test_what_was_lost_is_not_counted(ready: Journal, change: dict[str, Any]) -> None:
    refused(ready, tally(0, 2, lost=True, **(NOTHING | change)), "tally", "says that its counts were lost")
    accepted(ready, tally(0, 2, lost=True, **NOTHING))


def test_a_count_that_cannot_be_is_written_down_all_the_same(ready: Journal) -> None:
    accepted(ready, tally(0, 2, served=9, rankings=0))  # the partner is to see it
