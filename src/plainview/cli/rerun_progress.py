"""The progress of a journal that is run again, where there is a terminal to draw it in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

WIDTH = 40


class RerunProgress:
    """One line: what is being done, how far it is, pages and their rate."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._began = 0.0

    def say(self, what: str) -> None:
        """What is being done, where it cannot be said how far it is."""
        self._progress.update(self._task, description=what)

    def begin(self, what: str, records: int | None) -> None:
        """From here on records are read, so many if that is known."""
        self._began = time.monotonic()
        self._progress.update(self._task, description=what, total=records)

    def advance(self, records: int, pages: int) -> None:
        """So many are read by now, and pages dealt with."""
        rate = pages / max(time.monotonic() - self._began, 1e-9)
        self._progress.update(self._task, completed=records, pages=pages, rate=rate)


@contextmanager
def rerun_progress(out: Console) -> Iterator[RerunProgress]:
    """Drawn on `out` for as long as this lasts."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(WIDTH),
        TaskProgressColumn(),
        TextColumn("{task.fields[pages]:,} pages"),
        TextColumn("{task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
    )
    # Where there is no terminal to draw in, it would leave an empty line.
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        yield RerunProgress(progress, progress.add_task("Loading kernels", total=None, pages=0, rate=0.0))
