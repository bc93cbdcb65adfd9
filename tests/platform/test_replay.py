from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plainview.feed import probe as probes
from plainview.feed.heads import HEADS
from plainview.feed.probe import ProbeFailed
from plainview.journal import Ack, Draft, Entry, JournalReader, PlainSealer
from plainview.platform import replay as module
from plainview.platform.application import Application
from plainview.platform.findings import Report
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.learner import Cadence
from plainview.platform.releases import installed, installed_digest
from plainview.platform.replay import Replay
from plainview.platform.serving import Ask, Served
from plainview.records import Epoch, Event, Item, Page, Revocation, Setting
from plainview.records.fields import DASHES, to_text
from plainview.storage import SqliteRecords
from tests.platform.forging import copied, flip, forge, substitute
from tests.platform.homes import amendment, charter_of
from tests.platform.played import application, play

OTHER = to_text(bytes(31) + b"\1")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with some 250 pages, its application closed."""
    path = tmp_path_factory.mktemp("played") / "home"
    with application(path) as running:
        play(running, 250)
    return path


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    return copied(home, tmp_path / "copy")


@pytest.fixture(scope="module")
def entries(home: Path) -> list[Entry]:
    with reading(home) as journal:
        return list(journal.read())


@contextmanager
def reading(home: Path) -> Iterator[JournalReader]:
    journal = JournalReader(SqliteRecords(home, writing=False), PlainSealer())
    try:
        yield journal
    finally:
        journal.close()


def replayed(home: Path, only: int | None = None, digest: str | None = None, **options: Any) -> Report:
    with reading(home) as journal:
        return Replay(journal, installed().configuration, digest or installed_digest(), **options).run(only)


def of(entries: list[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind == kind]


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


def test_what_was_served_comes_out_again_from_the_journal_alone(home: Path, copy: Path, entries: list[Entry]) -> None:
    report = replayed(copy)
    pages = of(entries, "page")
    assert not report.differing
    assert report.sound
    assert (report.pages, report.identical, report.unreached) == (len(pages), len(pages), 0)
    assert report.records == len(entries)
    assert report.epochs == len(of(entries, "epoch"))
    assert report.snapshots >= 2
    modes = {entry.record.request.mode for entry in pages}  # type: ignore[attr-defined]
    assert modes == {"personal", "plain"}


def test_threads_change_no_result(copy: Path) -> None:
    one, four = (msgspec.structs.replace(replayed(copy, threads=n), seconds=0, cpu_seconds=0) for n in (1, 4))
    assert one == four


def test_viewers_that_are_forgotten_are_built_again(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAKE", 5)
    report = replayed(copy, residents=5)
    assert report.sound
    assert report.identical == report.pages


def test_progress_is_told_and_never_goes_back(copy: Path) -> None:
    told: list[tuple[int, int]] = []
    report = replayed(copy, advance=lambda *so_far: told.append(so_far))
    assert told == sorted(told)
    assert told[-1] == (report.records, report.pages)


def test_one_page(copy: Path, entries: list[Entry]) -> None:
    pages = of(entries, "page")
    for entry in (pages[0], pages[len(pages) // 2], pages[-1]):
        report = replayed(copy, entry.index)
        assert (report.pages, report.identical, report.differing) == (1, 1, ())
        assert report.records <= len(entries)


def test_one_page_that_is_none(copy: Path, entries: list[Entry]) -> None:
    with pytest.raises(LookupError, match="of kind charter"):
        replayed(copy, 0)
    with pytest.raises(LookupError, match=f"the journal has {len(entries)}"):
        replayed(copy, len(entries))


@pytest.fixture(scope="module")
def amended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A journal whose charter was amended between pages, and where."""
    path = tmp_path_factory.mktemp("amended") / "home"
    with application(path) as running:
        play(running, 12)
    bounds = msgspec.structs.replace(charter_of(path).bounds, now_tolerance=120_000)
    index = adopt(Home(path), amendment(path, bounds=bounds)).record
    with Application(Home(path)) as running:
        play(running, 12, seed=2)
    return path, index


