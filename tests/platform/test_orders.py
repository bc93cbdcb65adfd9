"""Orders from their act to the page, the count and the replay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Draft, JournalDamaged, Refused
from plainview.ledger import acts
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import verify_inclusion
from plainview.platform.acts import LIMIT as ACTS
from plainview.platform.acts import Taken
from plainview.platform.application import Application
from plainview.records import Act, Order, Page
from plainview.replay.judged import Judged
from tests.platform.forging import copied, forge, substitute
from tests.platform.parties import DAY, Parties
from tests.platform.towns import SLOW, now, open_town, page_of, populate, settled, state, token, until
from tests.replay.replays import reading, replayed

SLOT, LIMIT = 6, 7
"""A page is just long enough for its slot."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def town(home: Path) -> Iterator[Application]:
    with open_town(home) as application:
        populate(application)
        yield application


@pytest.fixture
def parties(town: Application) -> Parties:
    return Parties(town.home.path, 2)


def ordered(town: Application, parties: Parties, number: int = 1, video: int = 17, **changes: object) -> int:
    """The index of an order that counts, once it is folded in."""
    taken = town.acts.submit(parties.order(number, video, **changes))
    assert not taken.reason
    settled(town)
    return taken.index


def order_more_than_a_page(town: Application, parties: Parties, **changes: object) -> dict[int, int]:
    """Orders for more videos than a page has: for one at least that is not there by its value. Indexes by number."""
    return {number: ordered(town, parties, number, 3 * number, **changes) for number in range(1, LIMIT + 2)}


def shown(town: Application, **fields: object) -> tuple[int, Page]:
    return page_of(town, limit=LIMIT, **fields)


def order_at(town: Application, index: int) -> Order:
    record = town.journal.entry(index).record
    assert isinstance(record, Order)
    return record


def test_an_order_is_a_record_that_says_what_its_note_says(town: Application, parties: Parties) -> None:
    given, ending = parties.order(1, 17, regions=("DE", "US"), cap=5), parties.order_end(1)
    index, end = (town.acts.submit(act).index for act in (given, ending))
    record, ended = order_at(town, index), order_at(town, end)
    assert record == Order(
        time=town.journal.entry(index).time, order=1, video=17, regions=("DE", "US"), begins=record.begins,
        until=record.begins + DAY, cap=5, label="Sponsored", ended=False, note=given.note,
    )  # fmt: skip
    assert f"\nfrom {record.begins}\n" in given.note
    assert ended == replace(record, time=town.journal.entry(end).time, ended=True, note=ending.note)
    told = [(entry.index, reason) for entry, reason in town.acts.some(0, ACTS)[0]][-2:]
    assert told == [(index, ""), (end, "")]


def test_an_order_is_proven_as_any_act_is(town: Application, parties: Parties) -> None:
    for index in (town.acts.submit(act).index for act in (parties.order(1, 17), parties.order_end(1))):
        until(lambda index=index: town.log.size > index)
        size = town.log.size
        proof = town.log.act_proof(index, size)
        assert proof is not None
        assert proof[0] == town.journal.leaves(index, index + 1)[0]
        verify_inclusion(leaf_hash(proof[0]), index, size, town.log._tree.root(size), proof[1])


def test_sent_again_an_order_counts_once(town: Application, parties: Parties) -> None:
    given = parties.order(1, 17)
    index = town.acts.submit(given).index
    assert town.acts.submit(given) == Taken(index, False, "")
    again = town.acts.submit(parties.order(1, 18))
    assert again.reason == "order: number 1 is out of order, the next is 2"
    assert isinstance(town.journal.entry(again.index).record, Act)


def test_an_order_closes_an_epoch_at_once(home: Path) -> None:
    with open_town(home) as town:
        populate(town)
    with open_town(home, cadence=SLOW) as town:
        before = town.epoch.epoch
        index = town.acts.submit(Parties(home, 2).order(1, 17)).index
        assert town.wait_for(before + 1, 60)
        assert page_of(town)[1].policy == index + 1


def test_the_next_page_has_it_and_says_so(town: Application, parties: Parties) -> None:
    indexes = order_more_than_a_page(town, parties)
    receipt, page = shown(town)
    (number,) = page.orders
    by_value = {item.video for item in page.items[:SLOT]}
    assert (page.items[SLOT].video, page.items[SLOT].selector) == (3 * number, "ordered")
    assert page.policy == max(indexes.values()) + 1
    assert all(3 * earlier in by_value for earlier in range(1, number))
    assert town.orders.labels(page) == [(number, "Sponsored")]
    explained = town.pages.explain(receipt)
    assert explained.identical
    assert explained.ranked is not None
    assert explained.ranked.trace.orders.tolist() == [*indexes]
    # Nobody is shown it twice, and nobody without a profile.
    assert number not in shown(town)[1].orders
    assert shown(town, viewer=2, mode="plain")[1].orders == ()


def test_ended_orders_place_nothing_more(town: Application, parties: Parties) -> None:
    for number in order_more_than_a_page(town, parties):
        town.acts.submit(parties.order_end(number))
    assert shown(town)[1].orders == ()


