"""Golden vectors: what they go through, and that another algorithm comes to others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, GOLDEN
from plainview.feed.pipeline import FILTERS, SELECTORS, SOURCES
from plainview.feed.ranking import Ranked
from plainview.feed.tables import TILE
from plainview.learning import golden as module
from plainview.learning.fold import Fold
from plainview.learning.golden import TITLE, VIEWERS, golden, golden_digest
from plainview.records.fields import to_text


@pytest.fixture(scope="module")
def pages() -> list[Ranked]:
    """All pages that were ranked for them."""
    found: list[Ranked] = []

    def each(ranked, viewers):  # type: ignore[no-untyped-def]
        new = [ranked(viewer) for viewer in viewers]
        found.extend(new)
        return new

    assert to_text(golden_digest(golden(DEFAULT, each=each))) == GOLDEN
    return found


def test_lines() -> None:
    lines = golden(DEFAULT).splitlines()
    assert lines[0] == TITLE
    rounds = sum(line.startswith("epoch ") for line in lines)
    assert rounds >= 4
    assert sum(line.startswith("viewer ") for line in lines) == rounds * VIEWERS
    assert len(set(lines)) == len(lines)


def test_every_component_is_gone_through(pages: list[Ranked]) -> None:
    sources = {DEFAULT.sources[place].name for page in pages for place in page.trace.sources.tolist()}
    assert sources == set(SOURCES)
    filters = {DEFAULT.filters[place - 1] for page in pages for place in page.trace.filters.tolist() if place}
    assert filters == set(FILTERS)
    assert {item.selector for page in pages for item in page.items} >= set(SELECTORS)
    assert any(not item.parts for page in pages for item in page.items)  # a plain page
    assert {number for page in pages for number in page.orders} == {1, 2, 3}


def test_the_scan_goes_over_more_than_a_tile_and_things_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    folds: list[Fold] = []

    class Watched(Fold):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            folds.append(self)

    monkeypatch.setattr(module, "Fold", Watched)
    golden(DEFAULT)
    (head,) = folds[0].world.tables.head
    assert head["items"] > TILE
    assert head["free_items"] > 0
    assert head["refused"] > 0


def test_another_algorithm_comes_to_others() -> None:
    weights = (replace(DEFAULT.value[0], weight=DEFAULT.value[0].weight + 1), *DEFAULT.value[1:])
    for other in (
        replace(DEFAULT, value=weights),
        replace(DEFAULT, learning=replace(DEFAULT.learning, daily_cap=20)),
        replace(DEFAULT, candidates=100),
    ):
        assert to_text(golden_digest(golden(other))) != GOLDEN


def test_threads_change_nothing() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert to_text(golden_digest(golden(DEFAULT, each=pool.map))) == GOLDEN
