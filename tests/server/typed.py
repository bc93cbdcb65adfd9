"""Plainview as a program that notes where msgspec first looks at a type of Plainview's, in the file TYPES names.

`late` is what a thread or an event loop looks at: another that decodes the type meanwhile ends the process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec._utils

TYPES = "TESTS_TYPES"
LITESTARS = "_signature_model"
"""Types that Litestar makes of handlers: one event loop decodes them, and no other thread does."""


def watch_types(told: Callable[[Any], object], patch: Callable[[str, Any], object]) -> None:
    """Have `told` called with each class whose annotations msgspec is about to read; `patch` sets a name of its."""
    name = "_get_class_mro_and_typevar_mappings"
    look: Any = vars(msgspec._utils)[name]

    def looked(kind: Any) -> Any:
        told(kind)
        return look(kind)

    patch(name, looked)


def main() -> None:
    path = Path(os.environ[TYPES])

    def told(kind: Any) -> None:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name.startswith("plainview.") and not name.endswith(LITESTARS):
            early = threading.current_thread() is threading.main_thread() and asyncio._get_running_loop() is None
            with path.open("a") as file:
                file.write(f"{'early' if early else 'late'} {name} by {sys.argv[1]}\n")

    watch_types(told, partial(setattr, msgspec._utils))
    from plainview.cli import main as plainview

    plainview()


if __name__ == "__main__":
    main()
