from __future__ import annotations

from pathlib import Path

import pytest

from plainview.platform import releases
from tests.cli.homes import unset
from tests.platform.forging import copied
from tests.platform.played import home_with_pages


@pytest.fixture(scope="package")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some pages were served."""
    return home_with_pages(tmp_path_factory.mktemp("cli") / "home", 60)


@pytest.fixture
def served(played: Path, tmp_path: Path) -> Path:
    """A copy of it: its journal alone."""
    return copied(played, tmp_path / "served")


@pytest.fixture(autouse=True)
def _kernels_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "kernel_cache", unset)


@pytest.fixture(autouse=True)
def _output_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says that tests run in."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
