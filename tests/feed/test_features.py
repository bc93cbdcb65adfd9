"""Predictions of candidates side by side are those of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.feed.context import CONTEXT
from plainview.feed.features import BLOCK, chances, chances_of_one, predict
from plainview.feed.heads import HEADS
from plainview.feed.tables import INPUTS, PREDICTED
from tests.feed.towns import fold_town, town


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_how_many_are_predicted_at_once_changes_no_bit(count: int) -> None:
    world = fold_town(town(videos=200)).world
    context = np.zeros(1, CONTEXT)
    context["log_odds"] = -0.7
    context["taste"] = np.linspace(-1, 1, context["taste"].shape[1], dtype=np.float32)
    rows = np.random.default_rng(count).integers(0, 200, count).astype(np.int32)
    together = np.full((count, len(HEADS)), np.nan, np.float32)
    predict(world.tables, context[0], rows, 1, 1_700_100_000_000, together)
    alone = np.full((count, len(HEADS)), np.nan, np.float32)
    for place in range(count):
        predict(world.tables, context[0], rows[place : place + 1], 1, 1_700_100_000_000, alone[place : place + 1])
    assert np.isfinite(together).all()
    assert together.tobytes() == alone.tobytes()
    assert count < BLOCK or len(np.unique(together[:, 0])) > 10


def test_one_candidates_chances_are_those_that_it_has_among_many() -> None:
    world = fold_town(town(videos=200)).world
    context = np.zeros(1, CONTEXT)
    context["log_odds"] = 0.3
    draw = np.random.default_rng(5)
    inputs, ranks = draw.normal(size=(INPUTS, 7)).astype(np.float32), draw.normal(size=7).astype(np.float32)
    together = np.full((PREDICTED, 7), np.nan, np.float32)
    chances(world.tables, context[0], ranks, 1, inputs, together)
    assert len(np.unique(together)) > PREDICTED
    for place in range(7):
        alone = np.full(PREDICTED, np.nan, np.float32)
        chances_of_one(world.tables, context[0], ranks[place], 1, inputs[:, place].copy(), alone)
        assert alone.tobytes() == together[:, place].tobytes()
