from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plainview.platform.application import Application
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
