"""What records come to, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Verification
from plainview.oversight.reports.counting import DAY, Counting
from plainview.oversight.reports.report import OPENED, PUBLIC
from plainview.records import KIND_OF, Act, Decision, Order, Page, Record, Refusal, encode
from plainview.records import PUBLIC as PUBLIC_KINDS
from plainview.records.digests import commitment
from plainview.records.leaf import personal_leaf, public_leaf
from tests.ledger.licensed import finding, order, order_end, reveal, signed
from tests.records.decisions import lifting, restricting
from tests.records.examples import EXAMPLES, TIME

VERIFIED = Verification("feed.example/log", 9, bytes(32), 8, 6, 1, 1)
PAGE = EXAMPLES["page"]
assert isinstance(PAGE, Page)
DATE = "2026-01-01"
"""Of TIME."""


def counted(*records: Record, start: int = 0, upto: int = 1000, opened: bool = True, **given: Any) -> dict[str, str]:
    """The numbers of these records by their names, each with its mark's first letter before it."""
    counting = Counting(start, upto)
    for index, record in enumerate(records):
        kind = KIND_OF[type(record)]
        if kind in PUBLIC_KINDS:
            counting.take(index, public_leaf(kind, record), record if given.get("read", True) else None)
        else:
            entry = personal_leaf(kind, commitment(bytes(32), encode(record)))
            counting.take(index, entry, record if opened and index != given.get("unread") else None)
    numbers = counting.numbers(VERIFIED, opened=opened)
    assert len({one.name for one in numbers}) == len(numbers)
    return {f"{one.mark[0]} {one.name}": one.value for one in numbers}


def some(found: dict[str, str], *beginning: str) -> dict[str, str]:
    return {name: value for name, value in found.items() if name.startswith(beginning)}


def page(day: int = 0, **changes: Any) -> Page:
    assert isinstance(PAGE, Page)
    return replace(PAGE, time=TIME + day * DAY, **changes)


def ordered(day: int, *numbers: int) -> Page:
    """A page on which these orders placed a video each."""
    item = PAGE.items[0]  # type: ignore[attr-defined]
    items = (item, *(replace(item, video=number, selector="ordered") for number in numbers))
    return page(day, orders=numbers, items=items)


def act(note: Any, *, counts: bool = True) -> Act:
    return Act(time=TIME, note=note.encode().decode(), counts=counts)


def test_nothing() -> None:
    assert counted() == {
        "p epochs": "0", "p findings": "0", "p records personal": "0", "p refusals": "0",
        "p rerun pages": "8", "p rerun identical": "6", "p rerun inconclusive": "1", "p rerun differing": "1",
        "o pages baseline": "0", "o pages personal": "0", "o pages plain": "0", "o records unread": "0",
        "o videos shown": "0", "o pages ordered": "0",
    }  # fmt: skip


def test_records_by_kind() -> None:
    found = counted(*EXAMPLES.values(), EXAMPLES["event"])
    kinds = {name.removeprefix("p records "): value for name, value in some(found, "p records").items()}
    assert kinds == dict.fromkeys((*PUBLIC_KINDS, "page"), "1") | {"personal": str(len(EXAMPLES) - len(PUBLIC_KINDS))}
    kinds = {name.removeprefix("o records "): value for name, value in some(found, "o records").items()}
    private = EXAMPLES.keys() - PUBLIC_KINDS - {"page"}
    assert kinds == dict.fromkeys(private, "1") | {"event": "2", "unread": "0"}


def test_what_is_not_opened_has_only_what_is_public() -> None:
    whole, bare = counted(*EXAMPLES.values()), counted(*EXAMPLES.values(), opened=False, read=False)
    assert bare == {name: value for name, value in whole.items() if name.startswith("p ")}
    assert counted(EXAMPLES["event"], page(), unread=0) == counted(page()) | {
        "p records personal": "1", "o records unread": "1",
    }  # fmt: skip


