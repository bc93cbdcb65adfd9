"""The stages of the pipeline: one small Protocol each, and what they hand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.feed.configuration import Configuration
from plainview.feed.orders import Due
from plainview.feed.tables import Maps, Tables
from plainview.records import Request

Rows = NDArray[np.int32]
"""Rows of the video table."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a stage may look at."""

    configuration: Configuration
    tables: Tables
    maps: Maps
    viewer: NDArray[np.void]
    """One row of `viewers.VIEWER`, frozen at the start of the page."""
    context: NDArray[np.void]
    """One row of `context.CONTEXT`."""
    request: Request
    region: int
    """The request's region as the release numbers it."""
    age: int
    """Place of the request's age band in `AGE_BANDS`."""
    now: int
    """Unix ms, taken before ranking."""
    key: np.uint64
    """From the page's seed: names the stream of random numbers."""
    due: Due
    """The orders that may place a video; none on a plain page."""
    weights: NDArray[np.float32]
    """What each head counts in the value formula, in the order of `heads.HEADS`."""


class Retrieved(NamedTuple):
    """What a source found, best first, no row twice."""

    rows: Rows
    scores: NDArray[np.int32]
    """The source's own measure, for the trace."""


class Slate(NamedTuple):
    """Candidates in the order in which they would be shown."""

    places: NDArray[np.int32]
    """Places among the scored candidates, no place twice."""
    values: NDArray[np.float32]
    """The value each was placed by."""
    selectors: NDArray[np.uint8]
    """1 + place of the selector (in the pipeline's order) that moved it there last; 0 for none."""
    propensities: NDArray[np.float32]
    """Probability with which chance put it there; 1 where chance had no part."""

    def placing(self, place: int, slot: int, value: np.float32, selector: int, propensity: np.float32) -> Slate:
        """With candidate `place` in `slot`, wherever it stood or not, and all others in their order."""
        keep = np.flatnonzero(self.places != place)
        before, after = keep[:slot], keep[slot:]
        return Slate(
            np.concatenate((self.places[before], np.array([place], np.int32), self.places[after])),
            np.concatenate((self.values[before], np.array([value], np.float32), self.values[after])),
            np.concatenate((self.selectors[before], np.array([selector], np.uint8), self.selectors[after])),
            np.concatenate((self.propensities[before], np.array([propensity], np.float32), self.propensities[after])),
        )


class Scored(NamedTuple):
    """Candidates that passed the filters."""

    rows: Rows
    ids: NDArray[np.int64]
    parts: NDArray[np.float32]
    """Predictions, shape (candidates, heads), columns as in `heads.HEADS`."""
    values: NDArray[np.float32]
    sources: NDArray[np.uint8]
    """Place of the source, in the pipeline's order."""
    contending: int
    """So many of them, the first ones, are placed by their value. The rest are there because an order names them, and
    nothing but `ordered` may place them."""


class Source(Protocol):
    """Retrieves candidates: an exact function of the world, the viewer and the request."""

    name: str

    def retrieve(self, inputs: Inputs, limit: int) -> Retrieved:
        """At most `limit` rows."""


class Filter(Protocol):
    """Keeps candidates out. It never adds and never orders."""

    name: str

    def reasons(self, inputs: Inputs, rows: Rows) -> NDArray[np.int64]:
        """For each row -1 if it stays, else what keeps it out: a decision's number, a creator, a tag, or 0."""


class Scorer(Protocol):
    """Predicts what the viewer would do with each candidate."""

    name: str

    def predict(self, inputs: Inputs, rows: Rows) -> NDArray[np.float32]:
        """Shape (rows, heads), finite."""


class Selector(Protocol):
    """Reorders the slate. It never adds, and drops only from the end."""

    name: str

    def arrange(self, inputs: Inputs, scored: Scored, slate: Slate, number: int) -> Slate:
        """The slate in a new order; `number` is what `Slate.selectors` holds for what this selector moved."""
