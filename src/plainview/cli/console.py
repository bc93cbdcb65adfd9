"""The console that commands print to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

EDGELESS = 100_000
LEAST = 20
"""Columns; in fewer nothing can be read, and in none nothing is printed."""


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal, or as $COLUMNS says; what goes to a file or a pipe has no edge to be folded at."""
    from rich.console import Console

    forget_columns()
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if not (made.file.isatty() or os.environ.get("COLUMNS")):
        made.width = EDGELESS
    return made


def forget_columns() -> None:
    """Unset a $COLUMNS that is no whole number from LEAST up."""
    columns = os.environ.get("COLUMNS", "")
    if not columns.isdecimal() or int(columns) < LEAST:
        os.environ.pop("COLUMNS", None)
