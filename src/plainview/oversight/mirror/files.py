"""A mirror's directory: the log's own layout (C2SP tlog-tiles), so that any web server can serve it on."""

from __future__ import annotations

import shutil
from pathlib import Path

from plainview.storage.filesystem import FileSystem, HostFileSystem, make_durable, write_durable

MISBEHAVIOUR = "misbehaviour"
"""Where proofs of it lie."""


class MirrorFiles:
    """Files by their paths in the log. Each is there whole or not at all, and durable once written. Raises OSError."""

    def __init__(self, directory: Path, files: FileSystem | None = None) -> None:
        self._directory = directory
        self._files = files if files is not None else HostFileSystem()

    def path(self, name: str) -> Path:
        """Where it lies."""
        return self._directory / name

    def read(self, name: str) -> bytes | None:
        """Its bytes; None where it is not there."""
        try:
            return self._files.read(self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, data: bytes) -> None:
        """Put it in place, unless it is there already as it should be. Not for two threads at once on one name."""
        if self.read(name) != data:
            path = self.path(name)
            make_durable(self._files, path.parent)
            write_durable(self._files, path, [data])

    def names(self, directory: str) -> list[str]:
        """What is in one of its directories, in order; nothing where it is not there."""
        return sorted(f"{directory}/{path.name}" for path in self._files.names(self.path(directory)))

    def remove(self, name: str) -> None:
        """No error where it is not there."""
        self._files.remove(self.path(name))

    def forget_partial(self, name: str) -> None:
        """Remove the partial tiles of a full one. What is left of them does no harm."""
        shutil.rmtree(self.path(f"{name}.p"), ignore_errors=True)
