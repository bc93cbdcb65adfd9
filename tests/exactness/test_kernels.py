"""What the compiler makes of the kernels: nothing out of bounds, and no float64 where float32 is meant."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.exactness.processes import run

pytestmark = pytest.mark.timeout(1500)

HERE = Path(__file__).parent
ON_PURPOSE = ("plainview.feed.probe._flags",)
"""Kernels that are there to look at float64."""


@pytest.fixture(scope="module")
def checked(checked_kernels: Path) -> dict[str, Any]:
    """What `checked.py` says. It is run once for each release: all kernels are compiled anew for it."""
    script = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("checked.py", "digests.py"))).hexdigest()
    said = checked_kernels / f"{script}.json"
    if not said.exists():
        shutil.rmtree(checked_kernels, ignore_errors=True)
        found = run(["-m", "tests.exactness.checked"], checked_kernels, NUMBA_BOUNDSCHECK="1")
        said.write_text(found)
    result: dict[str, Any] = json.loads(said.read_text())
    return result


def test_no_kernel_reaches_out_of_bounds_and_checks_change_no_bit(checked: dict[str, Any], kernels: Path) -> None:
    unchecked = run(["-m", "tests.exactness.digests", "2"], kernels)
    assert checked["lived"] == unchecked


def test_the_world_goes_through_the_kernels(checked: dict[str, Any]) -> None:
    ran = set(checked["kernels"])
    for name in ("feed.features.predict", "feed.viewers.apply", "learning.step.take_all", "feed.pipeline.value"):
        assert f"plainview.{name}" in ran
    assert len(ran) > 30


def test_kernels_compute_in_float32(checked: dict[str, Any]) -> None:
    assert [one for one in checked["float64"] if not one.startswith(ON_PURPOSE)] == []


def test_the_look_at_types_can_fail(checked: dict[str, Any]) -> None:
    assert any(one.startswith(ON_PURPOSE) for one in checked["float64"])
