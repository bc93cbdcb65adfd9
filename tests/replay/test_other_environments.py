"""What differs on another machine than the one that served it says nothing until golden vectors come out there."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.journal import Entry
from plainview.platform.releases import environment_digest, installed, installed_digest
from plainview.records import Epoch, Page
from plainview.records.digests import epoch_digest
from plainview.records.fields import to_bytes, to_text
from plainview.replay import incumbent
from plainview.replay.bundled import BundleFailed
from tests.platform.forging import forge
from tests.replay.replays import OTHER, of, replayed


@pytest.fixture
def changed(copy: Path, entries: list[Entry]) -> int:
    """The index of a page that is not what was ranked, the last: no epoch rests on it."""
    page = of(entries, "page")[-1]
    assert isinstance(page.record, Page)
    forge(copy, page.index, items=page.record.items[:-1])
    return page.index


def come_to(monkeypatch: pytest.MonkeyPatch, digest: str) -> list[object]:
    """Have the golden vectors come to that here; what they were computed for."""
    computed: list[object] = []
    monkeypatch.setattr(incumbent, "_computed_here", lambda release: computed.append(release) or digest)
    return computed


def test_where_they_do_not_come_out_it_is_inconclusive(
    copy: Path, changed: int, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = come_to(monkeypatch, OTHER)
    report = replayed(copy, environment=OTHER)
    assert changed not in {one.index for one in report.differing}
    assert computed == [installed()]  # once
    (release,) = report.inconclusive
    assert release == installed_digest()
    assert report.pages == report.identical + report.inconclusive[release] + len(of_pages(report.differing, entries))
    told = f"its golden vectors come to {OTHER} on this machine, and by its manifest to {installed().manifest.golden}"
    assert report.why_inconclusive == {release: told}


def of_pages(differing: object, entries: list[Entry]) -> list[int]:
    pages = {entry.index for entry in of(entries, "page")}
    return [one.index for one in differing if one.index in pages]  # type: ignore[attr-defined]


def test_where_they_do_it_is_found(copy: Path, changed: int) -> None:
    report = replayed(copy, environment=OTHER)  # they are computed in earnest
    assert {one.index: one.stage for one in report.differing}[changed] == "selection: order"
    assert report.inconclusive == {}


def test_in_the_environment_that_served_it_they_are_not_asked_for(
    copy: Path, changed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = come_to(monkeypatch, OTHER)
    report = replayed(copy, changed, environment=environment_digest())
    assert {one.index: one.stage for one in report.differing} == {changed: "selection: order"}
    assert computed == []


def test_a_world_that_comes_out_otherwise(copy: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    last = of(entries, "epoch")[-1]
    assert isinstance(last.record, Epoch)
    other = to_text(epoch_digest(to_bytes(last.record.parent), last.record.upto, to_bytes(OTHER)))
    forge(copy, last.index, delta=OTHER, digest=other)
    found = {one.index: one.stage for one in replayed(copy, environment=environment_digest()).differing}
    assert found[last.index] == "epoch: delta"
    come_to(monkeypatch, OTHER)
    report = replayed(copy, environment=environment_digest())
    assert last.index not in {one.index for one in report.differing}
    assert installed_digest() in report.inconclusive


def test_where_they_cannot_be_computed_it_is_inconclusive(
    copy: Path, changed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> str:
        raise BundleFailed("it gave up")

    monkeypatch.setattr(incumbent, "_computed_here", fails)
    report = replayed(copy, changed, environment=OTHER)
    assert report.differing == ()
    assert report.why_inconclusive == {installed_digest(): "its bundle cannot be run: it gave up"}
