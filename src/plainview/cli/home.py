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
    """The data directory. From here on kernels may be imported: they are kept where this user keeps their own.

    Raises NotAsLocked where they would be compiled with other versions than the release's, and NotAsWritten where
    Python would run something else than its source.
    """
    from plainview.platform.bytecode import check_bytecode
    from plainview.platform.home import Home, default_home
    from plainview.platform.releases import check_locked, kernel_cache, own_kernels

    check_locked()
    check_bytecode()
    kernel_cache(own_kernels())
    return Home(path or default_home())
