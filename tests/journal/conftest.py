from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plainview.journal import Fence, Journal, PlainSealer
from plainview.storage import SqliteRecords
from tests.journal.drafts import NOW

Opener = Callable[..., Journal]


class Clock:
    """Journal time as the test sets it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reopen(tmp_path: Path, clock: Clock) -> Iterator[Opener]:
    """Opens the test's journal, closing the one it opened before."""
    opened: list[Journal] = []

    def open_journal(max_lag: int = 100, now_tolerance: int = 2000) -> Journal:
        if opened:
            opened.pop().close()
        store = SqliteRecords(tmp_path / "journal", writing=True)
        opened.append(Journal(store, PlainSealer(), Fence(max_lag, now_tolerance), clock))
        return opened[-1]

    yield open_journal
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(reopen: Opener) -> Journal:
    return reopen()
