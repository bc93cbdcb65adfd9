"""Who may have learned what: the marks, the guard, and that no peer sees further."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.clean_protocol import (
    DELAY,
    REGIMES,
    STEP,
    VIEWS,
    Factory,
    Regime,
    Window,
    evaluate,
    measure,
    viewer_marks,
    window_rows,
    world_marks,
)
from bench.impression_log import SESSION_GAP, Ints, Log, shuffled_times
from bench.peers.factorization_machine import FactorizationMachine
from bench.peers.lambdarank import LambdaRank
from bench.peers.own_rate import OwnRate
from bench.peers.popularity import Popularity
from bench.peers.random_order import RandomOrder
from bench.ranking_metrics import metrics
from tests.bench.logs import FIRST, random_log, relabelled

WINDOW = Window(FIRST + 3, FIRST + 4)
PEERS: dict[str, Factory] = {
    "random": RandomOrder,
    "own rate": OwnRate,
    "popularity": lambda log, seed: Popularity(log, seed, "rate", 24.0),
    "FM": lambda log, seed: FactorizationMachine(log, seed, factors=4),
    "LambdaRank": lambda log, seed: LambdaRank(log, seed, rounds=5, parameters={"min_data_in_leaf": 5}),
}


@pytest.fixture(scope="module")
def log() -> Log:
    return random_log()


@pytest.mark.parametrize("regime", REGIMES)
def test_marks(log: Log, regime: Regime) -> None:
    rows = window_rows(log, WINDOW)
    start = log.first_of(WINDOW.first)
    world = world_marks(log, rows, WINDOW, regime)
    assert (world <= rows).all()
    for row, upto in zip(rows.tolist(), world.tolist(), strict=True):
        if regime == "frozen":
            assert upto == start
        elif regime == "daily":
            assert upto == log.first_of(int(log.date[row]))
        else:
            assert (log.time[:upto] <= log.time[row] - DELAY).all()
            assert (log.time[upto:] > log.time[row] - DELAY - STEP).all()
    marks = viewer_marks(log, rows, WINDOW)
    assert set(marks["pooled"].tolist()) == {start}
    assert (marks["session"] <= rows).all()


def test_sessions_end_with_half_an_hours_pause(log: Log) -> None:
    for viewer in range(len(log.viewers)):
        own = log.own[log.own_start[viewer] : log.own_start[viewer + 1]]
        begun = -1
        for at, row in enumerate(own.tolist()):
            if at == 0 or log.time[row] - log.time[own[at - 1]] > SESSION_GAP:
                begun = row
            assert log.session[row] == begun


class Watching:
    """Notes what it is told and asked."""

    name = "watching"

    def __init__(self, log: Log) -> None:
        self.log = log
        self.learned = 0
        self.asked: list[tuple[int, int, int]] = []

    def learn(self, start: int, stop: int) -> None:
        assert start == self.learned < stop
        self.learned = stop

    def score(self, rows: Ints, viewer_upto: Ints) -> Any:
        self.asked += [(row, upto, self.learned) for row, upto in zip(rows.tolist(), viewer_upto.tolist(), strict=True)]
        return np.zeros(len(rows))


@pytest.mark.parametrize("regime", REGIMES)
def test_rankers_learn_as_far_as_the_marks_and_are_asked_for_every_row_twice(log: Log, regime: Regime) -> None:
    watching = Watching(log)
    evaluate(log, watching, WINDOW, regime)
    rows = window_rows(log, WINDOW)
    world = dict(zip(rows.tolist(), world_marks(log, rows, WINDOW, regime).tolist(), strict=True))
    marks = viewer_marks(log, rows, WINDOW)
    wanted = [
        (row, upto, world[row]) for view in VIEWS for row, upto in zip(rows.tolist(), marks[view].tolist(), strict=True)
    ]
    assert sorted(watching.asked) == sorted(wanted)


@pytest.mark.parametrize("regime", REGIMES)
def test_the_guard_scores_exactly_as_random_is_expected_to(log: Log, regime: Regime) -> None:
    guard = evaluate(log, OwnRate(log, 0), WINDOW, regime)
    constant = measure(log, guard.rows, {view: np.zeros(len(guard.rows)) for view in VIEWS})
    draws = [evaluate(log, RandomOrder(log, seed), WINDOW, "frozen") for seed in range(30)]
    for view in VIEWS:
        assert metrics(guard.lists[view]) == metrics(constant.lists[view])
        primary = [metrics(draw.lists[view]).primary for draw in draws]
        assert abs(metrics(guard.lists[view]).primary - np.mean(primary)) < 4 * np.std(primary) / np.sqrt(len(primary))


def test_a_leaking_harness_would_show_in_the_guard(log: Log) -> None:
    """With the running rate up to the row itself, the same scorer beats random without any skill."""
    rows = window_rows(log, WINDOW)
    leaked = measure(log, rows, {view: OwnRate(log, 0).score(rows, rows) for view in VIEWS})
    clean = evaluate(log, OwnRate(log, 0), WINDOW, "frozen")
    assert metrics(leaked.lists["pooled"]).gauc > metrics(clean.lists["pooled"]).gauc + 0.03


@pytest.mark.parametrize("name", PEERS)
def test_peers_do_not_see_the_window_when_frozen(log: Log, name: str) -> None:
    rows = window_rows(log, WINDOW)
    turned = relabelled(log, np.arange(log.first_of(WINDOW.first), len(log)))
    before, after = (evaluate(one, PEERS[name](one, 3), WINDOW, "frozen").scores["pooled"] for one in (log, turned))
    assert len(before) == len(rows)
    assert np.array_equal(before, after)


@pytest.mark.parametrize("name", PEERS)
def test_peers_do_not_see_what_has_not_happened_yet_when_continuous(log: Log, name: str) -> None:
    """Turn over all outcomes from some row on: scores of rows whose world ends before it stay."""
    rows = window_rows(log, WINDOW)
    middle = int(rows[len(rows) // 2])
    turned = relabelled(log, np.arange(middle, len(log)))
    before, after = (evaluate(one, PEERS[name](one, 3), WINDOW, "continuous").scores for one in (log, turned))
    unaware = world_marks(log, rows, WINDOW, "continuous") <= middle
    for view in VIEWS:
        still = unaware & (viewer_marks(log, rows, WINDOW)[view] <= middle)
        assert still.sum() > len(rows) // 4
        assert np.array_equal(before[view][still], after[view][still])


@pytest.mark.parametrize("name", ["FM", "LambdaRank"])
def test_a_viewers_outcomes_do_not_move_their_own_parameters_within_the_window(log: Log, name: str) -> None:
    """One viewer's outcomes turned over on rows of the session at hand: nothing keyed by them may answer."""
    rows = window_rows(log, WINDOW)
    viewer = int(np.bincount(log.viewer[rows]).argmax())
    own = rows[log.viewer[rows] == viewer]
    same = own[log.session[own] == log.session[own[0]]]
    turned = relabelled(log, same)
    before, after = (evaluate(one, PEERS[name](one, 3), WINDOW, "frozen").scores["session"] for one in (log, turned))
    listed = np.isin(rows, same)
    assert np.array_equal(before[listed], after[listed])


