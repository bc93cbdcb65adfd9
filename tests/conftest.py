"""What all tests have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from plainview.platform.releases import kernel_cache

if TYPE_CHECKING:
    from tests.oversight.controls.town import Town

# Numba looks at one file's age only, not at those of the kernels it calls: other source, other directory.
kernel_cache(Path(__file__).parents[1] / ".kernels")

# A kernel's first call compiles it: an example's time says nothing.
settings.register_profile(
    "plainview",
    deadline=None,
    max_examples=60,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],  # a record can be large; machines are shared
)
settings.load_profile("plainview")


@pytest.hookimpl(tryfirst=True)  # before the groups are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests, those that share what takes long to make stay with one."""
    for item in items:
        kept = "kept" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("kept" if kept else str(item.path.parent)))


@pytest.fixture(scope="session")
def cache(pytestconfig: pytest.Config) -> Path:
    """Where all servers of all test runs keep their bytecode."""
    return Path(pytestconfig.cache.mkdir("serve"))  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Town:
    """A town that keeps every promise that this version can keep, and the directory of its partner."""
    from tests.oversight.controls.town import build_town  # it takes a server, which most tests do without

    return build_town(tmp_path_factory.mktemp("kept"), cache)
