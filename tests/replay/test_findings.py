"""What is wrong is named by its record: one flipped bit as such, what was made to fit by its first stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plainview.feed.heads import HEADS
from plainview.journal import Entry
from plainview.records import Epoch, Event, Item, Page
from plainview.records.fields import DASHES
from plainview.replay.counted import Counted
from tests.platform.forging import execute, flip, forge
from tests.replay.replays import OTHER, of, replayed

FLIPS = [
    ("event", "body", 8 * 32 + 90),
    ("event", "body", 5),  # its salt
    ("page", "body", 8 * 32 + 500),
    ("page", "body", 77),  # its salt
    ("epoch", "body", 300),
    ("video", "body", 8 * 32 + 444),
    ("video", "body", 255),  # its salt
    ("viewer", "body", 8 * 32 + 130),
    ("setting", "body", 8 * 32 + 130),
    ("decision", "body", 130),
    ("release", "body", 1001),
    ("charter", "body", 333),
    ("event", "leaf", 200),
    ("page", "hash", 17),
    ("event", "key", 33),
    ("event", "time", 0),
    ("video", "owner", 64),
    ("event", "kind", 3),
]


@pytest.mark.parametrize(("kind", "column", "bit"), FLIPS, ids=lambda value: str(value))
def test_one_flipped_bit_is_named_and_nothing_else(
    copy: Path, entries: list[Entry], kind: str, column: str, bit: int
) -> None:
    there = of(entries, kind)
    index = there[len(there) // 2].index
    flip(copy, index, column, bit)
    report = replayed(copy)
    assert [found.index for found in report.differing] == [index]
    assert report.differing[0].stage.startswith("journal: ")
    assert not report.sound
    total = len(of(entries, "page")) - (kind == "page")
    assert report.pages == total
    assert report.identical + report.unreached == total
    # What was served before the damage does not rest on it.
    before = [entry for entry in of(entries, "page") if entry.index < index]
    epochs = {entry.record.epoch: entry.record.upto for entry in of(entries, "epoch")}  # type: ignore[attr-defined]
    assert report.identical >= sum(epochs[entry.record.epoch] <= index for entry in before)  # type: ignore[attr-defined]


def test_a_salt_and_a_body_are_told_by_their_commitment(copy: Path, entries: list[Entry]) -> None:
    events = of(entries, "event")
    flip(copy, events[3].index, "body", 9)
    assert replayed(copy).differing[0].stage == "journal: commitment"


def test_every_damaged_record_is_named(copy: Path, entries: list[Entry]) -> None:
    events = of(entries, "event")
    for place in (5, 50, 90):
        flip(copy, events[place].index, "hash", 1)
    assert [found.index for found in replayed(copy).differing] == [events[place].index for place in (5, 50, 90)]


def test_a_damaged_page_asked_for_by_its_index(copy: Path, entries: list[Entry]) -> None:
    page = of(entries, "page")[7]
    flip(copy, page.index, "body", 444)
    report = replayed(copy, page.index)
    assert [found.index for found in report.differing] == [page.index]


def test_a_missing_record_is_named(copy: Path) -> None:
    execute(copy, "DELETE FROM records WHERE idx = 400")
    report = replayed(copy)
    assert (report.differing[0].index, report.differing[0].stage) == (400, "journal: index")


def test_a_gap_is_one_finding_however_wide(copy: Path, entries: list[Entry]) -> None:
    """And however many records cite one that is missing."""
    far, size = 2**53 - 1, len(entries)
    first = next(one.record.page for one in of(entries, "event") if one.record.page > 400) - 1  # type: ignore[attr-defined]
    execute(copy, "DELETE FROM records WHERE idx BETWEEN ? AND ?", first, first + 2)
    moved = "SELECT ?, time, kind, owner, NULL, leaf, hash, body FROM records WHERE kind = 'setting' LIMIT 1"
    execute(copy, f"INSERT INTO records {moved}", far)
    report = replayed(copy)
    gaps = [(found.index, found.detail) for found in report.differing if found.stage == "journal: index"]
    assert gaps == [
        (first, f"records {first} to {first + 2} are missing"),
        (size, f"records {size} to {far - 1} are missing"),
    ]
    assert report.differing[-1].index == far
    assert (report.records, report.missing) == (size - 3 + 1, far - size + 3)


def last_of_session(entries: list[Entry], accepts: Callable[[Page], bool]) -> Entry:
    """A page after which its session has no other, so that no later receipt commits to it; one in mid-journal."""
    found: dict[str, Entry] = {}
    for entry in of(entries, "page"):
        found[entry.record.session] = entry  # type: ignore[attr-defined]
    good = [entry for entry in found.values() if isinstance(entry.record, Page) and accepts(entry.record)]
    return sorted(good, key=lambda entry: entry.index)[len(good) // 2]


def personal(page: Page) -> bool:
    return page.request.mode == "personal" and len(page.items) > 2 and page.n > 0


def plain(page: Page) -> bool:
    return page.request.mode == "plain" and page.n > 0


def ordered(page: Page) -> bool:
    return bool(page.orders)


def unordered(page: Page) -> bool:
    return personal(page) and len(page.items) == 8 and not page.orders


def by_value(page: Page) -> tuple[Item, ...]:
    """As if no order had placed one."""
    return tuple(item for item in page.items if item.selector != "ordered")


def replace_item(page: Page, place: int, **fields: object) -> tuple[Item, ...]:
    items = list(page.items)
    items[place] = msgspec.structs.replace(items[place], **fields)
    return tuple(items)


def other_part(page: Page, place: int, head: str) -> tuple[Item, ...]:
    parts = list(page.items[place].parts)
    parts[HEADS.index(head)] ^= 1
    return replace_item(page, place, parts=tuple(parts))


FORGERIES: list[tuple[str, Callable[[Page], bool], Callable[[Page], dict[str, Any]]]] = [
    ("bounds: release", personal, lambda page: {"release": OTHER}),
    ("bounds: session", personal, lambda page: {"previous": DASHES}),
    ("bounds: clock", personal, lambda page: {"now": page.now - 60_000}),
    ("bounds: epoch", personal, lambda page: {"epoch_digest": OTHER}),
    ("bounds: epoch", personal, lambda page: {"epoch": 10**6}),
    ("bounds: charter", personal, lambda page: {"charter": 1}),
    ("receipt: policy", personal, lambda page: {"policy": page.policy + 1}),
    ("receipt: pinned", personal, lambda page: {"pinned": page.epoch + 1}),
    ("receipt: pinned", plain, lambda page: {"pinned": page.pinned + 1}),
    ("receipt: arms", personal, lambda page: {"arms": ("calm:a",)}),
    ("receipt: arms", plain, lambda page: {"arms": ("calm:control",)}),
    ("receipt: orders", ordered, lambda page: {"orders": ()}),
    ("receipt: orders", ordered, lambda page: {"orders": (page.orders[0] + 1,)}),
    ("receipt: orders", ordered, lambda page: {"orders": (), "items": by_value(page)}),
    ("receipt: orders", unordered, lambda page: {"orders": (1,)}),
    ("receipt: orders", plain, lambda page: {"orders": (2,)}),
    ("selection: selector", ordered, lambda page: {"items": replace_item(page, 6, selector="value")}),
    ("selection: selector", unordered, lambda page: {"items": replace_item(page, 6, selector="ordered")}),
    ("viewer state: ", personal, lambda page: {"viewer_upto": page.viewer_upto - 1}),
    ("viewer state: viewer_upto", personal, lambda page: {"viewer_upto": page.viewer_upto + 1}),
    ("viewer state: digest", personal, lambda page: {"viewer_digest": OTHER}),
    ("viewer state: digest", plain, lambda page: {"viewer_digest": OTHER}),
    ("retrieval: fresh", personal, lambda page: {"items": replace_item(page, 1, video=77, source="fresh")}),
    ("retrieval: made-up", personal, lambda page: {"items": replace_item(page, 0, source="made-up")}),
    ("scoring: long_view", personal, lambda page: {"items": other_part(page, 0, "long_view")}),
    ("scoring: watched", personal, lambda page: {"items": other_part(page, 2, "watched")}),
    ("scoring", personal, lambda page: {"items": replace_item(page, 2, parts=())}),
    ("value", personal, lambda page: {"items": replace_item(page, 1, value=page.items[1].value ^ 1)}),
    ("selection: order", personal, lambda page: {"items": (page.items[1], page.items[0], *page.items[2:])}),
    ("selection: order", personal, lambda page: {"items": page.items[:-1]}),
    ("selection: selector", personal, lambda page: {"items": replace_item(page, 0, selector="made-up")}),
    ("selection: propensity", personal, lambda page: {"items": replace_item(page, 0, propensity=5)}),
    ("selection: order", plain, lambda page: {"items": page.items[1:]}),
    ("receipt: cursor", personal, lambda page: {"cursor": 3}),
    ("receipt: cursor", plain, lambda page: {"cursor": page.cursor + 1}),
    ("trace", personal, lambda page: {"trace": OTHER}),
    ("trace", plain, lambda page: {"trace": OTHER}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "which", "change"), FORGERIES, ids=[f"{number} {stage}" for number, (stage, _, _) in enumerate(FORGERIES)]
)
def test_a_forged_receipt_is_named_with_its_stage(
    copy: Path,
    entries: list[Entry],
    stage: str,
    which: Callable[[Page], bool],
    change: Callable[[Page], dict[str, Any]],
) -> None:
    entry = last_of_session(entries, which)
    assert isinstance(entry.record, Page)
    forge(copy, entry.index, **change(entry.record))
    report = replayed(copy, entry.index)
    (found,) = report.differing
    assert found.index == entry.index
    # One record less: either its index does not fit, or, where the one before ends there, the state.
    assert found.stage.startswith(stage) if stage.endswith(" ") else found.stage == stage
    assert (report.pages, report.identical, report.unreached) == (1, 0, 0)


def test_a_forged_nonce_limit_or_region_never_passes(copy: Path, entries: list[Entry]) -> None:
    entry = last_of_session(entries, personal)
    page = entry.record
    assert isinstance(page, Page)
    for fields in ({"nonce": "A" * 22}, {"limit": 3}, {"surface": 9}):
        forge(copy, entry.index, request=msgspec.structs.replace(page.request, **fields))
        report = replayed(copy, entry.index)
        assert [found.index for found in report.differing] == [entry.index]
        assert report.identical == 0


def test_a_page_that_missed_what_was_acknowledged(copy: Path, entries: list[Entry]) -> None:
    # The viewer's page before stands between `viewer_upto` and `acknowledged`: the operator chose an older state.
    entry = last_of_session(entries, personal)
    page = entry.record
    assert isinstance(page, Page)
    own = [
        one for one in entries if getattr(one.record, "viewer", None) == page.viewer and one.index < page.viewer_upto
    ]
    earlier = own[-2].index + 1
    request = msgspec.structs.replace(page.request, acknowledged=page.viewer_upto)
    forge(copy, entry.index, viewer_upto=earlier, request=request)
    assert replayed(copy, entry.index).differing[0].stage == "viewer state: acknowledged"


def test_a_forged_event_shows_in_the_epoch_that_folded_it(copy: Path, entries: list[Entry]) -> None:
    event = next(
        entry
        for entry in of(entries, "event")[50:]
        if isinstance(entry.record, Event) and entry.record.action == "view"
    )
    forge(copy, event.index, watched=event.record.watched + 999)  # type: ignore[attr-defined]
    report = replayed(copy)
    folded = next(entry for entry in of(entries, "epoch") if entry.record.upto > event.index)  # type: ignore[attr-defined]
    stages = {found.index: found.stage for found in report.differing}
    assert stages[folded.index] == "epoch: delta"
    assert stages[event.index] == "event: signature"
    assert min(stages) == event.index
    others = {stage for index, stage in stages.items() if index != event.index}
    assert all(stage.startswith(("epoch", "viewer state")) for stage in others)


@pytest.mark.parametrize("field", ["delta", "state"])
def test_a_forged_epoch_is_named_and_so_are_the_pages_that_pin_it(copy: Path, entries: list[Entry], field: str) -> None:
    epochs = of(entries, "epoch")[1:-1]
    if field == "state":
        epochs = [entry for entry in epochs if entry.record.state != DASHES]  # type: ignore[attr-defined]
    forged = epochs[len(epochs) // 2]
    assert isinstance(forged.record, Epoch)
    forge(copy, forged.index, **{field: OTHER})
    report = replayed(copy)
    stages = {found.index: found.stage for found in report.differing}
    assert forged.index in stages
    pinning = [entry.index for entry in of(entries, "page") if entry.record.epoch == forged.record.epoch]  # type: ignore[attr-defined]
    assert set(stages) == {forged.index, *pinning}


def test_a_release_of_whose_epochs_alone_nothing_is_known_is_not_forgotten() -> None:
    """It counts no page, and its bundle may come."""
    report = Counted(0)
    report.set_apart(OTHER, 0, "its bundle was not given")
    part, later = report.report(9, DASHES), Counted(9).report(12, DASHES)
    for whole in (part.and_then(later), later.and_then(part), part.and_then(part)):
        assert (whole.inconclusive, whole.why_inconclusive) == ({OTHER: 0}, {OTHER: "its bundle was not given"})
