from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.oversight.mirror.following import Following
from tests.oversight.mirror.logs import DirectoryLog, Served, served


@pytest.fixture
def log(tmp_path: Path) -> DirectoryLog:
    return DirectoryLog(tmp_path / "log")


@pytest.fixture
def server(log: DirectoryLog) -> Iterator[Served]:
    log.directory.mkdir()
    with served(log.directory) as server:
        yield server


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def following(tmp_path: Path, server: Served, pool: ThreadPoolExecutor) -> Following:
    return Following(tmp_path / "copy", server, pool)
