"""Kernels compiled ahead: what the second process makes is what the first one looks for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from numba.core import event

from plainview.learning.step import teach
from plainview.platform import warming
from plainview.platform.releases import CACHE, installed


def test_the_second_process_compiles_what_the_fold_asks_for() -> None:
    warming.warm(installed().configuration, lambda _: None)
    warming._compile_lesson()
    # Had the two asked for different argument types, the cache would hold one of each for this machine. Other tests put
    # in what they compile for a lowered one.
    here = teach.targetdescr.target_context.codegen().magic_tuple()
    kept = [types for types, machine, _ in teach._cache._cache_file._load_index() if machine == here]
    assert kept == [tuple(one) for one in teach.signatures]


def test_a_second_process_comes_with_the_first_kernel_and_goes_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[subprocess.Popen[bytes]] = []

    def compiling(_: object) -> None:
        for _ in range(2):
            with event.trigger_event("numba:compile", {"dispatcher": teach}):
                pass
        (process,) = seen
        assert process.poll() is None

    def popen(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        seen.append(real(*arguments, **named))
        return seen[-1]

    real = subprocess.Popen
    told: list[str] = []
    monkeypatch.setenv(CACHE, str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(warming, "_run", compiling)
    warming.warm(installed().configuration, told.append)
    assert told == ["teach", "teach"]
    assert seen[0].poll() is not None


def test_without_a_second_process_the_first_compiles_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiling(_: object) -> None:
        with event.trigger_event("numba:compile", {"dispatcher": teach}):
            pass

    told: list[str] = []
    monkeypatch.setenv(CACHE, str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
    monkeypatch.setattr(warming, "_run", compiling)
    warming.warm(installed().configuration, told.append)
    assert told == ["teach"]
