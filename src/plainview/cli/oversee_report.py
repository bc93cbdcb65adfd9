"""`plainview oversee report`: a transparency report on what was re-run since the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.errors import CommandError, told


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The partner's directory.", show_default=False)],
) -> None:
    """Draw up a transparency report on all records that were re-run since the last one.

    It is signed with the auditor's key, lies in DIR/reports, and is announced in the partner's own log; `plainview
    oversee run`, which may run meanwhile, serves it, and hands the announcement to the operator. Of each number it says
    whether anybody can compute it, or only who has the opened records; `plainview verify` does.

    Exit codes:

    0: it is drawn up.
    2: it cannot be: nothing was re-run since, or the last one is not in the operator's log yet.
    """
    with told():
        from plainview.oversight.partner.reports import draw_up

        try:
            drawn = draw_up(directory)
        except OSError as error:
            raise CommandError(f"{error.filename or directory}: {error.strerror}") from error
    typer.echo(
        f"{drawn.report.what}, {len(drawn.report.numbers):,} numbers: {drawn.path}; act {drawn.place:,} of the "
        f"partner's log, which `plainview oversee run {directory}` hands to the operator"
    )