def test_a_range() -> None:
    pages = [ordered(0, 1), page(), page(), ordered(0, 2)]
    found = counted(*pages, start=1, upto=3)
    assert some(found, "p records", "o pages personal", "o pages ordered", "o order") == {
        "p records page": "2", "p records personal": "0", "o pages personal": "2", "o pages ordered": "0/2",
    }  # fmt: skip


def test_pages_by_what_was_wanted_and_given() -> None:
    plain = replace(page().request, mode="plain")
    found = counted(page(), page(wanted="plain", request=plain), page(request=plain, arms=()), page())
    assert some(found, "o pages p", "o pages b", "o arm", "o videos") == {
        "o pages personal": "2", "o pages plain": "1", "o pages baseline": "1", "o arm calm:control pages": "3",
        "o videos shown": "8",
    }  # fmt: skip


def test_shares_of_orders_and_their_highest_day() -> None:
    found = counted(ordered(0, 1), page(), page(), ordered(1, 1, 2), page(1), ordered(2, 2), page(2))
    assert some(found, "o pages ordered", "o order") == {
        "o pages ordered": "3/7", "o pages ordered on 2026-01-02": "1/2",
        "o order 1 pages": "2/7", "o order 1 pages on 2026-01-02": "1/2", "o order 1 videos": "2/15",
        "o order 2 pages": "2/7", "o order 2 pages on 2026-01-02": "1/2", "o order 2 videos": "2/15",
    }  # fmt: skip


def test_a_day_that_no_calendar_has() -> None:
    late = replace(ordered(0, 1), time=2**53 - 1)
    assert "o order 1 pages on day-104249991" in counted(late)


def test_acts_and_what_auditors_said() -> None:
    ended = Order(
        time=TIME, order=1, video=5, regions=(), begins=0, until=1, cap=1, label="x", ended=True,
        note=signed(order_end()).encode().decode(),
    )  # fmt: skip
    given = replace(ended, ended=False, note=signed(order()).encode().decode())
    said = [act(signed(finding())), act(signed(finding()), counts=False), act(signed(reveal())), given, ended]
    assert some(counted(*said), "p acts", "p findings", "p draw") == {
        "p acts finding": "1", "p acts refused": "1", "p acts reveal": "1", "p acts order": "1",
        "p acts order-end": "1",
        "p findings": "1", "p draw 1 pages": "250", "p draw 1 sampled": "30", "p draw 1 differing": "0",
        "p draw 1 tampered-at-most": "22/250",
    }  # fmt: skip


def test_decisions_refusals_and_accesses() -> None:
    access, refusal = EXAMPLES["access"], EXAMPLES["refusal"]
    assert isinstance(refusal, Refusal)
    decisions: list[Decision] = [restricting(1, 5), restricting(2, 6, "DE"), restricting(3, 7), lifting(1, 5)]
    found = counted(*decisions, refusal, replace(refusal, kind="video"), access, replace(access, granted=False))  # type: ignore[type-var]
    assert some(found, "p decisions", "p ref", "p accesses") == {
        "p decisions removed": "2", "p decisions geo-disabled": "1", "p decisions lifted": "1",
        "p refusals": "2", "p refused impression": "3", "p refused video": "3",
        "p accesses audit granted": "1", "p accesses audit refused": "1", "p accesses audit records": "200",
    }  # fmt: skip


@pytest.mark.parametrize("entry", [b"", b"{}", b'{"k":"page","c":"short"}'])
def test_an_entry_that_is_no_records(entry: bytes) -> None:
    counting = Counting(0, 9)
    counting.take(0, entry, None)
    numbers = {(one.mark, one.name): one.value for one in counting.numbers(VERIFIED, opened=True)}
    assert (numbers[PUBLIC, "records unknown"], numbers[OPENED, "records unread"]) == ("1", "1")


def test_its_time_is_the_newest_that_is_public() -> None:
    counting = Counting(1, 3)
    refusal = EXAMPLES["refusal"]
    assert isinstance(refusal, Refusal)
    for index, time in enumerate((5, 9, 7, 11)):
        counting.take(index, public_leaf("refusal", replace(refusal, time=time)), None)
    assert counting.time == 9
