from __future__ import annotations

from pathlib import Path

import pytest

from tests.oversight.controls.town import Town, build_town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Town:
    """One that keeps every promise that this version can keep."""
    return build_town(tmp_path_factory.mktemp("controlled"), cache)
