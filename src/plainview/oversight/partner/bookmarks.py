"""Where the partner's re-running stands, kept in its own directory: from there a start goes on.

A bookmark is one file, and beside it an object with its arrays. The object is written first and the older one removed
last, so at any moment the file names one that is there. A start believes what it says of all records below
`position.read`, as it believes its own findings and keys: nothing of that can be told from the log alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from plainview.ledger.errors import LedgerError
from plainview.records.fields import to_text
from plainview.replay.findings import Report
from plainview.replay.position import Place, Position
from plainview.storage.files import FileObjects
from plainview.storage.filesystem import FileSystem, HostFileSystem, make_durable, write_durable
from plainview.storage.objects import ObjectLost

FILE, OBJECTS = "bookmark", "objects"
_HEAD = b"plainview/bookmark/v1 "


class Reader(msgspec.Struct, frozen=True):
    """Who re-runs: what was found by another may be something else."""

    program: str
    """Digest of the code that is installed, all of it."""
    installed: str
    """Digest of the release."""
    environment: str
    """Digest of this one, as receipts name it."""


class Bookmark(msgspec.Struct, frozen=True, kw_only=True):
    """What re-running came to, and where it goes on."""

    reader: Reader
    root: str
    """Of the log's tree of the first `position.read` records."""
    position: Position
    report: Report
    """Of all that was re-run below."""
    late: tuple[int, ...]
    """Pages that came behind their epoch and are still to be re-run, each for itself."""
    arrays: str
    """Digest of the object."""


class NotUsed(Exception):
    """A bookmark from which a start does not go on, and why."""


class Bookmarks:
    """For one thread at a time. Writing raises OSError and LedgerError."""

    def __init__(
        self, directory: Path, reader: Reader, root: Callable[[int], bytes], files: FileSystem | None = None
    ) -> None:
        """`root` gives that of the log's tree of so many entries, and raises LedgerError where it cannot be told."""
        self._path = directory / FILE
        self._reader = reader
        self._root = root
        self._files = files if files is not None else HostFileSystem()
        self._objects = FileObjects(directory / OBJECTS, self._files)

    def write(self, place: Place, report: Report, late: tuple[int, ...]) -> None:
        """Put one in the place of the one before."""
        make_durable(self._files, self._path.parent)
        bookmark = Bookmark(
            reader=self._reader,
            root=to_text(self._root(place.position.read)),
            position=place.position,
            report=report,
            late=late,
            arrays=self._objects.put(place.arrays),
        )
        body = msgspec.json.encode(bookmark)
        write_durable(self._files, self._path, [_HEAD + _digest(body) + b"\n", body])
        self._objects.keep_only([bookmark.arrays])

    def read(self, size: int) -> tuple[Bookmark, Place] | None:
        """The last one, whose records are among the first `size`, which are here; None where there is none.

        Raises NotUsed, and OSError.
        """
        try:
            data = self._files.read(self._path)
        except FileNotFoundError:
            return None
        head, _, body = data.partition(b"\n")
        if head != _HEAD + _digest(body):
            raise NotUsed(f"{self._path} is damaged")
        try:
            bookmark = msgspec.json.decode(body, type=Bookmark)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotUsed(f"{self._path} cannot be read ({error})") from error
        self._check(bookmark, size)
        try:
            return bookmark, Place(bookmark.position, self._objects.get(bookmark.arrays))
        except (ObjectLost, ValueError) as error:
            raise NotUsed(f"what {self._path} rests on is lost ({error})") from error

    def _check(self, bookmark: Bookmark, size: int) -> None:
        for name, what in (("program", "version of the program"), ("installed", "release"), ("environment", "machine")):
            if getattr(bookmark.reader, name) != getattr(self._reader, name):
                raise NotUsed(f"{self._path} was kept by another {what}")
        read = bookmark.position.read
        if read > size:
            raise NotUsed(f"{self._path} is of {read:,} records, and {size:,} are here")
        try:
            root = to_text(self._root(read))
        except LedgerError as error:
            raise NotUsed(f"{self._path} cannot be held against the log ({error})") from error
        if root != bookmark.root:
            raise NotUsed(f"{self._path} is of another log: its first {read:,} records have another root")


def _digest(body: bytes) -> bytes:
    return to_text(hashlib.sha256(body).digest()).encode()
