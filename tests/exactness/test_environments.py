"""Pages and epochs are the same bits on every CPU, in every process, on any number of threads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plainview.feed.configuration import GOLDEN
from plainview.learning.golden import golden_digest
from plainview.records.fields import to_text
from tests.exactness.processes import lowered, run

pytestmark = pytest.mark.timeout(1500)


def lived(kernels: Path, threads: int, **environment: str) -> str:
    return run(["-m", "tests.exactness.digests", str(threads)], kernels, **environment)


@pytest.fixture(scope="module")
def native(kernels: Path) -> str:
    return lived(kernels, 2)


def test_it_is_the_algorithm_that_the_manifest_names(native: str) -> None:
    """Where it is not: another algorithm. Change GOLDEN knowingly, and say in CHANGELOG.md what changed."""
    assert to_text(golden_digest(native)) == GOLDEN


def test_a_fresh_process_and_one_thread_give_the_same(kernels: Path, native: str) -> None:
    assert lived(kernels, 1) == native


def test_a_cpu_with_everything_lowered_gives_the_same(native: str, lowered_vectors: str, lowered_kernels: Path) -> None:
    assert lowered_vectors == native
    assert lived(lowered_kernels, 2, **lowered()) == native


def test_the_settings_do_lower_this_process(kernels: Path) -> None:
    script = (
        "import json, numpy as np, llvmlite.binding as llvm;"
        "from numba.core import config;"
        "c = np._core._multiarray_umath;"
        "print(json.dumps([config.CPU_NAME, config.CPU_FEATURES,"
        " [n for n in c.__cpu_dispatch__ if c.__cpu_features__.get(n)]]))"
    )
    assert json.loads(run(["-c", script], kernels, **lowered())) == ["generic", "", []]
