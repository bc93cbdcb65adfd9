"""How commands fail: one sentence that says what, where and what to do; exit code 2; no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

PACKAGE = "plainview."


class CommandError(Exception):
    """What a command cannot do, and what to do about it."""


@contextmanager
def told() -> Iterator[None]:
    """End the command with exit code 2 and one sentence where the platform raises one of its own errors.

    Those are made to be read by people. Any other error is a mistake of the program: it keeps its traceback.
    """
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(PACKAGE):
            raise
        typer.secho(f"error: {sentence(error)}", fg="red", err=True)
        raise typer.Exit(2) from error


def sentence(error: Exception) -> str:
    """What to say of one of the platform's errors."""
    from plainview.journal import JournalDamaged

    if isinstance(error, JournalDamaged):
        return (
            f"{error}. The record is not what was appended: something has changed the journal since. "
            "`plainview replay --all` on this directory names all that differs; restore the journal from a copy"
        )
    return str(error)
