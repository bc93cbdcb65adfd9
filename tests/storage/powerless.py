"""Files as they are to somebody who may read them and no more: on a read-only medium, or another user's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
"""Debian's user without rights."""


@contextmanager
def powerless() -> Iterator[None]:
    """Without root's rights, which no permission holds back, for as long as this lasts."""
    before = os.getresuid()
    if before[1] == 0:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(*before)


@contextmanager
def read_only(directory: Path) -> Iterator[Path]:
    """A copy of `directory` that may be read and not changed."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        copy = Path(shutil.copytree(directory, Path(place) / "copy"))
        for path in copy.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        copy.chmod(0o555)
        try:
            with powerless():
                yield copy
        finally:
            for path in (copy, *copy.rglob("*")):
                path.chmod(0o755)
