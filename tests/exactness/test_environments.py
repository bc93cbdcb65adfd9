"""Pages and epochs are the same bits on every CPU, in every process, on any number of threads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.exactness.processes import lowered, run

pytestmark = pytest.mark.timeout(1500)


PINNED = "54c1ade9886bfec177ec862829156e77be1e89ac15f71ced9f5355f3584c5a66"
"""SHA-256 of all that `digests.lived` finds. Another value is another algorithm: a page ranked by the one before does
not come out again. Change it knowingly, and say in CHANGELOG.md what changed."""


def digests(kernels: Path, threads: int, **environment: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(
        run(["-m", "tests.exactness.digests", str(threads)], kernels, **environment)
    )
    return found


@pytest.fixture(scope="module")
def native(kernels: Path) -> dict[str, list[Any]]:
    return digests(kernels, 2)


def test_something_was_lived_through(native: dict[str, list[Any]]) -> None:
    assert len(native["epochs"]) >= 4
    for name, found in native.items():
        assert len(set(found)) > len(found) // 2, name


def test_it_is_the_algorithm_that_it_was(native: dict[str, list[Any]]) -> None:
    assert hashlib.sha256(json.dumps(native, sort_keys=True).encode()).hexdigest() == PINNED


def test_a_fresh_process_and_one_thread_give_the_same(kernels: Path, native: dict[str, list[Any]]) -> None:
    assert digests(kernels, 1) == native


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cpu_with_everything_lowered_gives_the_same(
    kernels: Path, native: dict[str, list[Any]], threads: int
) -> None:
    assert digests(kernels, threads, **lowered()) == native


def test_the_settings_do_lower_this_process(kernels: Path) -> None:
    script = (
        "import json, numpy as np, llvmlite.binding as llvm;"
        "from numba.core import config;"
        "c = np._core._multiarray_umath;"
        "print(json.dumps([config.CPU_NAME, config.CPU_FEATURES,"
        " [n for n in c.__cpu_dispatch__ if c.__cpu_features__.get(n)]]))"
    )
    assert json.loads(run(["-c", script], kernels, **lowered())) == ["generic", "", []]
