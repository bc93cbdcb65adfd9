"""Bundles of releases, in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.errors import CommandError

if TYPE_CHECKING:
    from plainview.replay.bundled import Bundles

BundlesOption = Annotated[
    Path | None,
    typer.Option(
        "--bundles",
        metavar="DIR",
        help="Bundles of releases that are not installed (`plainview release bundle`), under any names. Each runs in "
        "a process of its own.",
        show_default=False,
    ),
]


def read_bundle(path: Path) -> bytes:
    """A file of at most one byte more than a bundle may have. Raises CommandError where it cannot be read."""
    from plainview.replay.bundles import SIZE_LIMIT

    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error


def read_bundles(directory: Path | None, left_out: Callable[[str], None]) -> Bundles | None:
    """What lies in the directory. Of a file that is no bundle it is told why it is left out. Raises CommandError."""
    if directory is None:
        return None
    from plainview.platform.releases import own_kernels
    from plainview.replay.bundled import Bundles
    from plainview.replay.bundles import BundleError, unpack

    found = []
    try:
        paths = sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise CommandError(f"{directory}: cannot be read ({error.strerror})") from error
    for path in paths:
        try:
            found.append(unpack(read_bundle(path)))
        except BundleError as error:
            left_out(f"{path}: no release's bundle: {error}")
    return Bundles(found, own_kernels())
