from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kernels() -> Path:
    """Where this release's kernels are kept (see `tests/conftest.py`): other processes find there what was compiled."""
    return Path(os.environ["NUMBA_CACHE_DIR"])


@pytest.fixture(scope="session")
def checked_kernels(kernels: Path) -> Path:
    """Where kernels compiled with bounds checks are kept: they may not be taken for the others."""
    directory = kernels.with_name(f"{kernels.name}.checked")
    for kept in kernels.parent.glob("*.checked"):
        if kept != directory:
            shutil.rmtree(kept)
    return directory
