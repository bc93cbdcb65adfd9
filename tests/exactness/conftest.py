"""Two processes of this room compile every kernel for minutes: they begin with its first test that needs one."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exactness.processes import Process, lowered

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def begun(request: pytest.FixtureRequest) -> Iterator[dict[str, Process]]:
    """Those that are needed by the tests of this session."""
    wanted = {item.path.name for item in request.session.items}
    begun: dict[str, Process] = {}
    if "test_environments.py" in wanted:
        begun["lowered"] = Process(["-m", "tests.exactness.digests", "1"], _beside(".lowered"), **lowered())
    if "test_kernels.py" in wanted and not _said().exists():
        shutil.rmtree(_said().parent)
        begun["checked"] = Process(["-m", "tests.exactness.checked"], _beside(".checked"), NUMBA_BOUNDSCHECK="1")
    yield begun
    for process in begun.values():
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
def lowered_vectors(begun: dict[str, Process]) -> str:
    """What `digests.py` prints with everything lowered and one thread."""
    return begun.pop("lowered").output()


@pytest.fixture(scope="session")
def checked_output(begun: dict[str, Process]) -> str:
    """What `checked.py` says. It is run once for each release: all kernels are compiled anew for it."""
    said = _said()
    if "checked" in begun:
        said.write_text(begun.pop("checked").output())
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
