from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from plainview.platform.application import Application
from plainview.server.app import make_app
from tests.platform.towns import open_town, populate


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One platform for all tests of routes: each uses sessions and ids of its own."""
    with open_town(tmp_path_factory.mktemp("town") / "home") as application:
        populate(application, 600)  # nobody is shown a video twice, and all tests ask for the same few viewers
        yield application


@pytest.fixture(scope="session")
def app(town: Application) -> Iterator[Litestar]:
    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(1) as slow:
        yield make_app(town, pool, slow)


@pytest.fixture(scope="session")
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
