"""How alike two rankings are."""

from __future__ import annotations

from collections.abc import Sequence

PERSISTENCE = 0.9
"""Of rank-biased overlap: with it the first ten places carry 86 % of the weight."""


def overlap(one: Sequence[int], other: Sequence[int]) -> float:
    """How much of the longer ranking both have; 1 for two empty ones. Items are unique in each."""
    longer = max(len(one), len(other))
    return len(set(one) & set(other)) / longer if longer else 1.0


def rank_biased_overlap(one: Sequence[int], other: Sequence[int], persistence: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap: 1 for equal rankings, 0 for disjoint ones, and the first places count most.

    Equation 32 of Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010. It
    takes rankings of unequal lengths with items that only one of them has, which Kendall's tau does not. The same float
    everywhere: sums in order, powers by repeated products.
    """
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return 0.0 if longer else 1.0
    seen: set[int] = set()
    common = common_short = 0
    power, total = 1.0, 0.0
    for depth, item in enumerate(longer, 1):
        power *= persistence
        for here in (shorter[depth - 1 : depth], (item,)):
            common += len(seen.intersection(here))
            seen.update(here)
        if depth <= len(shorter):
            common_short = common
        beyond = common_short * max(depth - len(shorter), 0) / len(shorter)
        total += (common + beyond) / depth * power
    rest = (common - common_short) / len(longer) + common_short / len(shorter)
    return (1 - persistence) / persistence * total + rest * power
