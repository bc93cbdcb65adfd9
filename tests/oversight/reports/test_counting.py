"""What records come to, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Verification
from plainview.ledger.standing import Ordered, Placed, Standing
from plainview.oversight.acts import judged
from plainview.oversight.reports import counting as module
from plainview.oversight.reports.counting import DAY, Counting
from plainview.oversight.reports.report import OPENED, PUBLIC
from plainview.oversight.sampling import MOST_DRAWN
from plainview.records import KIND_OF, Act, Decision, Order, Page, Record, Refusal, encode
from plainview.records import PUBLIC as PUBLIC_KINDS
from plainview.records.digests import commitment
from plainview.records.leaf import personal_leaf, public_leaf
from tests.ledger.chartered import CHARTER, QUORUM, note_of
from tests.ledger.licensed import (
    APPROVED,
    START,
    draw,
    finding,
    order,
    order_end,
    reveal,
    signed,
    standing,
    verification,
)
from tests.oversight.chartered import charter_entry
from tests.oversight.ordered import ORDER
from tests.oversight.ordered import ordered as order_entry
from tests.records.decisions import lifting, restricting
from tests.records.examples import EXAMPLES, TIME

VERIFIED = Verification("feed.example/log", 9, bytes(32), 8, 6, 1, 1)
PAGE = EXAMPLES["page"]
assert isinstance(PAGE, Page)
DATE = "2026-01-01"
"""Of TIME."""
NOTHING = standing(())
CHARTERED = charter_entry(note_of(CHARTER, *QUORUM), START)


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
    numbers = counting.numbers(VERIFIED, given.get("standing", NOTHING), given.get("wrong", ()), opened=opened)
    assert len({one.name for one in numbers}) == len(numbers)
    return {f"{one.mark[0]} {one.name}": one.value for one in numbers}


def having(*orders: int, **given: Any) -> Standing:
    """What stands where there are orders, taken at these indexes."""
    taken = tuple(Ordered(order(number), index, frozenset()) for number, index in enumerate(orders, 1))
    return replace(NOTHING, orders=taken, **given)


def by_log(*entries: bytes, start: int = 0, upto: int = 1000) -> dict[str, str]:
    """The public numbers of a log with its charter and these entries, whose acts are judged again."""
    acts, counting = judged([CHARTERED, *entries]), Counting(start, upto)
    for index, entry in enumerate([CHARTERED, *entries]):
        counting.take(index, entry, None)
    assert acts.last is not None
    return {f"p {one.name}": one.value for one in counting.numbers(VERIFIED, acts.last, acts.wrong, opened=False)}


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
    pages = (ordered(0, 1), page(), page(), ordered(1, 1, 2), page(1), ordered(2, 2), page(2))
    found = counted(*pages, standing=having(0, 0))
    assert some(found, "o pages ordered", "o order") == {
        "o pages ordered": "3/7", "o pages ordered on 2026-01-02": "1/2",
        "o order 1 pages": "2/7", "o order 1 pages on 2026-01-02": "1/2", "o order 1 videos": "2/15",
        "o order 2 pages": "2/7", "o order 2 pages on 2026-01-02": "1/2", "o order 2 videos": "2/15",
    }  # fmt: skip


def test_a_day_that_no_calendar_has() -> None:
    late = replace(ordered(0, 1), time=2**53 - 1)
    assert "o order 1 pages on day-104249991" in counted(late, standing=having(0))


def test_acts_and_what_auditors_said() -> None:
    ended = Order(
        time=TIME, order=1, video=5, regions=(), begins=0, until=1, cap=1, label="x", ended=True,
        note=signed(order_end()).encode().decode(),
    )  # fmt: skip
    given = replace(ended, ended=False, note=signed(order()).encode().decode())
    said = [act(signed(finding())), act(signed(finding()), counts=False), act(signed(reveal())), given, ended]
    stands = replace(NOTHING, findings=(Placed(finding(), 0),), reveals=(Placed(reveal(), 2),))
    assert some(counted(*said, standing=stands), "p acts", "p findings", "p draw") == {
        "p acts finding": "1", "p acts refused": "1", "p acts reveal": "1", "p acts order": "1",
        "p acts order-end": "1",
        "p findings": "1", "p draw 1 pages": "250", "p draw 1 sampled": "30", "p draw 1 differing": "0",
    }  # fmt: skip
    assert some(counted(*said, standing=stands, start=1), "p findings") == {"p findings": "0"}
    assert not some(counted(*said, standing=stands, upto=2), "p draw")


def entry(note: Any, *, counts: bool = True) -> bytes:
    return public_leaf("act", Act(time=START, note=note.encode().decode(), counts=counts))


LEAF = personal_leaf("page", bytes(32))
DRAWN = [*[LEAF] * 250, entry(signed(draw()))]
"""Behind a charter, the draw is record 251."""


def test_a_draw_by_the_log_and_its_bound() -> None:
    revealed = replace(reveal(), size=252)
    numbers = {
        "p draw 1 pages": "250", "p draw 1 sampled": "30", "p draw 1 differing": "0",
        "p draw 1 tampered-at-most": "22/250",
    }  # fmt: skip
    assert some(by_log(*DRAWN, entry(signed(revealed))), "p draw") == numbers
    # Pages below `start` are pages of the draw's tree, and those above it are not.
    assert some(by_log(*DRAWN, LEAF, entry(signed(revealed)), start=252), "p draw") == numbers


@pytest.mark.parametrize("pages", [0, 249, 251, 2**63 - 1])
def test_a_draw_from_as_many_pages_as_there_are_not_has_no_bound(pages: int) -> None:
    """It would take for ever to compute, or say nothing."""
    revealed = replace(reveal(), size=252, pages=pages, sampled=pages // 2)
    found = some(by_log(*DRAWN, entry(signed(revealed))), "p draw")
    assert found == {
        "p draw 1 pages": f"{pages}", "p draw 1 sampled": f"{pages // 2}", "p draw 1 differing": "0",
    }  # fmt: skip


def test_a_draw_of_more_pages_than_a_bound_is_told_of() -> None:
    """Of one fewer it is: that one page was tampered with is ruled out, too."""
    pages = MOST_DRAWN + 1
    log = [*[LEAF] * pages, entry(signed(draw()))]
    drawn = replace(reveal(), size=pages + 2, pages=pages)
    for sampled, bound in ((pages, None), (MOST_DRAWN, f"0/{pages}")):
        found = by_log(*log, entry(signed(replace(drawn, sampled=sampled))), upto=pages + 9)
        assert found["p draw 1 sampled"] == f"{sampled}"
        assert found.get("p draw 1 tampered-at-most") == bound


def test_no_more_than_the_last_draws_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAWS", 2)
    reveals = tuple(Placed(replace(reveal(), number=number, differing=number), 0) for number in range(1, 6))
    found = counted(act(signed(reveal())), standing=replace(NOTHING, reveals=reveals))
    assert some(found, "p draw") == {
        "p draw 4 pages": "250", "p draw 4 sampled": "30", "p draw 4 differing": "4",
        "p draw 5 pages": "250", "p draw 5 sampled": "30", "p draw 5 differing": "5",
        "p draws other": "3", "p draws other sampled": "90", "p draws other differing": "6",
    }  # fmt: skip


def test_what_a_record_says_of_its_own_act_is_not_believed() -> None:
    """An operator's log can say that a stranger's reveal counts, and an auditor's finding does not."""
    revealed = signed(replace(reveal(), size=252))
    strange = [entry(signed(replace(reveal(), size=252, differing=differing), "operator")) for differing in (0, 7, 7)]
    found = by_log(
        *DRAWN, *strange, entry(revealed), entry(signed(finding()), counts=False),
        entry(signed(finding(8), "operator")), entry(signed(verification(), "operator"), counts=False),
        entry(signed(replace(reveal(), number=2, size=252))),
    )  # fmt: skip
    assert some(found, "p acts", "p findings", "p draw 1 diff", "p draw 2") == {
        "p acts draw": "1", "p acts reveal": "1", "p acts refused": "1", "p acts wrong": "6", "p findings": "0",
        "p draw 1 differing": "0",
    }  # fmt: skip


