from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plainview.journal import JournalReader
from plainview.platform.home import Home
from tests.platform.played import home_with_pages


@pytest.fixture(scope="session")
def overseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some pages were served."""
    return home_with_pages(tmp_path_factory.mktemp("overseen") / "home", 60)


@pytest.fixture(scope="session")
def journal(overseen: Path) -> Iterator[JournalReader]:
    """Its journal, as its operator has it."""
    with closing(Home(overseen).read()) as journal:
        yield journal
