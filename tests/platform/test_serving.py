from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.releases import environment_digest, installed_digest
from plainview.platform.viewers import NewSetting, NewViewer
from plainview.records import Page
from plainview.records.fields import DASHES, to_text
from tests.platform.signing import of_viewer
from tests.platform.towns import ask, event, open_town, page_of, populate, raw, registered, settled, token
from tests.records.decisions import restricting


def refused(application: Application, **fields: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        application.serving.page(ask(**fields))
    return caught.value


def test_a_page_pins_what_it_was_made_from(town: Application) -> None:
    session = token()
    first_index, first = page_of(town, session=session, limit=5)
    second = town.serving.page(ask(session=session, n=1, limit=5, acknowledged=first_index + 1)).entry
    page = second.record
    assert isinstance(page, Page)
    assert (first.previous, first.n, page.n) == (DASHES, 0, 1)
    assert page.previous == to_text(town.journal.entry(first_index).commitment or b"")
    assert (page.release, page.environment) == (installed_digest(), environment_digest())
    assert page.policy == 2  # the release is record 1
    assert page.viewer_upto == first_index + 1
    epoch = town.lineage.epoch(page.epoch)
    assert epoch is not None
    assert page.epoch_digest == epoch.digest
    assert (page.pinned, page.cursor) == (page.epoch, 0)
    assert page.request.region == "US"
    assert page.request.age == "18+"
    assert not {item.video for item in page.items} & {item.video for item in first.items}
    assert town.journal.entry(second.index) == second


def test_every_page_is_computed_again(town: Application) -> None:
    for mode in ("personal", "plain"):
        session = token()
        for n in range(4):
            index, page = page_of(town, viewer=2, session=session, n=n, mode=mode, limit=7)
            town.events.take(raw(event(index, page), event(index, page, 1, action="like", watched=0)))
            explained = town.pages.explain(index)
            assert explained.identical, explained.reason
            assert explained.entry.record == page


def test_asked_twice_the_first_page_comes_back(town: Application) -> None:
    session = token()
    first = town.serving.page(ask(session=session))
    again = town.serving.page(ask(session=session, limit=3, mode="plain"))
    assert (first.fresh, again.fresh) == (True, False)
    assert again.entry == first.entry
    page_of(town, session=session, n=1)
    assert town.serving.page(ask(session=session)).entry == first.entry
    pages = [entry for entry in town.journal.owned("viewer:1", first.entry.index) if entry.kind == "page"]
    assert [entry.record.n for entry in pages if entry.record.session == session] == [0, 1]  # type: ignore[attr-defined]


def test_two_requests_for_one_page_at_once_get_the_same(town: Application) -> None:
    for _ in range(10):
        session = token()
        start = threading.Barrier(4)

        def get(session: str = session, start: threading.Barrier = start) -> Any:
            start.wait()
            return town.serving.page(ask(viewer=3, session=session))

        with ThreadPoolExecutor(4) as pool:
            served = [future.result() for future in [pool.submit(get) for _ in range(4)]]
        assert len({one.entry.index for one in served}) == 1
        assert [one.fresh for one in served].count(True) == 1


def test_n_out_of_turn(town: Application) -> None:
    session = token()
    fault = refused(town, session=session, n=1)
    assert (fault.code, fault.field) == ("out_of_turn", "n")
    assert "begin a session at 0" in fault.message
    page_of(town, session=session)
    fault = refused(town, session=session, n=2)
    assert (fault.code, fault.field) == ("out_of_turn", "n")
    assert "page 1 of this session is next, not 2" in fault.message


def test_a_session_of_another_viewer(town: Application) -> None:
    session = token()
    page_of(town, viewer=1, session=session)
    for n in (0, 1, 5):
        fault = refused(town, viewer=2, session=session, n=n)
        assert (fault.code, fault.field) == ("foreign_session", "session")


def test_an_unknown_viewer(town: Application) -> None:
    fault = refused(town, viewer=987_654)
    assert (fault.code, fault.field) == ("unknown_viewer", "viewer")
    assert "987654" in fault.message


def test_what_no_record_of_the_viewer_reaches_was_not_acknowledged(town: Application) -> None:
    fault = refused(town, acknowledged=town.journal.size + 1)
    assert (fault.code, fault.field) == ("not_acknowledged", "acknowledged")


def test_an_event_moves_the_next_page(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=40, region="US", age="18+"))
    session = token()
    index, page = page_of(town, viewer=40, session=session)
    before = town.pages.explain(index).ranked
    (taken,) = town.events.take(raw(event(index, page, watched=20_000)))
    assert taken.index is not None
    index, page = page_of(town, viewer=40, session=session, n=1, acknowledged=taken.index + 1)
    after = town.pages.explain(index).ranked
    assert page.viewer_upto == taken.index + 1
    assert before is not None
    assert after is not None
    values = [dict(zip(one.trace.scored.tolist(), one.trace.values.tolist(), strict=True)) for one in (before, after)]
    unseen = sorted(values[0].keys() & values[1].keys())
    # Their order, not only their values: what is the viewer's alone moves all alike.
    assert sorted(unseen, key=values[0].__getitem__) != sorted(unseen, key=values[1].__getitem__)


