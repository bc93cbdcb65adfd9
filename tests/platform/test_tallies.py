"""Counts of feed requests: exact wherever a range is cut, never doubled, and said to be lost where they are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from plainview.journal import Ack, Fence, Journal, PlainSealer
from plainview.oversight.tallies import Lost, Off, Reconciling
from plainview.platform import tallies as counting
from plainview.platform.faults import Fault
from plainview.platform.tallies import Tallies
from plainview.records import Tally
from plainview.storage import SqliteRecords, StoreFailed, StoreFull
from tests.journal.drafts import FIRST_EPOCH, NOW, page, release, viewer
from tests.platform.faulty import Faulty
from tests.platform.homes import begun
from tests.platform.played import application as played
from tests.platform.played import play
from tests.platform.towns import ask, open_town, page_of, populate, token, until

NEVER = 3600.0


@contextmanager
def journal_in(path: Path) -> Iterator[Journal]:
    """One in which pages may be served."""
    with closing(
        Journal(SqliteRecords(path, writing=True), PlainSealer(), Fence(10_000, 2000), lambda: NOW)
    ) as journal:
        if not journal.size:
            journal.append([release(), FIRST_EPOCH])
        yield journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path / "journal") as journal:
        yield journal


def serve(journal: Journal, tallies: Tallies, session: int) -> int:
    """A page that is ranked, written down and answered."""
    with tallies.answering() as answer:
        with tallies.ranking() as ranking:
            ranking.index = append(journal, session)
        answer.status, answer.index = 200, ranking.index
    return ranking.index


def append(journal: Journal, session: int) -> int:
    (outcome,) = journal.append([page(session=session)])
    assert isinstance(outcome, Ack), outcome
    return outcome.index


def written(journal: Journal) -> list[Tally]:
    return [entry.record for entry in journal.of_kind("tally") if isinstance(entry.record, Tally)]


def reconciled(journal: Journal) -> tuple[Reconciling, list[Off | Lost]]:
    """What the partner makes of it."""
    log, found = Reconciling(), []
    for index, leaf in enumerate(journal.leaves(0, journal.size)):
        found += log.take(index, leaf)
    return log, found


def test_what_a_request_is_counted_as(journal: Journal) -> None:
    tallies = Tallies(journal, NEVER)
    for session in (1, 2, 3):
        serve(journal, tallies, session)
    for status in (200, 200, 404, 400, 422, 410, 503, 500, 0):
        with tallies.answering() as answer:
            answer.status = status
    for thrown in ("stale", "ineligible", "stale", "repeated"):
        with tallies.ranking() as ranking:
            ranking.thrown = thrown
    with pytest.raises(ZeroDivisionError), tallies.ranking():
        1 // 0  # noqa: B018 - what breaks off
    tallies.close()
    (one,) = written(journal)
    assert (one.first, one.upto, one.lost) == (0, 5, False)
    assert (one.served, one.repeated, one.refused, one.closed, one.failed) == (3, 2, 3, 1, 2)
    assert (one.rankings, one.thrown) == (8, (("error", 1), ("ineligible", 1), ("repeated", 1), ("stale", 2)))
    assert reconciled(journal)[1] == []


def test_nothing_is_written_where_nothing_was_asked(journal: Journal) -> None:
    tallies = Tallies(journal, 0.0)
    tallies.start()
    journal.append([viewer(1)])
    tallies.close()
    assert written(journal) == []


def test_ranges_follow_on_one_another_over_starts(tmp_path: Path) -> None:
    for turn in range(3):
        with journal_in(tmp_path) as journal:
            tallies = Tallies(journal, NEVER)
            serve(journal, tallies, turn)
            tallies.close()
            tallies.close()
            assert [one.served for one in written(journal)] == [1] * (turn + 1)
            assert reconciled(journal)[1] == []


def test_a_page_is_counted_where_its_receipt_is(journal: Journal) -> None:
    """One is cut between its receipt and its answer, one between its ranking and its receipt."""
    tallies = Tallies(journal, NEVER)
    serve(journal, tallies, 1)
    with tallies.answering() as before, tallies.answering() as behind, tallies.ranking() as late:
        with tallies.ranking() as ranking:
            ranking.index = before.index = append(journal, 2)
        tallies._cut_now()
        assert tallies._cut is not None
        assert before.index < tallies._cut.upto == journal.size
        late.index = behind.index = append(journal, 3)
        before.status = behind.status = 200
        serve(journal, tallies, 4)
        assert not tallies._drained(0.0)
    tallies.close()
    assert [(one.served, one.rankings) for one in written(journal)] == [(2, 2), (2, 2)]
    assert reconciled(journal)[1] == []


def test_a_tally_waits_for_what_came_before_it_and_for_nothing_else(journal: Journal) -> None:
    tallies = Tallies(journal, 0.0)
    with ExitStack() as slow, ExitStack() as slower:
        slow.enter_context(tallies.answering())
        tallies.start()
        serve(journal, tallies, 1)
        until(lambda: tallies._cut is not None)
        slower.enter_context(tallies.answering())
        assert written(journal) == []
        slow.close()
        until(lambda: written(journal))
    tallies.close()
    assert [(one.served, one.rankings) for one in written(journal)] == [(1, 1)]
    assert reconciled(journal)[1] == []


def test_a_request_that_holds_a_range_up_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "SLOW", 0.05)
    tallies = Tallies(journal, 0.0)
    with tallies.answering():
        serve(journal, tallies, 1)
        tallies.start()
        until(lambda: tallies.trouble)
        assert tallies.trouble.startswith("a feed request has been open for more than 0 seconds: ")
        assert written(journal) == []
    until(lambda: not tallies.trouble)
    assert [(one.lost, one.served) for one in written(journal)] == [(False, 1)]
    tallies.close()


def test_for_too_long_its_range_is_lost_and_no_page_of_it_is_counted_later(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("SLOW", "GIVEN_UP"):
        monkeypatch.setattr(counting, limit, 0.05)
    tallies = Tallies(journal, 0.0)
    with ExitStack() as stuck:
        shown, asked = (stuck.enter_context(tallies.answering()) for _ in range(2))
        with tallies.ranking() as ranking:
            ranking.index = shown.index = append(journal, 1)
        tallies.start()
        until(lambda: written(journal))
        until(lambda: tallies._cut is None)
        serve(journal, tallies, 2)
        until(lambda: len(written(journal)) == 2)  # though they are not done yet
        asked.index, asked.status, shown.status = append(journal, 3), 200, 200
        with tallies.ranking() as ranking:
            ranking.index = asked.index
    tallies.close()
    assert [(one.lost, one.served, one.rankings) for one in written(journal)] == [(True, 0, 0)] + [(False, 1, 1)] * 2
    log, found = reconciled(journal)
    assert found == [Lost(3, 0, 3, 1)]
    assert (log.counted, log.before, log.uncounted) == (2, 1, 0)


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_answered_after_its_range_was_written_is_counted_in_no_other(journal: Journal, lost: bool) -> None:
    """The requests' own range was given up, and the next, where the receipt lies, does not wait for them."""
    tallies = Tallies(journal, NEVER)
    serve(journal, tallies, 1)
    with ExitStack() as stuck:
        before, behind, latest, failing = (stuck.enter_context(tallies.answering()) for _ in range(4))
        with tallies.ranking() as ranking:
            ranking.index = before.index = append(journal, 2)
        tallies._cut_now()
        with tallies.ranking() as ranking:
            ranking.index = behind.index = append(journal, 3)
        assert tallies._write(lost=True)
        serve(journal, tallies, 4)
        tallies._cut_now()
        assert tallies._drained(0.0)
        assert tallies._write(lost=lost)
        with tallies.ranking() as ranking:
            ranking.index = latest.index = append(journal, 5)
        before.status = behind.status = latest.status = 200
        failing.status = 503
    tallies.close()
    counted = [(one.lost, one.served, one.failed, one.rankings) for one in written(journal)]
    assert counted == [(True, 0, 0, 0), (True, 0, 0, 0) if lost else (False, 1, 0, 2), (False, 1, 1, 1)]
    given_up = [one for one in reconciled(journal)[1] if isinstance(one, Lost)]
    assert reconciled(journal)[1] == given_up
    assert [one.pages for one in given_up] == [2, 2][: 1 + lost]


