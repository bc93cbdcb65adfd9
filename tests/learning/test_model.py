"""What the model has learned after a town's import."""

from __future__ import annotations

from plainview.feed.heads import HEADS
from plainview.feed.pipeline import SCORERS
from tests.conformance.test_stages import inputs_of, some_rows
from tests.feed.towns import fold_town, town


def test_heads_come_to_what_happened() -> None:
    """In the made-up town half of all is watched long, a fifth of that is liked, and nothing is shared."""
    fold = fold_town(town(impressions=6000))
    parts = SCORERS["attention"].predict(inputs_of(fold, 2), some_rows(fold, 1)).mean(axis=0)
    mean = dict(zip(HEADS, parts.tolist(), strict=True))
    assert 0.35 < mean["long_view"] < 0.65
    assert 0.05 < mean["like"] < 0.2
    assert mean["share"] < 0.02
