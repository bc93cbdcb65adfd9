from __future__ import annotations

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from numba.core.caching import IndexDataCacheFile

from plainview.platform.kernels import sound_cache
from plainview.platform.releases import CacheUnusable


def cache(directory: Path) -> Any:
    return IndexDataCacheFile(str(directory), "kernel", "source")  # type: ignore[no-untyped-call]


def kept(directory: Path) -> Any:
    """What is there under two keys."""
    with sound_cache():
        return [cache(directory).load(key) for key in ("int64", "float32")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with sound_cache():
        for key in ("int64", "float32"):
            cache(tmp_path).save(key, key * 9)
    assert kept(tmp_path) == ["int64" * 9, "float32" * 9]
    return tmp_path


def damages(data: bytes) -> list[bytes]:
    middle = len(data) // 2
    flipped = (data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :] for place in range(len(data)))
    return [b"", data[:middle], data[:-1], bytes(len(data)), b"\x80\x04.", *flipped]


def test_a_damaged_kernel_is_none_and_is_kept_anew(directory: Path) -> None:
    path = directory / "kernel.1.nbc"
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        first, second = kept(directory)
        assert first in (None, "int64" * 9)
        assert second == "float32" * 9
    path.write_bytes(b"")
    with sound_cache():
        cache(directory).save("int64", "again")
    assert kept(directory) == ["again", "float32" * 9]


def test_a_damaged_index_is_an_empty_one(directory: Path) -> None:
    path = directory / "kernel.nbi"
    for data in damages(path.read_bytes()):
        path.write_bytes(data)
        assert kept(directory) in ([None, None], ["int64" * 9, "float32" * 9])
    path.write_bytes(b"")
    with sound_cache():
        cache(directory).save("int64", "again")
    assert kept(directory) == ["again", None]


def test_numba_alone_reads_what_was_kept_and_the_other_way_round(tmp_path: Path) -> None:
    cache(tmp_path).save("int64", "alone")
    with sound_cache():
        cache(tmp_path).save("float32", "sealed")
    assert kept(tmp_path) == ["alone", "sealed"]
    assert [cache(tmp_path).load(key) for key in ("int64", "float32")] == ["alone", "sealed"]


def test_a_kernel_that_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(IndexDataCacheFile, "_save_data", full)
    with sound_cache(), pytest.raises(CacheUnusable, match=f"{tmp_path}: .*No space left.*set NUMBA_CACHE_DIR"):
        cache(tmp_path).save("int64", "x")


def test_two_versions_of_a_kernel_saved_at_once_stay_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = IndexDataCacheFile._load_index

    def load_slowly(file: IndexDataCacheFile) -> Any:
        loaded = load(file)  # type: ignore[no-untyped-call]
        time.sleep(0.05)  # long enough for the other to load the same
        return loaded

    def save(key: str) -> None:
        cache(tmp_path).save(key, key)

    monkeypatch.setattr(IndexDataCacheFile, "_load_index", load_slowly)
    keys = ["int64", "float32", "int8"]
    with sound_cache(), ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(save, keys))
    kept = cache(tmp_path)
    assert [kept.load(key) for key in keys] == keys


def test_it_does_not_nest_and_can_be_had_again() -> None:
    with sound_cache(), pytest.raises(RuntimeError, match="does not nest"), sound_cache():
        pass
    with sound_cache():
        pass