def test_what_is_no_act_is_wrong() -> None:
    bad = Act(time=START, note="no note", counts=True)
    found = by_log(public_leaf("act", bad), public_leaf("act", replace(bad, counts=False)))
    assert some(found, "p acts") == {"p acts wrong": "2"}
    found = by_log(*map(entry, APPROVED), order_entry(cap=7), entry(ORDER))
    assert some(found, "p acts order", "p acts wrong") == {"p acts wrong": "2"}


def test_orders_that_nobody_gave_are_counted_together() -> None:
    """Or a log with many made-up numbers could have a report that is larger than anybody reads."""
    found = counted(ordered(0, 1, 0, 2, 3, *range(10_000, 20_000)), ordered(0, 3), standing=having(0, 1, 2), upto=2)
    assert some(found, "o order") == {
        "o order 1 pages": "1/2", f"o order 1 pages on {DATE}": "1/2", "o order 1 videos": "1/10007",
        "o order 2 pages": "1/2", f"o order 2 pages on {DATE}": "1/2", "o order 2 videos": "1/10007",
        "o orders unknown videos": "10003/10007",
    }  # fmt: skip


def test_of_many_orders_and_arms_those_on_most_pages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ORDERS", 2)
    monkeypatch.setattr(module, "ARMS", 2)
    pages = [ordered(0, 1, 2), ordered(0, 3, 4), ordered(0, 3)]
    found = counted(*pages, standing=having(0, 0, 0, 0))
    assert {name for name in found if name.endswith("pages") and name.startswith("o order ")} == {
        "o order 1 pages", "o order 3 pages",
    }  # fmt: skip
    assert some(found, "o orders") == {"o orders other videos": "2/8"}
    arms = [page(arms=("a:1", "b:1", "c:1")), page(arms=("a:2", "b:1", "c:1")), page(arms=("a:1",))]
    assert some(counted(*arms), "o arm") == {"o arm a:1 pages": "2", "o arm b:1 pages": "2", "o arms other pages": "3"}