def test_a_setting_holds_from_the_next_page(town: Application) -> None:
    registered(town, 41)
    for creator in range(100, 105):
        town.viewers.set(NewSetting(**of_viewer(41).chosen(token(), "block", creator)))
    _, page = page_of(town, viewer=41, limit=30)
    creators = {town.catalogue.record(item.video).creator for item in page.items}
    assert creators == {105}


def test_an_empty_page_is_a_page(town: Application) -> None:
    registered(town, 42)
    for creator in range(100, 106):
        town.viewers.set(NewSetting(**of_viewer(42).chosen(token(), "block", creator)))
    index, page = page_of(town, viewer=42)
    assert page.items == ()
    assert town.pages.explain(index).identical


def test_plain_pages_continue_one_list(town: Application) -> None:
    session = token()
    first = [page_of(town, viewer=1, session=session, n=n, mode="plain", limit=6)[1] for n in range(2)]
    # A later epoch must not change the list.
    town.viewers.register(NewViewer(viewer=43))
    settled(town)
    _, third = page_of(town, viewer=1, session=session, n=2, mode="plain", limit=6)
    pages = [*first, third]
    assert {page.pinned for page in pages} == {pages[0].epoch}
    assert [page.cursor for page in pages] == sorted(page.cursor for page in pages)
    videos = [item.video for page in pages for item in page.items]
    assert len(videos) == len(set(videos))


def test_nothing_of_the_viewer_is_in_a_plain_page(town: Application) -> None:
    for viewer in (45, 46):
        town.viewers.register(NewViewer(viewer=viewer))
    town.events.take(raw(event(*page_of(town, viewer=45), action="like", watched=0)))

    def both() -> list[Page]:
        return [page_of(town, viewer=viewer, mode="plain", limit=6)[1] for viewer in (45, 46)]

    one, other = both()
    while one.epoch != other.epoch:  # it landed between them
        one, other = both()
    assert one.items == other.items != ()


def test_a_personal_page_in_between_begins_the_list_anew(town: Application) -> None:
    session = token()
    modes = ("plain", "personal", "plain", "plain")
    indexes, pages = zip(*(page_of(town, session=session, n=n, mode=mode) for n, mode in enumerate(modes)), strict=True)
    assert pages[2].pinned == pages[2].epoch
    assert pages[3].pinned == pages[2].pinned
    assert all(town.pages.explain(index).identical for index in indexes)


def test_the_mode_a_viewer_registered_is_remembered(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=44, mode="plain"))
    _, page = page_of(town, viewer=44)
    assert page.request.mode == "plain"
    _, page = page_of(town, viewer=44, mode="personal")
    assert page.request.mode == "personal"


def test_sessions_and_lists_are_found_again_after_a_restart(home: Path) -> None:
    session, plain = token(), token()
    with open_town(home) as application:
        populate(application)
        first = application.serving.page(ask(session=session))
        before = page_of(application, session=plain, mode="plain", limit=5)[1]
    with open_town(home) as application:
        assert application.serving.page(ask(session=session)).entry == first.entry
        assert refused(application, viewer=2, session=session).code == "foreign_session"
        assert refused(application, session=session, n=2).code == "out_of_turn"
        index, page = page_of(application, session=session, n=1)
        assert page.previous == to_text(first.entry.commitment or b"")
        assert application.pages.explain(index).identical
        # The world the list was drawn up from is gone: it is rebuilt.
        index, after = page_of(application, session=plain, n=1, mode="plain", limit=5)
        assert after.pinned == before.pinned < after.epoch
        assert not {item.video for item in after.items} & {item.video for item in before.items}
        assert application.pages.explain(index).identical
        assert application.pages.explain(first.entry.index).identical


def test_memory_is_bounded_and_results_are_not(home: Path) -> None:
    with open_town(home, residents=2) as application:
        populate(application)
        sessions = {viewer: token() for viewer in (1, 2, 3)}
        for n in range(3):
            for viewer, session in sessions.items():
                index, page = page_of(application, viewer=viewer, session=session, n=n)
                application.events.take(raw(event(index, page)))
                assert application.pages.explain(index).identical
        assert len(application.residency) == 2


def test_what_is_restricted_is_ranked_again_without_it(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
        _, page = page_of(application, limit=10)
        video = page.items[0].video
        decision = restricting(1, video)
        (outcome,) = application.journal.append([Draft(decision)])
        # The epoch may not be out yet: then the fence refuses, and the page waits for it.
        _, page = page_of(application, viewer=2, limit=30)
        assert video not in {item.video for item in page.items}
        assert page.policy == outcome.index + 1  # type: ignore[union-attr]


def test_a_clock_set_back_does_not_stop_pages(home: Path) -> None:
    """Journal time stands still until the clock has come up with it, and a page's `now` with it."""
    clock = [0]
    with open_town(home, clock=lambda: clock[0] or int(time.time() * 1000)) as application:
        populate(application)
        before = application.journal.last_time
        clock[0] = before - 3_600_000
        _, page = page_of(application)
        assert clock[0] < before <= page.now <= page.time