def test_the_fence_takes_no_page_of_an_ended_order(town: Application, parties: Parties) -> None:
    """Whatever world it was ranked on."""
    order_more_than_a_page(town, parties)
    page = shown(town)[1]
    (number,) = page.orders
    other = replace(page, time=0, session=token(), now=now())
    assert not isinstance(town.journal.append([Draft(other)])[0], Refused)
    end = town.acts.submit(parties.order_end(number)).index
    (outcome,) = town.journal.append([Draft(replace(other, session=token(), now=now()))])
    assert outcome == Refused(f"order {number} was ended by record {end}", "order")


def test_impressions_are_counted_up_to_the_cap(town: Application, parties: Parties) -> None:
    order_more_than_a_page(town, parties, cap=1)
    used = []
    for viewer in (1, 2, 3):
        used += shown(town, viewer=viewer)[1].orders
        settled(town)
    counts = town.orders.counts()
    assert (
        [one.ordered.act.number for one in counts.orders if one.shown == 1] == sorted(set(used)) == sorted(used) != []
    )
    assert {one.shown for one in counts.orders} == {0, 1}
    one = counts.orders[0]
    assert (one.note, one.ordered.act.video) == (order_at(town, one.ordered.index).note, 3)
    assert {key.name.rsplit("/", 1)[-1] for key in one.ordered.keys} == {"operator", "partner"}
    (day,) = counts.days
    pages = [entry.record for entry in town.journal.of_kind("page")]
    assert day.ordered == len(used)
    assert day.videos == sum(len(page.items) for page in pages if isinstance(page, Page))
    assert day.day in {f"{datetime.fromtimestamp(page.now / 1000, UTC):%Y-%m-%d}" for page in pages}  # type: ignore[attr-defined]


def test_the_fence_takes_no_record_for_what_its_note_does_not_say(town: Application, parties: Parties) -> None:
    ordered(town, parties)
    right = town.acts.judged.draft(town.journal.size, now(), parties.order(2, 17).note)
    assert isinstance(right, Order)
    changes: list[dict[str, object]] = [
        {"order": 3},
        {"video": 18},
        {"regions": ("US",)},
        {"begins": right.begins - 1},
        {"until": right.until + 1},
        {"cap": right.cap + 1},
        {"label": "From a friend"},
        {"ended": True},
    ]
    assert {name for change in changes for name in change} == {*Order.__struct_fields__} - {"time", "note"}
    wrong: list[Order | Act] = [replace(right, **change) for change in changes]
    wrong.append(Act(time=0, note=right.note, counts=True))
    wrong.append(replace(right, note=parties.signed(parties.licence(), "licensor", "operator").note))
    for record in wrong:
        (outcome,) = town.journal.append([Draft(record)])
        assert isinstance(outcome, Refused)
        assert "it is not written down as its note says" in outcome.reason
    (outcome,) = town.journal.append([Draft(Act(time=0, note=right.note, counts=False))])
    assert outcome == Refused("it counts here", "act")
    single = acts.parse_act(right.note.split("\n\n")[0] + "\n").text()
    (outcome,) = town.journal.append([Draft(replace(right, note=parties.note(single, "operator")))])
    assert isinstance(outcome, Refused)
    assert (outcome.code, "signatures are missing: 1 more of partner" in outcome.reason) == ("order", True)


def test_what_was_ordered_is_there_after_a_start(home: Path, town: Application, parties: Parties) -> None:
    numbers = order_more_than_a_page(town, parties)
    assert shown(town)[1].orders
    settled(town)
    before, world = town.orders.counts(), state(town)
    town.close()
    with open_town(home) as again:
        assert again.orders.counts()[1:] == before[1:]
        assert state(again) == world
        assert shown(again, viewer=2)[1].orders
        assert again.acts.submit(parties.order(len(numbers) + 1, 5)).reason == ""


@pytest.fixture
def played(town: Application, home: Path, parties: Parties) -> tuple[Path, int, int]:
    """A home that was closed, the index of an order, and that of a page with its video."""
    indexes = order_more_than_a_page(town, parties)
    page, receipt = shown(town)
    town.close()
    return home, indexes[receipt.orders[0]], page


def test_replay_computes_pages_with_orders_again(played: tuple[Path, int, int]) -> None:
    report = replayed(played[0])
    assert report.sound
    assert report.pages == report.identical == 1


@pytest.mark.parametrize(
    "changes", [{"video": 3}, {"label": "From a friend"}, {"cap": 2**31}, {"ended": True}], ids=str
)
def test_an_order_that_is_changed_afterwards_is_found(
    played: tuple[Path, int, int], tmp_path: Path, changes: dict[str, object]
) -> None:
    home, index, _ = played
    copy = copied(home, tmp_path / "copy")
    forge(copy, index, **changes)
    first = replayed(copy).differing[0]
    assert (first.index, first.stage) == (index, "bounds: order")
    assert "it is not written down as its note says" in first.detail
    with reading(copy) as journal, pytest.raises(JournalDamaged, match="not written down as its note says"):
        Judged.of(journal)


def test_a_boost_without_its_order_is_found(played: tuple[Path, int, int], tmp_path: Path) -> None:
    """The order is made into an act that does not count, as if it had never been given."""
    home, index, page = played
    copy = copied(home, tmp_path / "copy")
    with reading(copy) as journal:
        entry = journal.entry(index)
    assert isinstance(entry.record, Order)
    substitute(copy, index, Act(time=entry.time, note=entry.record.note, counts=False))
    found = {one.index: one.stage for one in replayed(copy).differing}
    assert found[index] == "bounds: act"  # it would have counted
    assert page in found
