from __future__ import annotations

from pathlib import Path

import pytest

from plainview.feed.probe import ProbeFailed
from plainview.journal import Ack, Draft, Entry
from plainview.learning import rerun
from plainview.platform.learner import Cadence
from plainview.platform.releases import installed_digest
from plainview.platform.serving import Ask, Served
from plainview.records import Page, Setting
from plainview.records.fields import to_text
from tests.platform.forging import forge
from tests.platform.played import application, play
from tests.platform.second import SECOND
from tests.platform.signing import of_viewer
from tests.replay.replays import of, replayed


def test_what_was_served_comes_out_again_from_the_journal_alone(copy: Path, entries: list[Entry]) -> None:
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


def test_viewers_that_are_forgotten_are_built_again(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerun, "TAKE", 5)
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


def test_another_release_is_inconclusive_and_never_identical(copy: Path, entries: list[Entry]) -> None:
    report = replayed(copy, release=SECOND)
    pages = len(of(entries, "page"))
    assert report.inconclusive == {installed_digest(): pages}
    assert report.identical == 0
    assert report.sound


def test_epochs_that_another_release_may_have_made_are_inconclusive(copy: Path, entries: list[Entry]) -> None:
    forge(copy, of(entries, "video")[10].index, duration=4_242)
    assert {found.stage for found in replayed(copy).differing} >= {"epoch: delta"}
    report = replayed(copy, release=SECOND)
    assert sum(report.inconclusive.values()) == len(of(entries, "page"))
    assert not report.differing


def test_a_page_whose_viewer_went_on_while_it_was_ranked(tmp_path: Path) -> None:
    """Its state is older than the epoch it pins: it is rebuilt from the viewer's own records."""
    with application(tmp_path / "home") as running:
        play(running, 30)
        standing = running.residency.standing(1)
        setting = Setting(time=0, **of_viewer(1).chosen(to_text(b"x" * 16), "follow", 3))
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


def test_nothing_is_computed_where_arithmetic_differs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise ProbeFailed("here")

    monkeypatch.setattr(rerun, "probe", failing)
    with pytest.raises(ProbeFailed):
        replayed(copy)


@pytest.mark.parametrize("pages", [1_500, pytest.param(10_000, marks=pytest.mark.soak)])
def test_no_page_sees_half_an_epoch(tmp_path: Path, pages: int) -> None:
    """Threads rank while epochs land as fast as they can: a torn read would not come out again."""
    path = tmp_path / "home"
    with application(path, Cadence(0.02, 40, 50)) as running:
        play(running, pages, threads=4, seed=7)
        epochs = running.epoch.epoch
    report = replayed(path, cores=2)
    assert report.sound, report.differing[:3]
    assert report.identical == report.pages == pages
    assert epochs > pages / 50
