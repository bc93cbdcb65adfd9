"""Charters and acts as files: the text alone where nobody has signed it, else a signed note."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.cli.errors import CommandError

if TYPE_CHECKING:
    from plainview.ledger.notes import NoteSignature


def read_note_file(path: Path) -> tuple[str, tuple[NoteSignature, ...]]:
    """The text in a file, and its signatures, none of them checked. Raises CommandError, and FormatError for a note
    that is spelt wrong."""
    from plainview.ledger.notes import NOTE_LIMIT, parse_note

    try:
        with path.open("rb") as file:
            data = file.read(NOTE_LIMIT + 1)
        if b"\n\n" not in data:
            return data.decode(), ()
        note = parse_note(data)
        return note.text, note.signatures
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: byte {error.start} is not UTF-8") from error


def write_note_file(
    path: Path, text: str, signatures: tuple[NoteSignature, ...], what: str, *, over: bool = False
) -> None:
    """Raises CommandError where something is there and `over` does not say that it may go, and where a record of the
    journal could not hold it; `what` it is."""
    from plainview.ledger.notes import Note
    from plainview.records.charter import NOTE
    from plainview.storage.filesystem import HostFileSystem, write_durable

    if not over and os.path.lexists(path):
        raise CommandError(f"{path} is there already; give another name, or move it away")
    data = Note(text, signatures).encode() if signatures else text.encode()
    if len(data.decode()) > NOTE:
        raise CommandError(f"{path}: {len(data.decode()):,} characters; a record holds {what} of at most {NOTE:,}")
    try:
        write_durable(HostFileSystem(), path, [data])
    except OSError as error:
        raise CommandError(f"{path}: cannot be written ({error.strerror})") from error