@pytest.mark.parametrize("later", [False, True])
def test_a_ranking_that_is_not_done_holds_up_the_ranges_after_a_lost_one_too(journal: Journal, later: bool) -> None:
    tallies = Tallies(journal, NEVER)
    serve(journal, tallies, 1)
    with tallies.answering(), tallies.ranking() as late:
        if not later:
            late.index = append(journal, 2)
        tallies._cut_now()
        assert tallies._write(lost=True)
        serve(journal, tallies, 3)
        if later:
            late.index = append(journal, 2)
        tallies._cut_now()
        assert not tallies._drained(0.0)
    tallies.close()
    counted = [(one.lost, one.served, one.rankings) for one in written(journal)]
    assert counted == [(True, 0, 0), (False, 1, 1 + later)]
    assert reconciled(journal)[1] == [Lost(tally_of(journal), 0, 3 if later else 4, 1 if later else 2)]


def tally_of(journal: Journal) -> int:
    """The index of the first."""
    return next(journal.of_kind("tally")).index


def test_many_at_once_with_cuts_at_any_moment(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "RECORDS", 7)
    tallies = Tallies(journal, 0.002)
    journal.watch(tallies.observe)
    tallies.start()

    def live(part: int) -> None:
        for turn in range(60):
            serve(journal, tallies, 1_000 * part + turn)
            with tallies.ranking() as ranking:
                ranking.thrown = "stale"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(live, range(1, 7)))
    tallies.close()
    log, found = reconciled(journal)
    assert (found, log.counted, log.uncounted) == ([], 360, 0)
    tally = written(journal)
    assert len(tally) > 10
    assert sum(one.served for one in tally) == 360
    assert sum(one.rankings for one in tally) == 720