@pytest.mark.parametrize("name", PEERS)
def test_equal_seeds_give_equal_scores(log: Log, name: str) -> None:
    first, second = (evaluate(log, PEERS[name](log, 5), WINDOW, "daily").scores for _ in range(2))
    for view in VIEWS:
        assert np.array_equal(first[view], second[view])


def test_popularity_learns_something(log: Log) -> None:
    value = metrics(evaluate(log, PEERS["popularity"](log, 0), WINDOW, "frozen").lists["pooled"])
    assert value.gauc > 0.55


def test_a_window_without_rows(log: Log) -> None:
    with pytest.raises(ValueError, match="no impressions dated 20300101 to 20300102; the log has"):
        window_rows(log, Window(20300101, 20300102))


def test_the_placebo_keeps_what_was_seen_and_loses_its_order(log: Log) -> None:
    split = log.first_of(WINDOW.first)
    placebo = shuffled_times(log, split, 1)
    assert np.array_equal(placebo.time, log.time)
    assert np.array_equal(placebo.date, log.date)
    assert np.array_equal(placebo.viewer, log.viewer)
    assert not np.array_equal(placebo.video, log.video)
    for side in (slice(0, split), slice(split, None)):
        before, after = (
            sorted(zip(one.viewer[side], one.video[side], one.label[side], strict=True)) for one in (log, placebo)
        )
        assert before == after
    assert sorted(placebo.past_video.tolist()) == sorted(log.past_video.tolist())
