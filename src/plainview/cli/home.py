"""The `--home` option, and what has to happen with it before any kernel is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from plainview.platform.home import Home

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="Data directory (default: $PLAINVIEW_HOME, or ~/.local/share/plainview)."
    ),
]


def at_home(path: Path | None) -> Home:
    """The data directory, with compiled kernels kept where the installed release has them to itself."""
    from plainview.platform.home import Home, default_home
    from plainview.platform.releases import kernel_cache

    home = Home(path or default_home())
    kernel_cache(home.kernels)
    return home
