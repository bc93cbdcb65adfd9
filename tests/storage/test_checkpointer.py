from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from plainview.storage.checkpointer import Checkpointer

PATIENCE = 30


class Checkpoints:
    """Each call waits until it is told what came of it."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.calls = 0
        self._outcomes: list[bool | Exception] = []
        self._given = threading.Semaphore(0)

    def __call__(self) -> bool:
        self.calls += 1
        self.begun.release()
        assert self._given.acquire(timeout=PATIENCE)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def come_to(self, *outcomes: bool | Exception) -> None:
        """Let as many calls come to an end, each once it has begun."""
        for outcome in outcomes:
            self._outcomes.append(outcome)
            self._given.release()
            assert self.begun.acquire(timeout=PATIENCE)


@pytest.fixture
def checkpoints() -> Checkpoints:
    return Checkpoints()


Make = Callable[[int], Checkpointer]


@pytest.fixture
def make(checkpoints: Checkpoints) -> Iterator[Make]:
    made = []

    def begin(commits: int) -> Checkpointer:
        made.append(Checkpointer(checkpoints, commits))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def appends(checkpointer: Checkpointer, count: int) -> None:
    for _ in range(count):
        checkpointer.appended()


def test_it_is_called_once_for_so_many_appends(checkpoints: Checkpoints, make: Make) -> None:
    checkpointer = make(5)
    appends(checkpointer, 4)
    assert not checkpoints.begun.acquire(timeout=0.2)
    appends(checkpointer, 1)
    checkpoints.come_to(True)
    appends(checkpointer, 5)
    checkpoints.come_to(True)
    checkpointer.close()
    assert checkpoints.calls == 2


def test_what_came_meanwhile_is_moved_too_but_not_for_ever(checkpoints: Checkpoints, make: Make) -> None:
    checkpointer = make(1)
    appends(checkpointer, 1)
    checkpoints.come_to(False, False, True)
    appends(checkpointer, 1)
    checkpoints.come_to(False, False, False, False)
    checkpointer.close()
    assert checkpoints.calls == 7


def test_appends_do_not_wait_for_it(checkpoints: Checkpoints, make: Make) -> None:
    checkpointer = make(1)
    appends(checkpointer, 1)
    assert checkpoints.begun.acquire(timeout=PATIENCE)
    checkpoints.begun.release()
    appends(checkpointer, 100)  # it hangs until it is told what came of it
    checkpoints.come_to(True, True)
    checkpointer.close()
    assert checkpoints.calls == 2


def test_a_failure_is_logged_once_and_tried_again(
    checkpoints: Checkpoints, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    checkpointer = make(1)
    with caplog.at_level(logging.WARNING):
        for outcome in (OSError("no space left"), OSError("no space left"), True, OSError("torn")):
            appends(checkpointer, 1)
            checkpoints.come_to(outcome)
        checkpointer.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the journal's WAL grows for now: no space left",
        "the journal's WAL grows for now: torn",
    ]


def test_closing_waits_for_what_is_under_way(checkpoints: Checkpoints, make: Make) -> None:
    checkpointer = make(1)
    appends(checkpointer, 1)
    assert checkpoints.begun.acquire(timeout=PATIENCE)
    checkpoints.begun.release()
    closing = threading.Thread(target=checkpointer.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    checkpoints.come_to(True)
    closing.join(PATIENCE)
    assert not closing.is_alive()
    appends(checkpointer, 1)
    assert checkpoints.calls == 1
