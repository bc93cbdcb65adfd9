"""`plainview controls`: which of the arrangement's 44 promises hold, by what is in a partner's directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from plainview.oversight.charters import Charters
    from plainview.oversight.controls.reading import Prove


def controls(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The partner's directory.", show_default=False)],
    number: Annotated[
        int | None,
        typer.Argument(metavar="NUMBER", min=1, max=44, help="Of one control: all about it.", show_default=False),
    ] = None,
    *,
    charter: Annotated[
        str,
        typer.Option(
            metavar="DIGEST", help="Of the log's first charter: all else follows from it.", show_default=False
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Say which controls are met, which are not, and by which records.

    The operator is asked nothing: what `plainview oversee` has in DIR is held against the log again.

    Exit codes:

    0: all controls that apply are met; with NUMBER, that one.
    1: some are not met.
    2: what is there cannot be read.
    """
    with told():
        from plainview.cli import controls_shown
        from plainview.ledger.charters import parse_digest
        from plainview.oversight.controls.reading import read_evidence
        from plainview.oversight.controls.table import rows
        from plainview.oversight.controls.verdicts import State

        try:
            evidence = read_evidence(directory, parse_digest(charter, "--charter"), _now(), _prove)
        except OSError as error:
            raise CommandError(f"{error.filename or directory}: cannot be read ({error.strerror})") from error
        found = [row for row in rows(evidence) if number in (None, row.control.number)]
        if as_json:
            controls_shown.show_json(evidence, found)
        elif number is not None:
            controls_shown.show_one(found[0])
        else:
            controls_shown.show_all(evidence, found)
    if any(row.verdict.state is State.NOT_MET for row in found):
        raise typer.Exit(1)


def _now() -> int:
    import time

    return time.time_ns() // 1_000_000


def _prove(charters: Charters) -> Prove:
    from plainview.cli.verify import Unreadable, verdict
    from plainview.ledger.errors import FormatError

    def prove(name: str, data: bytes) -> bool:
        try:
            return verdict(name, data, charters, None).shown
        except Unreadable as error:
            raise FormatError(str(error)) from error

    return prove
