"""The console that commands print to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

EDGELESS = 100_000


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal, or as $COLUMNS says; what goes to a file or a pipe has no edge to be folded at."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    if not (made.file.isatty() or os.environ.get("COLUMNS")):
        made.width = EDGELESS
    return made