def test_a_range_that_grows_long_is_cut_before_its_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "RECORDS", 20)
    tallies = Tallies(journal, NEVER)
    journal.watch(tallies.observe)
    tallies.start()
    journal.append([viewer(number) for number in range(10)])
    serve(journal, tallies, 1)
    assert tallies._cut is None
    journal.append([viewer(number) for number in range(10)])
    until(lambda: written(journal))
    journal.append([viewer(number) for number in range(30)])
    tallies.close()
    assert len(written(journal)) == 1


def test_after_a_crash_it_says_what_was_lost_and_counts_on(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        tallies = Tallies(journal, NEVER)
        serve(journal, tallies, 1)
        tallies.close()
        serve(journal, tallies, 2)
        serve(journal, tallies, 3)
        size = journal.size
    for _ in range(2):  # it says so once
        with journal_in(tmp_path) as journal:
            tallies = Tallies(journal, NEVER)
            assert [one.lost for one in written(journal)] == [False, True]
    with journal_in(tmp_path) as journal:
        tallies = Tallies(journal, NEVER)
        serve(journal, tallies, 4)
        tallies.close()
        log, found = reconciled(journal)
    assert found == [Lost(size, 3, size, 2)]
    assert (log.counted, log.lost, log.uncounted) == (2, 2, 0)


def test_a_full_disk_loses_no_count(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "AGAIN", 0.01)
    tallies = Tallies(journal, 0.0)
    serve(journal, tallies, 1)
    journal._store = full = Faulty(journal._store, "append")  # type: ignore[assignment]
    full.error = StoreFull("no space left")
    tallies.start()
    until(lambda: tallies.trouble)
    assert tallies.trouble == "what became of feed requests cannot be written down: no space left"
    with tallies.answering() as answer:
        answer.status = 503
    full.error = None
    until(lambda: len(written(journal)) == 2)
    until(lambda: not tallies.trouble)
    tallies.close()
    assert [(one.served, one.failed) for one in written(journal)] == [(1, 0), (0, 1)]


def test_a_journal_that_has_stopped_ends_it(journal: Journal) -> None:
    tallies = Tallies(journal, 0.0)
    serve(journal, tallies, 1)
    journal.stop(OSError("gone"))
    tallies.start()
    assert tallies._thread is not None
    tallies._thread.join(10)
    assert not tallies._thread.is_alive()
    tallies.close()
    assert written(journal) == []


def test_what_a_platform_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, repeated ones, refused ones, and those that are ranked again."""
    with open_town(tmp_path / "home", tally_every=NEVER) as town:
        populate(town)
        session = token()
        page_of(town, session=session)
        town.serving.page(ask(session=session))
        with pytest.raises(Fault):
            town.serving.page(ask(session=session, n=7))
        real, codes = town.serving._append, iter(["stale", "ineligible"])

        def refusing(one: Any) -> Any:
            code = next(codes, None)
            return real(one) if code is None else (code, "a test")

        monkeypatch.setattr(town.serving, "_append", refusing)
        monkeypatch.setattr("plainview.platform.serving.PATIENCE", 0.0)
        page_of(town)
        journal = town.journal
        town.tallies.close()
        (one,) = written(journal)
        assert (one.served, one.rankings, one.thrown) == (0, 4, (("ineligible", 1), ("stale", 1)))
        assert reconciled(journal)[1] == []


def test_a_receipt_that_cannot_be_read_back_is_counted(tmp_path: Path) -> None:
    """It was to be handed on, but another request for the same page has taken it."""
    with open_town(tmp_path / "home", tally_every=NEVER) as town:
        populate(town)
        serving, journal = town.serving, town.journal

        class Twice:
            last_time = journal.last_time

            def append(self, drafts: Any) -> Any:
                outcomes = journal.append(drafts)
                serving._journal = again = Faulty(journal, "entry")  # type: ignore[assignment]
                assert not serving._append(drafts[0].record).fresh  # type: ignore[union-attr]
                again.error = StoreFailed("disk I/O error")
                return outcomes

            def entry(self, *given: Any, **how: Any) -> Any:
                raise StoreFailed("disk I/O error")

        serving._journal = Twice()  # type: ignore[assignment]
        with pytest.raises(StoreFailed):
            page_of(town)
        town.tallies.close()
        (one,) = written(journal)
        assert (one.served, one.rankings, one.thrown) == (0, 1, ())
        assert reconciled(journal)[1] == []


def test_a_platform_played_on_by_many_is_counted_exactly(tmp_path: Path) -> None:
    with played(tmp_path / "home") as running:
        running.tallies._interval = 0.05
        play(running, 90)
    with closing(begun(tmp_path / "home").read()) as journal:
        leaves = journal.leaves(0, journal.size)
        log, found = Reconciling(), []
        for index, leaf in enumerate(leaves):
            found += log.take(index, leaf)
        assert (found, log.counted, log.uncounted) == ([], 90, 0)
        assert log.tallies > 2
