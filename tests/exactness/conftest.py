"""Two processes of this room compile every kernel for minutes: they begin with the session, beside all other tests."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.exactness.processes import Process, lowered

HERE = Path(__file__).parent
BEHIND = ("nice", "-n", "10")
_begun: dict[str, Process] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    wanted = {item.path.name for item in session.items}
    if "test_environments.py" in wanted:
        _begun["lowered"] = Process(["-m", "tests.exactness.digests", "1"], _beside(".lowered"), *BEHIND, **lowered())
    if "test_kernels.py" in wanted and not _said().exists():
        shutil.rmtree(_said().parent)
        _begun["checked"] = Process(
            ["-m", "tests.exactness.checked"], _beside(".checked"), *BEHIND, NUMBA_BOUNDSCHECK="1"
        )


def pytest_sessionfinish() -> None:
    for process in _begun.values():
        process.end()


@pytest.fixture(scope="session")
def kernels() -> Path:
    """Where this release's kernels are kept (see `tests/conftest.py`): other processes find there what was compiled."""
    return Path(os.environ["NUMBA_CACHE_DIR"])


@pytest.fixture(scope="session")
def lowered_kernels() -> Path:
    """Where kernels for another CPU are kept: two processes that compile at once do not share a directory."""
    return _beside(".lowered")


@pytest.fixture(scope="session")
def lowered_vectors() -> str:
    """What `digests.py` prints with everything lowered and one thread."""
    return _begun.pop("lowered").output()


@pytest.fixture(scope="session")
def checked_output() -> str:
    """What `checked.py` says. It is run once for each release: all kernels are compiled anew for it."""
    said = _said()
    if "checked" in _begun:
        said.write_text(_begun.pop("checked").output())
    return said.read_text()


def _said() -> Path:
    script = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("checked.py", "digests.py"))).hexdigest()
    return _beside(".checked") / f"{script}.json"


def _beside(ending: str) -> Path:
    """A directory of this release beside that of its kernels; those of others are removed."""
    kernels = Path(os.environ["NUMBA_CACHE_DIR"])
    directory = kernels.with_name(f"{kernels.name}{ending}")
    for kept in kernels.parent.glob(f"*{ending}"):
        if kept != directory:
            shutil.rmtree(kept)
    directory.mkdir(exist_ok=True)
    return directory
