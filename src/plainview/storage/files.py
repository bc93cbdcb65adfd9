"""Objects as safetensors files, one a file, named by their digest."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.storage.filesystem import PARTIAL, FileSystem, HostFileSystem, make_durable, write_durable
from plainview.storage.objects import ObjectDamaged, ObjectMissing

SUFFIX = ".safetensors"
_DTYPES = {
    "|b1": "BOOL",
    "|i1": "I8",
    "|u1": "U8",
    "<i2": "I16",
    "<u2": "U16",
    "<i4": "I32",
    "<u4": "U32",
    "<i8": "I64",
    "<u8": "U64",
    "<f2": "F16",
    "<f4": "F32",
    "<f8": "F64",
}
_NAMES = {name: np.dtype(code) for code, name in _DTYPES.items()}
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


class FileObjects:
    """The embedded `ObjectStore`: `directory/ab/abcd....safetensors`.

    Arrays are written from where they lie and not copied: an object takes no more memory to write than to hold.
    """

    def __init__(self, directory: Path, files: FileSystem | None = None) -> None:
        self._directory = directory
        self._files = files if files is not None else HostFileSystem()
        self._putting = threading.Lock()
        self._made: set[Path] = set()

    def put(self, arrays: Mapping[str, NDArray[np.generic]]) -> str:
        """See `ObjectStore.put`."""
        little = {name: _little(name, array) for name, array in arrays.items()}
        digest = to_text(arrays_digest(little))
        path = self._path(digest)
        with self._putting:
            if not (self._files.exists(path) and self._sound(digest)):
                self._make(path.parent)
                write_durable(self._files, path, _parts(little))
        return digest

    def get(self, digest: str) -> dict[str, NDArray[np.generic]]:
        """See `ObjectStore.get`."""
        path = self._path(digest)
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            raise ObjectMissing(digest, f"{path} is not there; compute it again from the journal") from None
        try:
            arrays = {name: _array(entry) for name, entry in deserialize(data)}  # type: ignore[no-untyped-call]
        except (SafetensorError, KeyError, ValueError) as error:
            raise ObjectDamaged(digest, f"{path} is not a readable safetensors file ({error}); delete it") from error
        if to_text(arrays_digest(arrays)) != digest:
            raise ObjectDamaged(digest, f"{path} has other contents than its name says; delete it")
        return arrays

    def holds(self, digest: str) -> bool:
        """See `ObjectStore.holds`."""
        return self._files.exists(self._path(digest))

    def empty(self) -> bool:
        """See `ObjectStore.empty`."""
        names = self._files.names
        return not any(path.suffix == SUFFIX for directory in names(self._directory) for path in names(directory))

    def delete(self, digest: str) -> None:
        """See `ObjectStore.delete`."""
        self._files.remove(self._path(digest))

    def keep_only(self, digests: Collection[str]) -> int:
        """See `ObjectStore.keep_only`."""
        kept = frozenset(digests)
        forgotten = 0
        for directory in self._files.names(self._directory):
            with self._putting:  # a half-written file is one that was left, and not one being written
                for path in self._files.names(directory):
                    if path.suffix in (SUFFIX, PARTIAL) and path.stem not in kept:
                        self._files.remove(path)
                        forgotten += path.suffix == SUFFIX
        return forgotten

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a digest in 43 characters of base64url: {digest[:60]!r}")
        return self._directory / digest[:2] / f"{digest}{SUFFIX}"

    def _make(self, directory: Path) -> None:
        for path in (self._directory, directory):
            if path not in self._made:
                make_durable(self._files, path)
                self._made.add(path)

    def _sound(self, digest: str) -> bool:
        try:
            self.get(digest)
        except ObjectDamaged:
            return False
        return True


def _little(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    little = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    if little.dtype.str not in _DTYPES:
        raise ValueError(f"array {name!r}: dtype {array.dtype} cannot be stored; use a boolean, integer or float")
    if little.ndim == 0:
        # `arrays_digest` does not tell a scalar from an array of one.
        raise ValueError(f"array {name!r}: a scalar cannot be stored; make it an array of one")
    return little


def _parts(arrays: Mapping[str, NDArray[np.generic]]) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file: u64 LE length of the header, the header (JSON), the arrays in name order."""
    header: dict[str, Any] = {}
    end = 0
    for name in sorted(arrays):
        array = arrays[name]
        offsets = (end, end := end + array.nbytes)
        header[name] = {"dtype": _DTYPES[array.dtype.str], "shape": array.shape, "data_offsets": offsets}
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in sorted(arrays):
        if arrays[name].size:
            yield arrays[name].data.cast("B")


def _array(entry: Mapping[str, Any]) -> NDArray[np.generic]:
    array = np.frombuffer(entry["data"], dtype=_NAMES[entry["dtype"]]).reshape(entry["shape"])
    array.flags.writeable = False
    return array
