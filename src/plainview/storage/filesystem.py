"""The few file operations that durable files are made of: a seam, so that tests can crash between any two of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

PARTIAL = ".partial"
"""Ends the name of a file that is being written."""


class FileSystem(Protocol):
    """What a machine does to files. Only what was synced is there after a crash, for names as for contents."""

    def read(self, path: Path) -> bytes:
        """The file's bytes. Raises FileNotFoundError."""
        ...

    def exists(self, path: Path) -> bool: ...

    def names(self, directory: Path) -> list[Path]:
        """What is in a directory; nothing where it is not there, or is none."""
        ...

    def make(self, directory: Path) -> None:
        """Make a directory whose parent exists; no error where it is there already."""
        ...

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        """Write a new file, or a present one anew. Not durable before `sync`."""
        ...

    def sync(self, path: Path) -> None:
        """Make durable: a file's contents, or the names in a directory."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name in the same directory, replacing what had it; at no time is neither there."""
        ...

    def remove(self, path: Path) -> None:
        """No error where it is not there."""
        ...


class HostFileSystem:
    """The machine's own."""

    def read(self, path: Path) -> bytes:
        """The file's bytes."""
        return path.read_bytes()

    def exists(self, path: Path) -> bool:
        """Whether there is a file or directory of that name."""
        return path.exists()

    def names(self, directory: Path) -> list[Path]:
        """What is in a directory."""
        return list(directory.iterdir()) if directory.is_dir() else []

    def make(self, directory: Path) -> None:
        """Make one directory."""
        directory.mkdir(exist_ok=True)

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        """Write a file anew."""
        with path.open("wb") as file:
            for part in parts:
                file.write(part)

    def sync(self, path: Path) -> None:
        """fsync of a file or directory."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """rename(2)."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """unlink(2)."""
        path.unlink(missing_ok=True)


def make_durable(files: FileSystem, directory: Path) -> None:
    """Make `directory` and what is missing above it, so that all of it is there after a crash.

    One that is there already is made durable too: whoever made it may have been killed before that.
    """
    if not files.exists(directory.parent):
        make_durable(files, directory.parent)
    files.make(directory)
    files.sync(directory.parent)


def write_durable(files: FileSystem, path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Put a file in place whole: after a crash `path` has all of its old bytes or all of the new.

    Where that fails, nothing of it is left. Not for two threads at once on one path.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        files.write(partial, parts)
        files.sync(partial)
        files.rename(partial, path)
    except OSError:
        # Or what did not fit would fill the disk for all others.
        with suppress(OSError):
            files.remove(partial)
        raise
    files.sync(path.parent)