def test_each_charter_holds_for_its_own_records(amended: tuple[Path, int], tmp_path: Path) -> None:
    home, charter = amended
    report = replayed(home)
    assert (report.pages, report.identical, report.differing) == (24, 24, ())
    with reading(home) as journal:
        pages = [entry.index for entry in journal.of_kind("page")]
        times = {index: journal.entry(index).time for index in pages}
    before, after = [index for index in pages if index < charter][-1], pages[-1]
    forgeries: list[tuple[int, str, dict[str, int]]] = [
        (before, "bounds: charter", {"charter": charter}),
        (after, "bounds: charter", {"charter": 0}),
        (before, "bounds: clock", {"now": times[before] - 60_000}),
        (after, "", {"now": times[after] - 60_000}),  # by its own charter it may
    ]
    for number, (index, stage, fields) in enumerate(forgeries):
        copy = copied(home, tmp_path / str(number))
        forge(copy, index, **fields)
        found = {one.stage for one in replayed(copy).differing if one.index == index}
        assert {one for one in found if one.startswith("bounds")} == {stage} - {""}


def test_an_amendment_that_is_not_in_force_is_named(amended: tuple[Path, int], tmp_path: Path) -> None:
    home, charter = amended
    with reading(home) as journal:
        note = journal.entry(charter).record.note  # type: ignore[attr-defined]
    cut = note[: note.rstrip("\n").rindex("\n") + 1]
    copy = copied(home, tmp_path / "copy")
    forge(copy, charter, note=cut)
    report = replayed(copy)
    assert report.differing[0].index == charter
    assert "charter 1: signatures are missing: 1 more of partner" in report.differing[0].detail
    # The one before stays in force, and all that cites this one differs.
    assert report.identical == 12
    assert {difference.stage for difference in report.differing} == {"bounds: charter"}


# One flipped bit of any stored input.

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


def test_a_missing_record_is_named(copy: Path, entries: list[Entry]) -> None:
    with sqlite3.connect(copy / "journal.sqlite") as store:
        store.execute("DELETE FROM records WHERE idx = 400")
    store.close()
    report = replayed(copy)
    assert (report.differing[0].index, report.differing[0].stage) == (400, "journal: index")


def test_a_gap_is_one_finding_however_wide(copy: Path, entries: list[Entry]) -> None:
    far, size = 2**53 - 1, len(entries)
    with sqlite3.connect(copy / "journal.sqlite") as store:
        store.execute("DELETE FROM records WHERE idx BETWEEN 400 AND 402")
        store.execute(f"INSERT INTO records SELECT {far}, time, kind, owner, NULL, leaf, hash, body FROM records "
                      "WHERE kind = 'setting' LIMIT 1")  # fmt: skip
    store.close()
    report = replayed(copy)
    gaps = [(found.index, found.detail) for found in report.differing if found.stage == "journal: index"]
    assert gaps == [
        (400, "records 400 to 402 are missing"),
        (size, f"records {size} to {far - 1} are missing"),
    ]
    assert report.differing[-1].index == far
    assert (report.records, report.missing) == (size - 3 + 1, far - size + 3)


# Records changed so that every hash fits: what computing again is for.


def replace_item(page: Page, place: int, **fields: object) -> tuple[Item, ...]:
    items = list(page.items)
    items[place] = msgspec.structs.replace(items[place], **fields)
    return tuple(items)


def other_part(page: Page, place: int, head: str) -> tuple[Item, ...]:
    parts = list(page.items[place].parts)
    parts[HEADS.index(head)] ^= 1
    return replace_item(page, place, parts=tuple(parts))