def test_decisions_refusals_and_accesses() -> None:
    access, refusal = EXAMPLES["access"], EXAMPLES["refusal"]
    assert isinstance(refusal, Refusal)
    decisions: list[Decision] = [restricting(1, 5), restricting(2, 6, "DE"), restricting(3, 7), lifting(1, 5)]
    backwards = replace(access, first=10, until=5)  # type: ignore[type-var]  # nothing in a log forbids it
    found = counted(
        *decisions, refusal, replace(refusal, kind="video"), access, replace(access, granted=False), backwards  # type: ignore[type-var]
    )  # fmt: skip
    assert some(found, "p decisions", "p ref", "p accesses") == {
        "p decisions removed": "2", "p decisions geo-disabled": "1", "p decisions lifted": "1",
        "p refusals": "2", "p refused impression": "3", "p refused video": "3",
        "p accesses audit granted": "2", "p accesses audit refused": "1", "p accesses audit records": "200",
    }  # fmt: skip


@pytest.mark.parametrize("entry", [b"", b"{}", b'{"k":"page","c":"short"}'])
def test_an_entry_that_is_no_records(entry: bytes) -> None:
    counting = Counting(0, 9)
    counting.take(0, entry, None)
    numbers = {(one.mark, one.name): one.value for one in counting.numbers(VERIFIED, NOTHING, (), opened=True)}
    assert (numbers[PUBLIC, "records unknown"], numbers[OPENED, "records unread"]) == ("1", "1")
