"""Acts as `plainview act show` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from plainview.cli.act_answers import all_acts, note_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plainview.ledger.acts import AnyAct
    from plainview.ledger.notes import NoteSignature
    from plainview.platform.client import Client


def show_act(about: AnyAct, signatures: Iterable[NoteSignature]) -> None:
    """What others wrote is printed as a line may have it."""
    from plainview.ledger.charters import digest_text
    from plainview.ledger.spelling import printable

    for line in about.text().splitlines()[1:]:
        typer.echo(f"  {printable(line)}")
    typer.echo(f"  digest {digest_text(about.digest())}")
    typer.echo(f"  signed by {', '.join(printable(one.name) for one in signatures) or 'nobody'}")


def show_all(client: Client) -> bool:
    """All acts of a server. Returns whether each of them could be read; raises what `all_acts` does."""
    from plainview.ledger.acts import parse_act
    from plainview.ledger.errors import FormatError
    from plainview.ledger.spelling import moment, printable

    count = unread = 0
    for one in all_acts(client):
        count += 1
        if isinstance(one, str):
            unread += 1
            typer.echo(f"NOT READ: {one}\n")
            continue
        said = "counts" if one.counts else f"does not count: {printable(one.reason)}"
        typer.echo(f"record {one.index:,}, {moment(one.time)}, {said}")
        try:
            note = note_of(one)
            about = parse_act(note.text)
        except FormatError as error:
            unread += 1
            typer.echo(f"  NOT READ: {printable(str(error))}\n")
            continue
        show_act(about, note.signatures)
        typer.echo()
    besides = f", {unread:,} of which cannot be read" if unread else ""
    typer.echo(f"{count:,} acts{besides}. What the server says of them is proven by the log alone.")
    return not unread
