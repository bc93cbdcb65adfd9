"""What the compiler makes of the kernels: nothing out of bounds, and no float64 where float32 is meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.exactness.processes import run

pytestmark = pytest.mark.timeout(1500)

ON_PURPOSE = ("plainview.feed.probe._flags",)
"""Kernels that are there to look at float64."""


@pytest.fixture(scope="module")
def checked(checked_output: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(checked_output)
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
