"""Each answer to a feed request is counted by what it was, where it goes out."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.serving import Served
from plainview.records import Tally
from plainview.server import app as routes
from plainview.server.app import make_app
from plainview.storage import StoreFull
from tests.platform.towns import open_town, populate, token

Client = TestClient[Litestar]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One that writes no tally by itself."""
    with open_town(tmp_path_factory.mktemp("edge") / "home", tally_every=3600.0) as application:
        populate(application)
        yield application


@pytest.fixture(scope="module")
def client(town: Application) -> Iterator[Client]:
    with (
        ThreadPoolExecutor(4) as pool,
        ThreadPoolExecutor(1) as slow,
        TestClient(make_app(town, pool, slow), raise_server_exceptions=False) as client,
    ):
        yield client


def counted(town: Application) -> dict[str, int]:
    """What was counted since the last time, none of the counts that are 0."""
    before = town.journal.size
    town.tallies._cut_now()
    if town.tallies._drained(10.0):
        town.tallies._write(lost=False)
    tallies = [entry.record for entry in town.journal.of_kind("tally", before)]
    if not tallies:
        return {}
    (one,) = tallies
    assert isinstance(one, Tally)
    names = ("served", "repeated", "refused", "closed", "failed", "rankings")
    return {name: count for name in names if (count := getattr(one, name))}


def feed(client: Client, **changes: Any) -> int:
    parameters = {"viewer": 1, "session": token(), "n": 0, "nonce": token()} | changes
    status: int = client.get("/v1/feed", params=parameters).status_code
    return status


def test_a_new_page_and_the_same_again(town: Application, client: Client) -> None:
    counted(town)
    session = token()
    assert [feed(client, session=session) for _ in range(3)] == [200] * 3
    assert feed(client, session=session, n=1, mode="plain") == 200
    assert counted(town) == {"served": 2, "repeated": 2, "rankings": 2}


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"viewer": 99}, 404), ({"n": 3}, 409), ({"limit": 0}, 400), ({"nonce": "short"}, 400), ({"surplus": 1}, 400),
     ({"acknowledged": 2**52}, 422)],
)  # fmt: skip
def test_what_cannot_be_had(town: Application, client: Client, changes: dict[str, Any], status: int) -> None:
    counted(town)
    assert feed(client, **changes) == status
    assert counted(town) == {"refused": 1}


def test_nobody_is_served_any_more(town: Application, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(town)

    def closed() -> None:
        raise Fault("closed", "nobody is served any more")

    monkeypatch.setattr(town, "check_open", closed)
    assert feed(client) == 410
    assert counted(town) == {"closed": 1}


def test_a_full_disk_and_an_error_that_nobody_thought_of(
    town: Application, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(town)
    for error, status in ((StoreFull("full"), 503), (RuntimeError("unthought of"), 500)):
        with monkeypatch.context() as patched:
            patched.setattr(town.journal, "append", _raising(error))
            assert feed(client) == status
    assert counted(town) == {"failed": 2, "rankings": 2}


def test_a_page_that_is_written_down_and_could_not_be_answered_with(
    town: Application, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(town)
    with monkeypatch.context() as patched:
        patched.setattr(routes, "page_answer", _raising(RuntimeError("unthought of")))
        session = token()
        assert feed(client, session=session) == 500
    assert feed(client, session=session) == 200
    assert counted(town) == {"repeated": 1, "failed": 1, "rankings": 1}


def test_a_page_that_was_never_written_down_is_counted_all_the_same(
    town: Application, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(town)
    entry = next(town.journal.of_kind("page"))
    monkeypatch.setattr(town.serving, "_append", lambda page: Served(entry, fresh=True))
    assert feed(client) == 200
    assert counted(town) == {"served": 1, "rankings": 1}


def test_other_routes_are_not_counted(town: Application, client: Client) -> None:
    counted(town)
    assert client.get("/health").status_code == 200
    assert client.get("/v1/videos/1").status_code == 200
    assert client.post("/v1/feed").status_code == 405
    assert counted(town) == {}


def _raising(error: Exception) -> Any:
    def raises(*_: Any) -> Any:
        raise error

    return raises
