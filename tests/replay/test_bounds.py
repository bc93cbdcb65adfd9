"""What the fence refuses is found by replay, where it is in the journal all the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from plainview.journal import Entry
from plainview.keys.client_viewer import ClientViewer
from plainview.platform.application import Application
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.releases import installed_digest
from plainview.records import UNSIGNED, Act, Event, Page, Setting, Viewer
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.replay import bounds
from tests.platform.forging import copied, forge, substitute
from tests.platform.homes import amendment, charter_of
from tests.platform.parties import Parties
from tests.platform.played import application, play
from tests.platform.signing import of_viewer
from tests.replay.replays import of, reading, replayed


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


def test_pages_after_their_release_was_revoked(served: Path, copy: Path, entries: list[Entry]) -> None:
    # The fence would let none of them in: an earlier decision is made into a revocation afterwards.
    decision = of(entries, "decision")[-1]
    pages = [(entry.index, entry.record) for entry in of(entries, "page") if entry.index > decision.index]
    after = [index for index, page in pages if isinstance(page, Page) and page.grounds]
    parties = Parties(served)
    stop = parties.signed(parties.revocation(to_bytes(installed_digest())), "partner")
    substitute(copy, decision.index, Act(time=decision.time, note=stop.note, counts=True))
    stages = {found.index: found.stage for found in replayed(copy).differing}
    assert [index for index, stage in stages.items() if stage == "bounds: licence"] == after != []
    assert min(stages) > decision.index


def test_what_an_operator_says_for_a_viewer(copy: Path, entries: list[Entry], tmp_path: Path) -> None:
    events = [entry for entry in of(entries, "event") if isinstance(entry.record, Event)]
    one, other = events[0], next(entry for entry in events if entry.record.page != events[0].record.page)  # type: ignore[attr-defined]
    assert isinstance(one.record, Event)
    assert isinstance(other.record, Event)
    viewers = {entry.record.viewer for entry in of(entries, "page")}  # type: ignore[attr-defined]
    forgeries: list[tuple[str, dict[str, object]]] = [
        ("event: signature", {"watched": one.record.watched + 1}),
        ("event: signature", {"id": other.record.id}),
        ("event: key", {"key": to_text(bytes(32))}),
        ("event: page", {"page": 0}),
        ("event: page", {"page": one.index + 1}),
        ("event: page", {"viewer": min(viewers - {one.record.viewer})}),
        ("event: position", {"position": 29}),
        ("event: position", {"video": one.record.video + 1}),
    ]
    for number, (stage, fields) in enumerate(forgeries):
        forged = copied(copy, tmp_path / str(number))
        forge(forged, one.index, **fields)
        assert stage in {found.stage for found in replayed(forged).differing if found.index == one.index}


def test_what_an_operator_has_a_viewer_choose_and_tell(copy: Path, entries: list[Entry], tmp_path: Path) -> None:
    setting = next(entry for entry in of(entries, "setting") if isinstance(entry.record, Setting))
    assert isinstance(setting.record, Setting)
    viewer = next(entry for entry in of(entries, "viewer") if entry.owner == setting.owner)
    assert isinstance(viewer.record, Viewer)
    other = of_viewer(setting.record.viewer + 1)
    stolen = ClientViewer(setting.record.viewer, bytes(32))
    forgeries: list[tuple[int, str, dict[str, object]]] = [
        (setting.index, "setting: signature", {"target": setting.record.target + 1}),
        (setting.index, "setting: signature", {"setting": "unblock"}),
        (setting.index, "setting: signature", {"viewer": other.viewer}),
        (setting.index, "setting: signature", stolen.chosen(setting.record.id, "block", 3)),
        (viewer.index, "viewer: signature", {"mode": "plain" if viewer.record.mode == "personal" else "personal"}),
        (viewer.index, "viewer: signature", {"region": "FR"}),
        (viewer.index, "viewer: signature", {"key": other.key}),
        (viewer.index, "viewer: id", {"key": DASHES}),
        (viewer.index, "viewer: signature", {"signature": UNSIGNED["signature"]}),
        # Nobody's key any more: so what they chose is nobody's.
        (viewer.index, "setting: viewer", UNSIGNED),
        # Another's key: it is not what signed the choice.
        (viewer.index, "setting: signature", stolen.told(viewer.record.id, viewer.record.region, "18+", "personal")),
    ]
    for number, (index, stage, fields) in enumerate(forgeries):
        forged = copied(copy, tmp_path / str(number))
        forge(forged, index, **fields)
        about = setting.index if stage.startswith("setting") else index
        assert stage in {found.stage for found in replayed(forged).differing if found.index == about}


def test_a_viewer_is_turned_to_plain_pages_by_nobody_else(copy: Path, entries: list[Entry], tmp_path: Path) -> None:
    """In the place of a setting of theirs a registration is put in: without a signature, and by another key."""
    setting = of(entries, "setting")[0]
    assert isinstance(setting.record, Setting)
    number = setting.record.viewer
    told = ClientViewer(number, bytes(32)).told(setting.record.id, "US", "18+", "plain")
    unsigned = {"viewer": number, "region": "US", "age": "18+", "mode": "plain"} | UNSIGNED
    for name, fields in (("unsigned", unsigned), ("another", told)):
        forged = copied(copy, tmp_path / name)
        substitute(forged, setting.index, Viewer(time=setting.record.time, **fields))
        assert "viewer: key" in {found.stage for found in replayed(forged).differing if found.index == setting.index}


def test_a_page_or_key_out_of_mind_is_looked_up_in_the_journal(
    copy: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "PAGES", 1)
    monkeypatch.setattr(bounds, "KEYS", 1)
    assert replayed(copy).sound
    one = of(entries, "event")[0]
    forge(copy, one.index, at=1)
    assert {found.stage for found in replayed(copy).differing if found.index == one.index} == {"event: signature"}
