from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plainview.platform.releases import installed_digest


@pytest.fixture(scope="session")
def kernels(request: pytest.FixtureRequest) -> Path:
    """Where the processes of these tests keep kernels between runs; those of other releases go."""
    cache = request.config.cache
    assert cache is not None
    directory = Path(cache.mkdir("kernels"))
    for kept in directory.glob("*/*"):
        if kept.name != installed_digest():
            shutil.rmtree(kept)
    return directory
