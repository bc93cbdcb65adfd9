"""A file system that forgets what was not synced."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path


class PowerLoss(BaseException):
    """The machine went off. Derives from BaseException, so that nobody handles it."""


class _File:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.durable = b""


class CrashingFiles:
    """A `FileSystem` in memory that goes off before operation number `crash_at` (from 0).

    What is on disk is kept apart from what programs see: a file's contents reach it with `sync` of the file, names
    with `sync` of their directory. `restart` gives the machine after the crash.
    """

    def __init__(self, crash_at: int | None = None, root: str = "/disk") -> None:
        self.operations = 0
        self._crash_at = crash_at
        self._directories = {Path(root)}
        self._durable_directories = {Path(root)}
        self._names: dict[Path, _File] = {}
        self._durable_names: dict[Path, _File] = {}

    def read(self, path: Path) -> bytes:
        if path not in self._names:
            raise FileNotFoundError(path)
        return self._names[path].data

    def exists(self, path: Path) -> bool:
        return path in self._names or path in self._directories

    def names(self, directory: Path) -> list[Path]:
        return sorted(path for path in {*self._names, *self._directories} if path.parent == directory != path)

    def make(self, directory: Path) -> None:
        self._step()
        self._parent(directory)
        self._directories.add(directory)

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        self._step()
        self._parent(path)
        file = self._names.setdefault(path, _File(b""))
        file.data = b""
        for part in parts:
            self._step()
            file.data += part

    def sync(self, path: Path) -> None:
        self._step()
        if path in self._names:
            self._names[path].durable = self._names[path].data
            return
        assert path in self._directories, f"sync of {path}, which is not there"
        for names in (self._names, self._durable_names):
            for name in [name for name in names if name.parent == path]:
                if name in self._names:
                    self._durable_names[name] = self._names[name]
                else:
                    del self._durable_names[name]
        self._durable_directories |= {directory for directory in self._directories if directory.parent == path}

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        assert source.parent == target.parent
        self._names[target] = self._names.pop(source)

    def remove(self, path: Path) -> None:
        self._step()
        self._names.pop(path, None)

    def restart(self, chance: random.Random) -> CrashingFiles:
        """The disk as it may be found: of what was not synced, names and any part of contents may be there or not."""
        disk = CrashingFiles()
        disk._directories = {
            directory
            for directory in self._directories
            if directory in self._durable_directories or chance.random() < 0.5
        }
        while orphans := {directory for directory in disk._directories if directory.parent not in disk._directories}:
            if orphans == {Path("/disk")}:
                break
            disk._directories -= orphans - {Path("/disk")}
        for path in self._names.keys() | self._durable_names.keys():
            file = self._durable_names.get(path)
            if chance.random() < 0.5:
                file = self._names.get(path)
            if file is not None and path.parent in disk._directories:
                disk._names[path] = _File(_torn(file, chance))
        for file in disk._names.values():
            file.durable = file.data
        disk._durable_directories = set(disk._directories)
        disk._durable_names = dict(disk._names)
        return disk

    def _step(self) -> None:
        if self.operations == self._crash_at:
            raise PowerLoss
        self.operations += 1

    def _parent(self, path: Path) -> None:
        if path.parent not in self._directories:
            raise FileNotFoundError(path.parent)


def _torn(file: _File, chance: random.Random) -> bytes:
    if file.data == file.durable:
        return file.durable
    match chance.randrange(3):
        case 0:
            return file.durable
        case 1:
            return file.data[: chance.randint(0, len(file.data))]
        case _:
            return bytes(byte if chance.random() < 0.9 else 0 for byte in file.data)
