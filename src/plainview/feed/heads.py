"""What the scorer predicts of a viewer and a video."""

from __future__ import annotations

HEADS: tuple[str, ...] = (
    "rank",
    "long_view",
    "complete",
    "like",
    "follow",
    "share",
    "comment",
    "not_interested",
    "report",
    "watched",
)
"""`rank` orders by what will be watched long (pairwise; a score, not a probability); `watched` is the expected share
of 120 s (`feed.features.WATCH_LIMIT`) that is watched; all others are probabilities."""
