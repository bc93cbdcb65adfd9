"""The components by name, and a release's pipeline put together from its configuration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plainview.feed import experiments
from plainview.feed.configuration import Configuration
from plainview.feed.filters.age import Age
from plainview.feed.filters.blocked_creator import BlockedCreator
from plainview.feed.filters.ineligible import Ineligible
from plainview.feed.filters.muted_tag import MutedTag
from plainview.feed.filters.seen import Seen
from plainview.feed.kernels.order import first_places
from plainview.feed.scorers.attention import Attention
from plainview.feed.selectors.diversity import Diversity
from plainview.feed.selectors.exploration import Exploration
from plainview.feed.selectors.ordered import Ordered as OrderedSelector
from plainview.feed.selectors.spacing import Spacing
from plainview.feed.sources.co_watched import CoWatched
from plainview.feed.sources.followed import Followed
from plainview.feed.sources.fresh import Fresh
from plainview.feed.sources.ordered import Ordered as OrderedSource
from plainview.feed.sources.popular import Popular
from plainview.feed.sources.similar import Similar
from plainview.feed.stages import Filter, Inputs, Rows, Scored, Scorer, Selector, Source

SOURCES: dict[str, Source] = {
    source.name: source for source in (CoWatched(), Followed(), Fresh(), OrderedSource(), Popular(), Similar())
}
FILTERS: dict[str, Filter] = {one.name: one for one in (Age(), BlockedCreator(), Ineligible(), MutedTag(), Seen())}
SCORERS: dict[str, Scorer] = {scorer.name: scorer for scorer in (Attention(),)}
SELECTORS: dict[str, Selector] = {
    selector.name: selector for selector in (Diversity(), Exploration(), OrderedSelector(), Spacing())
}
ORDERED = OrderedSource.name
"""The source, and the selector, of what orders put on pages: both or none of them, and each the last."""


@dataclass(frozen=True)
class Pipeline:
    """A release's stages, in order."""

    configuration: Configuration
    sources: tuple[tuple[Source, int], ...]
    filters: tuple[Filter, ...]
    scorer: Scorer
    selectors: tuple[Selector, ...]
    contending: int
    """So many sources, the first ones, find what is placed by its value."""
    weights: tuple[np.float32, ...]
    """One for each head, in the order of HEADS; 0 for a head without a term. An arm of an experiment has others."""

    @classmethod
    def of(cls, configuration: Configuration) -> Pipeline:
        """The pipeline that `configuration` names.

        Raises ValueError for a component, region or head that does not exist, or one named twice; for orders without
        their place, for experiments that cannot be followed, and for a number that has to be above 0.
        """
        for stage, wanted, known in (
            ("source", [one.name for one in configuration.sources], SOURCES),
            ("filter", list(configuration.filters), FILTERS),
            ("scorer", [configuration.scorer], SCORERS),
            ("selector", list(configuration.selectors), SELECTORS),
        ):
            for name in wanted:
                if name not in known:
                    raise ValueError(
                        f"configuration: no {stage} is called {name!r}; there are {', '.join(sorted(known))}"
                    )
            if len(set(wanted)) != len(wanted):
                raise ValueError(f"configuration: a {stage} is named twice")
        sources, selectors = [one.name for one in configuration.sources], list(configuration.selectors)
        if ORDERED in (*sources[:-1], *selectors[:-1]) or (sources[-1:] == [ORDERED]) != (selectors[-1:] == [ORDERED]):
            raise ValueError(f"configuration: {ORDERED} is the last source and the last selector, or neither")
        learning = configuration.learning
        for name, number in (
            ("candidates", configuration.candidates),
            ("diversity: pool", configuration.diversity.pool),
            ("learning: popular_half_life", learning.popular_half_life),
            ("learning: popular_period", learning.popular_period),
        ):
            if not number:
                raise ValueError(f"configuration: {name} is at least 1")
        experiments.check(configuration)
        return cls(
            configuration,
            tuple((SOURCES[one.name], one.limit) for one in configuration.sources),
            tuple(FILTERS[name] for name in configuration.filters),
            SCORERS[configuration.scorer],
            tuple(SELECTORS[name] for name in configuration.selectors),
            len(sources) - (ORDERED in sources),
            experiments.weights(configuration),
        )

    def retrieve(self, inputs: Inputs) -> tuple[Rows, NDArray[np.uint8], NDArray[np.int32]]:
        """All sources' rows in order, the place of each one's source and its score there.

        A row that several sources found belongs to the first.
        """
        found = [source.retrieve(inputs, limit) for source, limit in self.sources]
        rows = np.concatenate([one.rows for one in found])
        sources = np.repeat(np.arange(len(found), dtype=np.uint8), [len(one.rows) for one in found])
        scores = np.concatenate([one.scores for one in found])
        first = first_places(rows)
        return rows[first], sources[first], scores[first]

    def sift(self, inputs: Inputs, rows: Rows) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """For each row which filter keeps it out (1 + its place; 0: none) and what that filter names (-1: nothing)."""
        filters = np.zeros(len(rows), np.uint8)
        reasons = np.full(len(rows), -1, np.int64)
        for number, one in enumerate(self.filters, 1):
            named = one.reasons(inputs, rows)
            hit = (filters == 0) & (named >= 0)
            filters[hit] = number
            reasons[hit] = named[hit]
        return filters, reasons

    def keep(
        self, inputs: Inputs, rows: Rows, sources: NDArray[np.uint8], filters: NDArray[np.uint8]
    ) -> tuple[NDArray[np.intp], int]:
        """The places of what is scored, and how many of them, the first ones, contend.

        Of what passed the filters as many as `candidates`; then what orders bring beside it.
        """
        passed = np.flatnonzero(filters == 0)
        limit = self.configuration.candidates
        if not len(inputs.due.rows):
            return passed[:limit], min(len(passed), limit)
        found = passed[sources[passed] < self.contending][:limit]
        ordered = passed[np.isin(rows[passed], inputs.due.rows)]
        return np.concatenate((found, ordered[~np.isin(ordered, found)])), len(found)

    def score(self, inputs: Inputs, rows: Rows, sources: NDArray[np.uint8], contending: int) -> Scored:
        """Predictions of all heads, and the value formula over them."""
        parts = self.scorer.predict(inputs, rows)
        values = value(parts, inputs.weights)
        return Scored(rows, inputs.tables.video["id"][rows], parts, values, sources, contending)


@njit(cache=True)
def value(parts: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The value formula: sum of weights x predictions, heads in order. Shape (candidates,)."""
    values = np.empty(parts.shape[0], np.float32)
    for i in range(parts.shape[0]):
        total = np.float32(0.0)
        for h in range(weights.shape[0]):
            total = total + weights[h] * parts[i, h]
        values[i] = total
    return values
