"""What people are given of theirs: their records as they were journaled, with what proves each against the log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import msgspec

from plainview.journal import Entry, JournalReader
from plainview.platform.faults import HomeError
from plainview.records import PUBLIC, Record
from plainview.records.fields import to_text
from plainview.storage.filesystem import HostFileSystem

CHUNK = 4096
"""Lines written at a time."""


class Line(msgspec.Struct, frozen=True):
    """One record of a person's."""

    owner: str
    """`viewer:N` or `creator:N`."""
    index: int
    time: int
    """Journal time, Unix milliseconds."""
    kind: str
    record: Record
    salt: str
    """With the record's exact bytes it gives the commitment that is the record's leaf in the log."""
    commitment: str


def export(
    journal: JournalReader, file: Path, owner: str | None = None, advance: Callable[[int, int], None] | None = None
) -> int:
    """Write every personal record of `journal`, or one owner's, to `file`, a line of JSON each. Returns how many.

    The file is there whole or not at all; `advance` is told how far it is. Raises HomeError where it cannot be written
    or is there already, JournalDamaged.
    """
    part = file.with_name(f"{file.name}.part")
    if os.path.lexists(file):
        raise HomeError(f"{file} is there already; give another name, or move it away")
    size = journal.size
    entries = journal.read(0, size) if owner is None else journal.owned(owner, 0, size)
    files, written = HostFileSystem(), 0
    try:
        with part.open("xb") as out:
            lines = iter(_lines(entries, lambda index: advance(index, size) if advance is not None else None))
            while chunk := list(islice(lines, CHUNK)):
                out.write(b"".join(chunk))
                written += len(chunk)
        files.sync(part)
        files.rename(part, file)
        files.sync(file.absolute().parent)
    except FileExistsError:
        raise HomeError(f"{part} is there: another export is at work, or one was broken off; remove it") from None
    except OSError as error:
        part.unlink(missing_ok=True)
        raise HomeError(f"{file}: cannot be written ({error.strerror})") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return written


def _lines(entries: Iterable[Entry], advance: Callable[[int], None]) -> Iterable[bytes]:
    for entry in entries:
        if entry.index % CHUNK == 0:
            advance(entry.index)
        if entry.kind not in PUBLIC:
            assert entry.commitment is not None
            line = Line(
                entry.owner,
                entry.index,
                entry.time,
                entry.kind,
                entry.record,
                to_text(entry.salt),
                to_text(entry.commitment),
            )
            yield msgspec.json.encode(line) + b"\n"
