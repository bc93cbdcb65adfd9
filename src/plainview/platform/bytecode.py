"""Whether what Python would run of the algorithm is what its source says.

A release is measured by its source, and Python runs something else beside it where that is there: bytecode that only
says it is of the source, a compiled extension, a module without source. A seat belt against a mistake or a stale file;
who means to deceive can change this check too, and is found by replay.
"""

from __future__ import annotations

import shlex
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SourceFileLoader
from pathlib import Path

import plainview
from plainview.replay.bundles import ROOMS

_PACKAGE = Path(plainview.__file__).parent
_BEFORE_SOURCE = (*EXTENSION_SUFFIXES, *BYTECODE_SUFFIXES)
_CACHE = "__pycache__"


class NotAsWritten(Exception):
    """A file of the algorithm of which something else would run than was measured, and what to do."""

    def __init__(self, path: Path, wrong: str, remove: Path) -> None:
        super().__init__(f"{path}: {wrong}. Delete {shlex.quote(str(remove))} and start again")


def check_bytecode(package: Path = _PACKAGE) -> None:
    """Raises NotAsWritten where Python would run for a file of the algorithm what its source does not say."""
    for path in sorted(one for room in ROOMS for one in (package / room).rglob("*")):
        if path.parent.name == _CACHE:
            continue
        if path.name.endswith(_BEFORE_SOURCE):
            raise NotAsWritten(path, "it would run in the place of source, and belongs to no release", path)
        if path.suffix == ".py":
            _check(path)


def _check(path: Path) -> None:
    try:
        found = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    except (ImportError, EOFError, ValueError, TypeError):  # what is there is no bytecode
        found = None
    if found != compile(path.read_bytes(), str(path), "exec", dont_inherit=True):
        raise NotAsWritten(path, "the bytecode kept beside it was not made from it", path.parent / _CACHE)
