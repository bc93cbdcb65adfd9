"""What every component of the pipeline keeps, whatever it does."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace as changed

from plainview.feed.configuration import DEFAULT
from plainview.feed.context import gathered
from plainview.feed.heads import HEADS
from plainview.feed.kernels.order import top_rows
from plainview.feed.orders import due
from plainview.feed.pipeline import FILTERS, ORDERED, SCORERS, SELECTORS, SOURCES, Pipeline
from plainview.feed.stages import Filter, Inputs, Scored, Scorer, Selector, Slate, Source
from plainview.learning.fold import Fold
from plainview.records import Order, Request
from tests.feed.towns import START, TOKEN, fold_town, town

SEEDS = (1, 2, 3)
BROUGHT = 5
"""Scored candidates, the last ones, that do not contend."""


@pytest.fixture(scope="module")
def fold() -> Fold:
    records = [record for _, record in town()]
    return fold_town(list(enumerate([*records, *(order(number, 5 * (30 - number)) for number in range(1, 30))])))


def order(number: int, video: int, **fields: object) -> Order:
    made = Order(
        time=START, order=number, video=video, regions=(), begins=START, until=START + 10**10, cap=1_000, label="label",
        ended=False, note="note",
    )  # fmt: skip
    return changed(made, **fields)


def inputs_of(fold: Fold, viewer: int, seed: int = 1, limit: int = 10) -> Inputs:
    row = fold.residents.row(viewer)
    request = Request(surface=1, region="US", age="18+", mode="personal", limit=limit, nonce=TOKEN, acknowledged=0)
    return Inputs(
        configuration=DEFAULT,
        tables=fold.world.tables,
        maps=fold.world.maps,
        viewer=row,
        context=gathered(row, fold.world.tables, fold.world.maps),
        request=request,
        region=1,
        age=3,
        now=START + 10**9,
        key=np.uint64(seed),
        due=due(fold.world.tables, fold.world.maps, "US", START + 10**9),
        weights=np.array(Pipeline.of(DEFAULT).weights, np.float32),
    )


def some_rows(fold: Fold, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(seed).permutation(fold.world.videos).astype(np.int32)


def scored_of(fold: Fold, inputs: Inputs, seed: int) -> Scored:
    rows = some_rows(fold, seed)
    return Pipeline.of(DEFAULT).score(inputs, rows, np.zeros(len(rows), np.uint8), len(rows) - BROUGHT)


def slate_of(scored: Scored) -> Slate:
    order = top_rows(scored.values[: scored.contending], scored.ids[: scored.contending], scored.contending)
    return Slate(order, scored.values[order], np.zeros(len(order), np.uint8), np.ones(len(order), np.float32))


@pytest.fixture(autouse=True)
def untouched(fold: Fold) -> object:
    """No component writes to the world."""
    before = fold.world.digest()
    yield
    assert fold.world.digest() == before


@pytest.mark.parametrize("viewer", [0, 1, 2])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_finds_rows_of_the_catalogue_once(source: Source, fold: Fold, viewer: int) -> None:
    inputs = inputs_of(fold, viewer)
    state = inputs.viewer.tobytes(), inputs.context.tobytes()
    for limit in (0, 1, 7, 500):
        found = source.retrieve(inputs, limit)
        assert found.rows.dtype == np.int32
        assert found.scores.dtype == np.int32
        assert len(found.rows) == len(found.scores) <= limit
        assert len(set(found.rows.tolist())) == len(found.rows)
        assert ((found.rows >= 0) & (found.rows < fold.world.videos)).all()
        again = source.retrieve(inputs, limit)
        assert again.rows.tolist() == found.rows.tolist()
        assert again.scores.tolist() == found.scores.tolist()
    assert (inputs.viewer.tobytes(), inputs.context.tobytes()) == state


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_takes_an_empty_world_and_a_new_viewer(source: Source, fold: Fold) -> None:
    assert len(source.retrieve(inputs_of(fold_town([]), 5), 50).rows) == 0
    assert len(source.retrieve(inputs_of(fold, 10_000), 50).rows) <= 50


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("one", FILTERS.values(), ids=FILTERS)
def test_a_filter_judges_each_row_by_itself(one: Filter, fold: Fold, seed: int) -> None:
    inputs, rows = inputs_of(fold, 1), some_rows(fold, seed)
    reasons = one.reasons(inputs, rows)
    assert reasons.dtype == np.int64
    assert reasons.shape == rows.shape
    assert (reasons >= -1).all()
    turned = np.random.default_rng(seed).permutation(len(rows))
    assert one.reasons(inputs, rows[turned]).tolist() == reasons[turned].tolist()
    assert one.reasons(inputs, rows[:0]).tolist() == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)
def test_a_scorer_predicts_each_row_by_itself(scorer: Scorer, fold: Fold, seed: int) -> None:
    inputs, rows = inputs_of(fold, seed), some_rows(fold, seed)
    parts = scorer.predict(inputs, rows)
    assert parts.dtype == np.float32
    assert parts.shape == (len(rows), len(HEADS))
    assert np.isfinite(parts).all()
    for head, name in enumerate(HEADS):
        if name not in ("rank", "watched"):
            assert ((parts[:, head] >= 0) & (parts[:, head] <= 1)).all(), name
    turned = np.random.default_rng(seed).permutation(len(rows))
    assert scorer.predict(inputs, rows[turned]).tobytes() == parts[turned].tobytes()
    assert scorer.predict(inputs, rows[:0]).shape == (0, len(HEADS))


@pytest.mark.parametrize("limit", [1, 5, 10, 30])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("selector", SELECTORS.values(), ids=SELECTORS)
def test_a_selector_reorders_and_never_adds(selector: Selector, fold: Fold, seed: int, limit: int) -> None:
    inputs = inputs_of(fold, seed, seed, limit)
    scored = scored_of(fold, inputs, seed)
    before = slate_of(scored)
    after = selector.arrange(inputs, scored, before, 9)
    assert len(after.places) == len(after.values) == len(after.selectors) == len(after.propensities)
    assert len(after.places) >= min(limit, len(before.places))
    assert len(set(after.places.tolist())) == len(after.places)
    brought = [place for place in after.places.tolist() if place >= scored.contending]
    assert set(after.places.tolist()) <= set(range(len(scored.rows)))
    assert len(brought) <= (selector.name == ORDERED)
    assert set(after.selectors.tolist()) <= {0, 9}
    assert ((after.propensities > 0) & (after.propensities <= 1)).all()
    again = selector.arrange(inputs, scored, slate_of(scored), 9)
    assert [column.tobytes() for column in again] == [column.tobytes() for column in after]
    empty = Scored(scored.rows[:0], scored.ids[:0], scored.parts[:0], scored.values[:0], scored.sources[:0], 0)
    assert len(selector.arrange(inputs, empty, slate_of(empty), 9).places) == 0
