"""A page's trace: what was retrieved, filtered and scored, as arrays. It is the audit record; the receipt holds its
digest, and the whole of it is computed again when asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.records import Item
from plainview.records.digests import arrays_digest


class Trace(NamedTuple):
    """Candidates in the order of retrieval; scored ones in the same order without those kept out."""

    retrieved: NDArray[np.int64]
    """Video ids."""
    sources: NDArray[np.uint8]
    """Place of the source in the pipeline's order."""
    retrieval_scores: NDArray[np.int32]
    filters: NDArray[np.uint8]
    """1 + place of the filter that kept the candidate out, 0 if none did."""
    reasons: NDArray[np.int64]
    """What the filter named: a decision's number, a creator, a tag; -1 where nothing was kept out."""
    scored: NDArray[np.int64]
    parts: NDArray[np.float32]
    """Shape (scored, heads)."""
    values: NDArray[np.float32]
    selected: NDArray[np.int64]
    """The page's videos."""
    orders: NDArray[np.int64]
    """Numbers of all orders that could have placed a video: due at `now` in the request's region, ascending. What
    became of each one's video stands above. None on a plain page; so `arms` and `weights`."""
    arms: NDArray[np.uint8]
    """For each experiment of the release: 0 where it does not run, 1 for its control, 2 for its first arm and so on."""
    weights: NDArray[np.float32]
    """What each head counts, in the order of `heads.HEADS`: the release's weights, but for the viewer's arms'."""

    def digest(self) -> bytes:
        """SHA-256 of the arrays (`records.digests.arrays_digest`)."""
        return arrays_digest(self._asdict())


class Ranked(NamedTuple):
    """A page, and how it came about."""

    items: tuple[Item, ...]
    cursor: int
    """Where the session's plain list goes on after this page; 0 on a personal page."""
    arms: tuple[str, ...]
    """As the receipt has them; so `orders`."""
    orders: tuple[int, ...]
    trace: Trace
