"""For whom a decision keeps its video back: what ranking reads, and what the fence holds a page against."""

from __future__ import annotations

from collections.abc import Callable, Collection

from plainview.moderation.rules.pack import ELSEWHERE
from plainview.records import Decision
from plainview.records.fields import AGE_BANDS, AgeBand

ROOM = 16
"""Regions that a mask can tell apart: there are 64 bits."""


def mask(decision: Decision, number: Callable[[str], int]) -> int:
    """Bit 4 * region + age band, for each pair in which `decision` keeps the video back, as a signed 64-bit integer.

    `number` gives that of a region, below ROOM. A region that the release does not name shares ZZ's bits with all
    such regions: rather too much is kept back there than too little. Decisions that name one are beyond the policies
    where they are taken; what comes here are those of an earlier release, which named more.
    """
    regions = sorted({number(name) for name in decision.regions}) if decision.regions else range(ROOM)
    ages = [AGE_BANDS.index(age) for age in decision.ages] if decision.ages else range(len(AGE_BANDS))
    bits = 0
    for region in regions:
        for age in ages:
            bits |= 1 << (len(AGE_BANDS) * region + age)
    return bits - (1 << 64) if bits >> 63 else bits


def covers(decision: Decision, region: str, age: AgeBand, regions: Collection[str]) -> bool:
    """Whether `decision`, which restricts, keeps its video from such a viewer, by a release with these regions.

    Regions that it does not name count as ZZ, as in `mask`; where `regions` is empty, each counts as itself.
    """

    def counted(name: str) -> str:
        return name if not regions or name in regions else ELSEWHERE

    here = not decision.regions or counted(region) in map(counted, decision.regions)
    return here and (not decision.ages or age in decision.ages)
