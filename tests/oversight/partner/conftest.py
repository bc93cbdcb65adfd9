from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bench.serving import Server
from plainview.journal import JournalReader
from plainview.platform.home import Home
from plainview.records import Page
from tests.oversight.partner.partners import partner_of
from tests.platform.forging import copied, forge
from tests.platform.homes import parties_of
from tests.platform.played import home_with_pages
from tests.server.clients import KERNELS


@pytest.fixture(scope="session")
def overseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some pages were served."""
    return home_with_pages(tmp_path_factory.mktemp("overseen") / "home", 60)


@pytest.fixture(scope="session")
def journal(overseen: Path) -> Iterator[JournalReader]:
    """Its journal, as its operator has it."""
    with closing(Home(overseen).read()) as journal:
        yield journal


@pytest.fixture(scope="session")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def server(overseen: Path, cache: Path, stack: ExitStack) -> str:
    """Where the honest operator answers."""
    return _started(overseen, cache, stack)


def _started(home: Path, cache: Path, stack: ExitStack) -> str:
    server = Server(home, cache, KERNELS)
    stack.callback(server.stop)
    server.start()
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def directory(tmp_path: Path, overseen: Path) -> Path:
    partner_of(overseen, tmp_path / "partner")
    return tmp_path / "partner"


@pytest.fixture(scope="session")
def swapped(tmp_path_factory: pytest.TempPathFactory, overseen: Path, journal: JournalReader) -> tuple[Path, int]:
    """A home whose last page has two videos the other way round, with all that covers it made to fit; its index."""
    home = tmp_path_factory.mktemp("swapped") / "home"
    copied(overseen, home)
    for part in ("objects", "projections"):  # or its learner would notice
        shutil.copytree(overseen / part, home / part)
    parties_of(home).symlink_to(parties_of(overseen))
    *_, last = journal.of_kind("page")
    assert isinstance(last.record, Page)
    first, second, *rest = last.record.items
    forge(home, last.index, items=(second, first, *rest))
    return home, last.index


@pytest.fixture(scope="session")
def forged(swapped: tuple[Path, int], cache: Path, stack: ExitStack) -> str:
    return _started(swapped[0], cache, stack)
