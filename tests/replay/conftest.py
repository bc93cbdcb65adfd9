from __future__ import annotations

from pathlib import Path

import pytest

from plainview.journal import Entry
from tests.platform.forging import copied
from tests.platform.played import home_with_pages
from tests.replay.replays import reading


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
