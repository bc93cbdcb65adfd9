from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plainview.journal import Entry
from plainview.platform.application import Application
from tests.platform.forging import copied
from tests.platform.played import home_with_pages
from tests.platform.replays import reading
from tests.platform.towns import open_town, populate


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """One platform for a module's tests: each uses sessions and ids of its own."""
    with open_town(tmp_path_factory.mktemp("town") / "home") as application:
        populate(application)
        yield application


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some 250 pages were served."""
    return home_with_pages(tmp_path_factory.mktemp("served") / "home", 250)


@pytest.fixture(scope="session")
def entries(served: Path) -> list[Entry]:
    with reading(served) as journal:
        return list(journal.read())


@pytest.fixture
def copy(served: Path, tmp_path: Path) -> Path:
    """Of its journal alone."""
    return copied(served, tmp_path / "copy")
