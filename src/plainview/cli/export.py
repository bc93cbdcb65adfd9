"""`plainview export`: people's own records, to be given back to them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home

ID = 2**53 - 1


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the records are to lie, one a line.", show_default=False)
    ],
    viewer: Annotated[int | None, typer.Option(min=0, max=ID, help="Of this viewer alone.", show_default=False)] = None,
    creator: Annotated[
        int | None, typer.Option(min=0, max=ID, help="Of this creator alone.", show_default=False)
    ] = None,
    home: HomeOption = None,
) -> None:
    """Export people's own records: what they did and chose, the pages they were shown, the videos they made.

    Each line is one record in JSON, with its index, its salt and the commitment that stands in the log for it. May run
    while a server does, and after every licence has ended.
    """
    out = console(stderr=True)
    with told():
        if viewer is not None and creator is not None:
            raise CommandError("--viewer or --creator: give one of the two")
        owner = f"viewer:{viewer}" if viewer is not None else f"creator:{creator}" if creator is not None else None
        directory = at_home(home)
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        from plainview.platform.export import export as write

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        journal = directory.read()
        try:
            with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
                task = progress.add_task("Reading records", total=None)
                written = write(
                    journal, file, owner, lambda done, end: progress.update(task, completed=done, total=end)
                )
        finally:
            journal.close()
    typer.echo(f"{file}: {written:,} records of {owner or 'all viewers and creators'}")
