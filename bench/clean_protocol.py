"""The clean protocol (shared data's README): who may have learned what when an impression is ranked.

Every test row gets two marks, both row numbers of a time-ordered log. `world_upto`: what the ranker has learned about
videos, creators, tags and surfaces comes from rows below it. `viewer_upto`: of the row's own viewer (counters, history,
embeddings) only rows below it may be used. `viewer_upto` is the start of the list being ranked: of the test window
(`pooled`, one list a user) or of the session (`session`, a new one after 30 minutes' pause).

    frozen       world_upto = start of the window
    daily        world_upto = first row of the test row's date
    continuous   world_upto = rows at least `DELAY` older, taken up once a minute
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

import numpy as np

from bench.impression_log import Ints, Log
from bench.ranking_metrics import Floats, Lists, per_list

Regime = Literal["frozen", "daily", "continuous"]
REGIMES: tuple[Regime, ...] = ("frozen", "daily", "continuous")
View = Literal["pooled", "session"]
VIEWS: tuple[View, ...] = ("pooled", "session")
DELAY = 60_000
"""Milliseconds by which learning from everyone lags at least."""
STEP = 60_000
"""Milliseconds between two times that the world of `continuous` takes up rows."""


class Ranker(Protocol):
    """What is measured. Built with the log, it may read its catalogue and histories (they end before the log begins) at
    once, and of the rows only what the calls allow."""

    name: str

    def learn(self, start: int, stop: int) -> None:
        """Take up rows start to stop - 1. Called in order and without gaps, from row 0."""
        ...

    def score(self, rows: Ints, viewer_upto: Ints) -> Floats:
        """Scores of test rows (n), higher is better; only scores of one list are ever compared.

        Of row i may be used: all that was learned so far, the row's video, viewer, surface and time, and its viewer's
        own rows below viewer_upto[i]. Asked twice for each row, once per view; a viewer's rows come in time order.
        """
        ...


Factory = Callable[[Log, int], Ranker]
"""Builds a ranker from a log and a seed."""


class Window(NamedTuple):
    """Test dates, both included, as YYYYMMDD."""

    first: int
    last: int


class Result(NamedTuple):
    """Scores of one ranker under one regime."""

    rows: Ints
    scores: dict[View, Floats]
    lists: dict[View, Lists]
    users: dict[View, Ints]
    """The viewer of each list."""


def window_rows(log: Log, window: Window) -> Ints:
    """Rows dated within `window`, in time order. Raises ValueError where there is none."""
    rows = np.flatnonzero((log.date >= window.first) & (log.date <= window.last))
    if not len(rows):
        raise ValueError(
            f"no impressions dated {window.first} to {window.last}; the log has {sorted(set(log.date.tolist()))}"
        )
    return rows


def world_marks(log: Log, rows: Ints, window: Window, regime: Regime) -> Ints:
    """`world_upto` of each of `rows`."""
    start = log.first_of(window.first)
    if regime == "frozen":
        return np.full(len(rows), start, np.int64)
    if regime == "daily":
        firsts = {date: log.first_of(date) for date in set(log.date[rows].tolist())}
        return np.array([firsts[date] for date in log.date[rows].tolist()], np.int64)
    newest = (log.time[rows] - DELAY) // STEP * STEP
    return np.searchsorted(log.time, newest, side="right").astype(np.int64)


def viewer_marks(log: Log, rows: Ints, window: Window) -> dict[View, Ints]:
    """`viewer_upto` of each of `rows`, by view."""
    return {"pooled": np.full(len(rows), log.first_of(window.first), np.int64), "session": log.session[rows]}


def list_numbers(log: Log, rows: Ints) -> dict[View, Ints]:
    """The list each of `rows` is ranked in, by view."""
    return {"pooled": log.viewer[rows], "session": log.session[rows]}


def evaluate(log: Log, ranker: Ranker, window: Window, regime: Regime) -> Result:
    """Run `ranker`, newly built, through the log."""
    rows = window_rows(log, window)
    world = world_marks(log, rows, window, regime)
    viewer = viewer_marks(log, rows, window)
    order = np.lexsort((rows, world))
    scores = {view: np.empty(len(rows)) for view in VIEWS}
    learned = 0
    for part in np.split(order, np.flatnonzero(np.diff(world[order])) + 1):
        upto = int(world[part[0]])
        if upto > learned:
            ranker.learn(learned, upto)
            learned = upto
        for view in VIEWS:
            scores[view][part] = ranker.score(rows[part], viewer[view][part])
    return measure(log, rows, scores)


def measure(log: Log, rows: Ints, scores: dict[View, Floats]) -> Result:
    """Lists and their metrics for given scores of `rows`."""
    numbers = list_numbers(log, rows)
    lists = {view: per_list(numbers[view], log.label[rows], scores[view]) for view in VIEWS}
    users: dict[View, Ints] = {"pooled": lists["pooled"].number, "session": log.viewer[lists["session"].number]}
    return Result(rows, scores, lists, users)
