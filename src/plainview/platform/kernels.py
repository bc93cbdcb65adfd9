"""Numba's cache as kernels are kept in it: each whole or compiled again, and one process adding at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile

from plainview.platform.releases import CacheUnusable

_SEAL = b"plainview/sha256/v1\x00"
_sound = threading.Lock()
_SEALED = len(_SEAL) + hashlib.sha256().digest_size


@contextmanager
def sound_cache() -> Iterator[None]:
    """While this lasts, Numba's cache gives back what was put in or nothing, and one process at a time adds to it.

    Each file ends in the digest of what stands before it; Numba itself reads no further than its own end. A file
    without one, from outside of this, has to be readable. Compiling raises CacheUnusable where a kernel cannot be kept.

    A kernel's versions by argument types lie there in numbered files. Two processes that added one each at the same
    moment would give both the same number, and from the next start on the one would be called for the other.

    Raises RuntimeError within another: the two would wait for each other.
    """
    if not _sound.acquire(blocking=False):
        raise RuntimeError("sound_cache does not nest")
    dump, save, load_index = IndexDataCacheFile._dump, IndexDataCacheFile.save, IndexDataCacheFile._load_index

    def dump_sealed(file: IndexDataCacheFile, content: Any) -> bytes:
        data: bytes = dump(file, content)  # type: ignore[no-untyped-call]
        return data + _seal(data)

    def save_alone(file: IndexDataCacheFile, key: Any, content: Any) -> None:
        try:
            directory = os.open(file._cache_path, os.O_RDONLY)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX)
                save(file, key, content)  # type: ignore[no-untyped-call]
            finally:
                os.close(directory)
        except OSError as error:
            raise CacheUnusable(Path(file._cache_path), error) from error

    def load_whole_index(file: IndexDataCacheFile) -> Any:
        try:
            data = Path(file._index_path).read_bytes()
            whole = _whole(data.removeprefix(pickle.dumps(file._version, protocol=-1)))
            return load_index(file) if whole else {}  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - whatever it holds, it is no index
            return {}

    def load_whole(file: IndexDataCacheFile, key: Any) -> Any:
        try:
            data = Path(file._data_path(file._load_index()[key])).read_bytes()  # type: ignore[no-untyped-call]
            return pickle.loads(data) if _whole(data) else None
        except Exception:  # noqa: BLE001 - whatever it holds, it is no kernel
            return None

    ours = {"_dump": dump_sealed, "save": save_alone, "_load_index": load_whole_index, "load": load_whole}
    before = {name: getattr(IndexDataCacheFile, name) for name in ours}
    for name, function in ours.items():
        setattr(IndexDataCacheFile, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(IndexDataCacheFile, name, function)
        _sound.release()


def _seal(data: bytes) -> bytes:
    return _SEAL + hashlib.sha256(data).digest()


def _whole(data: bytes) -> bool:
    """Whether the seal at the end fits; true where there is none."""
    return not data[-_SEALED:].startswith(_SEAL) or data[-_SEALED:] == _seal(data[:-_SEALED])
