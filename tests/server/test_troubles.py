"""What clients and the operator are told while the disk is full, and where stored records are damaged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from plainview.feed.viewers import PAGES
from plainview.platform.application import Application
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.server.app import make_app
from plainview.storage import StoreFailed, StoreFull
from tests.platform.faulty import Faulty
from tests.platform.forging import damage, execute, flip
from tests.platform.homes import amendment, charter_of
from tests.platform.parties import DAY
from tests.platform.signing import of_viewer
from tests.platform.towns import SLOW, now, open_town, page_of, populate, raw, token
from tests.platform.towns import event as seen
from tests.server.test_routes import event, feed, wrong

Client = TestClient[Litestar]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def alone(home: Path) -> Iterator[Application]:
    with open_town(home) as application:
        populate(application)
    # Opened again, it has no card at hand; and it closes no epoch on its own.
    with open_town(home, cadence=SLOW) as application:
        yield application


@pytest.fixture
def client(alone: Application) -> Iterator[Client]:
    with (
        ThreadPoolExecutor(2) as pool,
        ThreadPoolExecutor(1) as slow,
        TestClient(make_app(alone, pool, slow), raise_server_exceptions=False) as client,
    ):
        yield client


def failing(application: Application, error: Exception) -> Faulty:
    store = Faulty(application.journal._store, "append")
    application.journal._store = store  # type: ignore[assignment]
    store.error = error
    return store


def health(client: Client) -> tuple[int, str, str]:
    answer = client.get("/health")
    return answer.status_code, answer.json()["status"], answer.json()["detail"]


def test_a_full_disk_is_told_and_over_with_the_first_record_that_fits(
    client: Client, alone: Application, caplog: pytest.LogCaptureFixture
) -> None:
    page = feed(client).json()
    store = failing(alone, StoreFull("/srv/plainview/journal.sqlite: no space left"))
    size = alone.journal.size
    for _ in range(3):
        wrong(feed(client), 503, "unavailable", "", "disk is full and nothing was written: send it again later")
    answer = client.post("/v1/events", json={"events": [event(page), event(page)]})
    wrong(answer, 503, "unavailable", "", "send it again later")
    wrong(client.post("/v1/viewers", json={"viewer": 77}), 503, "unavailable", "", "send it again later")
    assert "/srv" not in answer.text
    status, word, detail = health(client)
    assert (status, word) == (200, "degraded")
    assert detail.startswith("no record can be written, and so no page served: ")
    metrics = client.get("/metrics").text
    assert 'plainview_pages_total{mode="default",outcome="failed"} 3.0' in metrics
    assert 'plainview_events_total{outcome="failed"} 2.0' in metrics
    assert "plainview_troubles 1.0" in metrics
    assert len([one for one in caplog.records if one.name == "plainview.journal.journal"]) == 1
    store.error = None
    assert feed(client).status_code == 200
    assert health(client) == (200, "ok", "")
    assert "plainview_troubles 0.0" in client.get("/metrics").text
    assert alone.journal.size == size + 1


def test_a_clock_that_is_off_is_told(client: Client, alone: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone._publisher, "clock", "journal time is 9.0 s behind all witnesses'")
    told = "promises may count as broken: journal time is 9.0 s behind all witnesses'"
    assert health(client) == (200, "degraded", told)


def test_a_key_that_ends_soon_is_told_and_is_no_trouble(client: Client, alone: Application, home: Path) -> None:
    assert "plainview_key_days_left +Inf" in client.get("/metrics").text
    alone.close()
    parties = (
        replace(one, until=now() + 3 * DAY if one.role == "builder" else None) for one in charter_of(home).parties
    )
    adopt(Home(home), amendment(home, parties=tuple(parties)))
    with (
        open_town(home, cadence=SLOW) as again,
        ThreadPoolExecutor(1) as pool,
        TestClient(make_app(again, pool, pool)) as other,
    ):
        status, word, detail = health(other)
        assert (status, word) == (200, "ok")
        first, second = detail.split("; ")
        assert "/builder-1' of the builder ends on " in first
        assert "/builder-2' of the builder ends on " in second
        assert ", in 2 days: an amendment that renews it must be in the log before" in second
        metrics = other.get("/metrics").text
        assert "plainview_key_days_left 2.99" in metrics
        assert "plainview_troubles 0.0" in metrics


def test_a_store_that_failed_is_told_at_once(client: Client, alone: Application) -> None:
    store = failing(alone, StoreFailed("/srv/plainview/journal.sqlite: disk I/O error"))
    for _ in range(2):
        answer = feed(client)
        wrong(answer, 503, "unavailable", "", "the journal has stopped: send it again once")
        assert "/srv" not in answer.text
    status, word, detail = health(client)
    assert (status, word) == (503, "failing")
    assert "the journal has stopped: " in detail
    assert "disk I/O error" in detail
    store.error = None


def test_a_journal_that_cannot_be_read_tells_clients_no_paths(
    client: Client, alone: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreFailed("/srv/plainview/journal.sqlite: cannot be read")

    monkeypatch.setattr(alone.catalogue, "card", fail)
    answer = client.get("/v1/videos/1")
    wrong(answer, 503, "unavailable", "", "its log says why")
    assert "/srv" not in answer.text
    assert "/srv/plainview/journal.sqlite: cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        ("body = x'00'", "seal"),
        ("kind = CAST(x'ff' AS TEXT)", "row"),
        ("kind = 'nothing'", "kind"),
        ("leaf = 7", "leaf"),
        ("leaf = 'text'", "leaf"),
        ("leaf = CAST(substr(leaf, 1, length(leaf) - 10) || x'ffffffffffffffffffff' AS BLOB)", "leaf"),
    ],
)
def test_a_page_goes_out_though_the_record_of_one_of_its_videos_is_damaged(
    client: Client, alone: Application, home: Path, caplog: pytest.LogCaptureFixture, change: str, stage: str
) -> None:
    session: dict[str, Any] = {"session": "A" * 22, "limit": 5}
    first = feed(client, **session).json()
    video = first["videos"][2]["video"]["id"]
    place = alone.catalogue.find(video)
    assert place is not None
    execute(home, f"UPDATE records SET {change} WHERE idx = ?", place.index)
    alone.catalogue._cards.clear()
    caplog.set_level(logging.ERROR)
    for _ in range(2):
        again = feed(client, **session).json()
        assert again["receipt"] == first["receipt"]
        shown = [one["video"] for one in again["videos"]]
        assert shown == [None if one["video"]["id"] == video else one["video"] for one in first["videos"]]
    wrong(client.get(f"/v1/videos/{video}"), 503, "unavailable", "", f"record {place.index}, {stage}: ")
    wrong(client.get(f"/v1/videos/{video}"), 503, "unavailable", "", "the operator can restore the journal from a copy")
    status, word, detail = health(client)
    assert (status, word) == (200, "degraded")
    assert detail.startswith(f"record {place.index}, {stage}: ")
    assert len(caplog.records) == 1


def send(client: Client, *events: dict[str, Any]) -> Any:
    return client.post("/v1/events", json={"events": events})


def test_what_an_event_needs_is_damaged_and_the_others_are_taken(
    client: Client, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client.post("/v1/viewers", json=of_viewer(1).told(token(), "US", "18+", "personal"))
    session = {"session": token(), "limit": 2}
    pages = [feed(client, n=n, **session).json() for n in range(PAGES + 1)]
    sent = event(pages[-1])
    (first,) = send(client, sent).json()["results"]
    cited, repeated = pages[0]["receipt"]["index"], first["index"]
    for index in (cited, repeated):
        damage(home, index)
    caplog.set_level(logging.ERROR)
    answer = send(client, event(pages[0]), sent, event(pages[-1]), event(pages[-1], video=4711))
    assert answer.status_code == 207
    assert [result["status"] for result in answer.json()["results"]] == [503, 503, 200, 404]
    for index, result in zip((cited, repeated), answer.json()["results"], strict=False):
        assert result["error"] == "unavailable"
        assert result["message"].startswith(f"record {index}, seal: ")
        assert result["message"].endswith("the operator can restore the journal from a copy: try again then")
    assert health(client)[1] == "degraded"
    assert len(caplog.records) == 2
    only = send(client, event(pages[0]), sent)
    wrong(only, 503, "unavailable", "", f"record {cited}, seal: ")
    assert only.headers["retry-after"]
    assert send(client, event(pages[0]), event(pages[-1], video=4711)).status_code == 207
    setting = of_viewer(1).chosen(token(), "block", 100)
    index = client.post("/v1/settings", json=setting).json()["index"]
    damage(home, index)
    wrong(client.post("/v1/settings", json=setting), 503, "unavailable", "", f"record {index}, seal: ")


def test_a_page_that_the_fence_finds_damaged_is_told_at_once(home: Path) -> None:
    session = {"session": token(), "limit": 2}
    with open_town(home) as town:
        populate(town)
        index, _ = page_of(town, **session)
    flip(home, index, "body", 0)  # of its salt, which only who checks hashes looks at
    with (
        open_town(home, cadence=SLOW) as town,
        ThreadPoolExecutor(2) as pool,
        TestClient(make_app(town, pool, pool), raise_server_exceptions=False) as client,
    ):
        answer = feed(client, n=1, **session)
        wrong(answer, 503, "unavailable", "", "the operator can restore the journal from a copy: try again then")
        assert answer.json()["message"].startswith(f"record {index}, commitment: ")
        assert health(client)[2].startswith(f"record {index}, commitment: ")


def test_one_viewers_damaged_history_is_that_viewers_alone(home: Path) -> None:
    with open_town(home) as town:
        populate(town)
        pages = [page_of(town, viewer=viewer) for viewer in (1, 2)]
    damage(home, pages[0][0])
    with open_town(home, cadence=SLOW) as town:
        history, read = town.journal.history, []
        town.journal.history = lambda *of: read.append(of) or history(*of)  # type: ignore[method-assign, func-returns-value]
        taken = town.events.take(raw(*(seen(*pages[viewer]) for viewer in (0, 1, 0))))
        assert [one.fault and one.fault.code for one in taken] == ["unavailable", None, "unavailable"]
        assert [of[0] for of in read] == ["viewer:1", "viewer:2", "viewer:2"]
        assert town.trouble.startswith(f"record {pages[0][0]}, seal: ")


def test_each_damaged_record_is_logged_once_and_health_tells_how_many(
    client: Client, alone: Application, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = [place.index for place in map(alone.catalogue.find, (1, 2, 3)) if place is not None]
    for index in records:
        damage(home, index)
    caplog.set_level(logging.ERROR)
    for video in (1, 2, 3, 1, 2, 3):
        client.get(f"/v1/videos/{video}")
    told = [one.getMessage() for one in caplog.records]
    assert [words.split(",")[0] for words in told] == [f"record {index}" for index in records]
    assert health(client) == (200, "degraded", f"{told[0]}; 2 more were found damaged since, and the log names them")