FORGERIES: list[tuple[str, Callable[[Page], bool], Callable[[Page], dict[str, Any]]]] = [
    ("bounds: revoked", personal, lambda page: {"release": OTHER}),
    ("bounds: session", personal, lambda page: {"previous": DASHES}),
    ("bounds: clock", personal, lambda page: {"now": page.now - 60_000}),
    ("bounds: epoch", personal, lambda page: {"epoch_digest": OTHER}),
    ("bounds: epoch", personal, lambda page: {"epoch": 10**6}),
    ("bounds: charter", personal, lambda page: {"charter": 1}),
    ("receipt: policy", personal, lambda page: {"policy": page.policy + 1}),
    ("receipt: pinned", personal, lambda page: {"pinned": page.epoch + 1}),
    ("receipt: pinned", plain, lambda page: {"pinned": page.pinned + 1}),
    ("receipt: arms", personal, lambda page: {"arms": ("a",)}),
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
    assert min(stages) > event.index
    assert all(stage.startswith(("epoch", "viewer state")) for stage in stages.values())


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


def test_another_release_is_inconclusive_and_never_identical(copy: Path, entries: list[Entry]) -> None:
    report = replayed(copy, digest=OTHER)
    pages = len(of(entries, "page"))
    assert report.inconclusive == {installed_digest(): pages}
    assert report.identical == 0
    assert report.sound


def test_epochs_that_another_release_may_have_made_are_inconclusive(copy: Path, entries: list[Entry]) -> None:
    event = of(entries, "event")[10]
    forge(copy, event.index, watched=4_242)
    report = replayed(copy, digest=OTHER)
    assert sum(report.inconclusive.values()) == len(of(entries, "page"))
    assert not report.differing


def test_pages_after_their_release_was_revoked(copy: Path, entries: list[Entry]) -> None:
    # The fence would let none of them in: an earlier decision is made into a revocation afterwards.
    decision = of(entries, "decision")[-1]
    after = [entry.index for entry in of(entries, "page") if entry.index > decision.index]
    substitute(copy, decision.index, Revocation(time=decision.time, digest=installed_digest(), reason="a test"))
    stages = {found.index: found.stage for found in replayed(copy).differing}
    assert [index for index, stage in stages.items() if stage == "bounds: revoked"] == after
    assert min(stages) > decision.index


def test_a_page_whose_viewer_went_on_while_it_was_ranked(tmp_path: Path) -> None:
    """Its state is older than the epoch it pins: it is rebuilt from the viewer's own records."""
    with application(tmp_path / "home") as running:
        play(running, 30)
        standing = running.residency.standing(1)
        setting = Setting(time=0, viewer=1, id=to_text(b"x" * 16), setting="follow", target=3)
        (written,) = running.journal.append([Draft(setting)])
        assert isinstance(written, Ack)
        while running.epoch.upto <= written.index:
            assert running.wait_for(running.epoch.epoch + 1, 10)
        ask = Ask(viewer=1, session=to_text(b"s" * 16), n=0, nonce=to_text(b"n" * 16), limit=5)
        served, _ = running.serving._attempt(ask, standing, None)
        assert isinstance(served, Served)
        page = served.entry.record
        assert isinstance(page, Page)
        assert page.viewer_upto <= written.index
    report = replayed(tmp_path / "home")
    assert report.sound
    assert report.identical == report.pages


def test_no_thread_ranks_whose_arithmetic_differs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()

    def counted() -> None:
        threads.add(threading.get_ident())
        probes.probe()

    monkeypatch.setattr(module, "probe", counted)
    assert replayed(copy, threads=2).sound
    assert len(threads) >= 2

    def failing() -> None:
        raise ProbeFailed("this thread")

    monkeypatch.setattr(module, "probe", failing)
    with pytest.raises(ProbeFailed):
        replayed(copy)


@pytest.mark.parametrize("pages", [1_500, pytest.param(10_000, marks=pytest.mark.soak)])
def test_no_page_sees_half_an_epoch(tmp_path: Path, pages: int) -> None:
    """Threads rank while epochs land as fast as they can: a torn read would not come out again."""
    path = tmp_path / "home"
    with application(path, Cadence(0.02, 40, 50)) as running:
        play(running, pages, threads=4, seed=7)
        epochs = running.epoch.epoch
    report = replayed(path, threads=2)
    assert report.sound, report.differing[:3]
    assert report.identical == report.pages == pages
    assert epochs > pages / 50
