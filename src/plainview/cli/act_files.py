"""Acts in files, and at the operator's server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from plainview.cli.errors import CommandError
from plainview.cli.note_files import read_note_file, write_note_file

if TYPE_CHECKING:
    from plainview.ledger.acts import AnyAct
    from plainview.ledger.notes import NoteSignature
    from plainview.platform.client import Client


def client_of(url: str) -> Client:
    """Of the server at `url`. Raises CommandError where that is none."""
    from plainview.platform.client import Client

    try:
        return Client(url)
    except ValueError as error:
        raise CommandError(str(error)) from error


def read_act(path: Path) -> tuple[AnyAct, tuple[NoteSignature, ...]]:
    """The act in a file, signed or not. Raises CommandError where there is none."""
    from plainview.ledger.acts import parse_act
    from plainview.ledger.errors import FormatError

    try:
        text, signatures = read_note_file(path)
        return parse_act(text), signatures
    except FormatError as error:
        raise CommandError(f"{path}: {error}") from error


def write_act(path: Path, kind: type[AnyAct], *fields: Any) -> None:
    """Make the act of these fields, in its order, and write it down for its parties to sign."""
    from plainview.ledger.charters import digest_text

    made = kind(*fields)
    write_note_file(path, made.text(), (), "an act")
    typer.echo(f"{path}: {made.kind}, digest {digest_text(made.digest())}; `plainview act sign` signs it")
