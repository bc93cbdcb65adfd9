"""Where a bench works."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def directory(wanted: Path | None) -> Iterator[Path]:
    """`wanted`, made where it is not there and kept for the next run, or a directory that is deleted afterwards."""
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="plainview-bench-") as made:
            yield Path(made)
