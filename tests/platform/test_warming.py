"""Kernels compiled ahead: what the second process makes is what the first one looks for."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from numba.core import event
from numba.core.caching import IndexDataCacheFile

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


def test_two_versions_of_a_kernel_saved_at_once_stay_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = IndexDataCacheFile._load_index

    def load_slowly(file: IndexDataCacheFile) -> Any:
        loaded = load(file)  # type: ignore[no-untyped-call]
        time.sleep(0.05)  # long enough for the other to load the same
        return loaded

    def save(key: str) -> None:
        IndexDataCacheFile(str(tmp_path), "kernel", "source").save(key, key)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(IndexDataCacheFile, "_load_index", load_slowly)
    keys = ["int64", "float32", "int8"]
    with warming._saving_by_turns(), ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(save, keys))
    kept = IndexDataCacheFile(str(tmp_path), "kernel", "source")  # type: ignore[no-untyped-call]
    assert [kept.load(key) for key in keys] == keys  # type: ignore[no-untyped-call]
