"""Processes beside one that folds, which rank pages for it: each has a world of its own that follows the epochs.

So the next epoch is folded while pages are ranked on the last one. Threads would wait for each other instead: half of
what ranking a page takes is Python's own.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from plainview.feed.configuration import Configuration
from plainview.feed.probe import ProbeFailed, probe
from plainview.feed.viewers import VIEWER
from plainview.feed.world import World
from plainview.learning.ranker import Job, Ranker, What
from plainview.records.digests import Arrays

PIECE = 16
"""Pages that are asked for at a time."""
STEP = 0.02
"""By how much the share of pages that are ranked here grows where the others were waited for, and else falls."""
BEHIND = 16
"""Epochs that they may be behind with: each is held until they have it."""
_SET_PDEATHSIG = 1
"""Of Linux's `prctl`."""
_A = TypeVar("_A")


class RankerEnded(OSError):
    """One of these processes is gone, and with it what was asked of it: begin again from where you know all."""

    def __init__(self) -> None:
        super().__init__(
            "a process that ranked beside this one has ended, for want of memory perhaps: `--cores 1` begins none"
        )


class Rankers:
    """They change how soon, and no result. To be used by the thread that made it: when that ends, so do they."""

    def __init__(self, count: int, configuration: Configuration, release: str, world: Arrays) -> None:
        """So many, on a world that is given as a snapshot."""
        context, beginning = multiprocessing.get_context("spawn"), (configuration, release, os.getpid())
        # A pool has one process: what is asked of it is done in order.
        self._pools = [ProcessPoolExecutor(1, context, _begin, beginning) for _ in range(count)]
        self._share = 0.0
        """Of the pages, that is ranked here."""
        self._following: list[Future[None]] = []
        self.follow(world)

    def follow(self, delta: Arrays) -> None:
        """Have their worlds go on by it: what was asked for before is ranked before."""
        with _told():
            self._following += [pool.submit(_follow, delta) for pool in self._pools]
            while len(self._following) > BEHIND * len(self._pools):
                self._following.pop(0).result()

    def ask(self, what: What, jobs: Sequence[Job], here: Callable[[Sequence[Job]], list[_A]]) -> Callable[[], list[_A]]:
        """Have pages ranked on the world that they follow, a share of them `here`, and give what waits for the answers,
        in order.

        It raises ProbeFailed, and RankerEnded where one of the processes has, as does this.
        """
        own = round(self._share * len(jobs))
        theirs = jobs[: len(jobs) - own]
        pieces = [theirs[start : start + PIECE] for start in range(0, len(theirs), PIECE)]
        with _told():
            asked: list[Future[list[_A]]] = [
                self._pools[place % len(self._pools)].submit(_answer, what, *_packed(piece))
                for place, piece in enumerate(pieces)
            ]
        answered = here(jobs[len(theirs) :])
        following, self._following = self._following, []

        def answers() -> list[_A]:
            behind = not all(one.done() for one in asked)
            self._share = min(max(0.0, self._share + (STEP if behind else -STEP)), 1.0)
            with _told():
                for one in following:
                    one.result()
                return [answer for piece in (*(one.result() for one in asked), answered) for answer in piece]

        return answers

    def close(self) -> None:
        """End them."""
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise RankerEnded from error


# In such a process.

_ranker: Ranker
_world: World


def _begin(configuration: Configuration, release: str, parent: int) -> None:
    global _ranker, _world
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # who asks is told to end, too, and ends this one when it may
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _ranker, _world = Ranker(configuration, release), World()


def _follow(delta: Arrays) -> None:
    with _plainly():
        probe()
        _world.apply(delta)


def _answer(what: What, viewers: NDArray[np.uint8], rest: list[tuple[Any, ...]]) -> list[Any]:
    answer = getattr(_ranker, what)
    rows = viewers.view(VIEWER)
    with _plainly():
        return [answer(_world, Job._make((*one, rows[place : place + 1]))) for place, one in enumerate(rest)]


@contextmanager
def _plainly() -> Iterator[None]:
    """What is raised is of a kind that can be sent: a pool that cannot read one waits without end for its process."""
    try:
        yield
    except (ProbeFailed, ValueError):
        raise
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def _packed(jobs: Sequence[Job]) -> tuple[NDArray[np.uint8], list[tuple[Any, ...]]]:
    """Viewers' rows as bytes: a layout of many fields takes long to be sent."""
    return np.concatenate([job.viewer for job in jobs]).view(np.uint8), [job[:-1] for job in jobs]
