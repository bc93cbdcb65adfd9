"""Exposure: how often each creator, tag and region is shown by the pages of two releases, counted and compared.

An impression is one video on one page. Nothing is discounted by its place: one video at a time fills the screen, and
how many of a page's are reached is the viewer's doing, which nobody can know of a page that was never shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from plainview.learning.ranker import Placed
from plainview.records import History, Impression, Page, Record, Video

NEW = 100
"""Impressions before which a creator is new: on logged pages and in imports, of all their videos."""
TOP = 100
"""The most shown of so many creators, one at least, are the top."""
DIGITS = 6
"""Of shares, after the point: a report has the same bytes everywhere."""
_K = TypeVar("_K", int, str)


class Share(msgspec.Struct, frozen=True):
    """What one creator, tag ... has of all impressions."""

    id: int | str
    a: int
    """Impressions under release A."""
    b: int
    share_a: float
    """Of all impressions under release A."""
    share_b: float
    difference: float
    """`share_b` less `share_a`."""


class Concentration(msgspec.Struct, frozen=True):
    """How unevenly impressions fall on the creators that either release shows."""

    gini: float
    """0: all alike; towards 1: all on one."""
    top: float
    """What the most shown hundredth of them has, one at least."""


class Exposures(msgspec.Struct, frozen=True, kw_only=True):
    """Impressions under two releases: rows by the size of their difference, then by id."""

    impressions_a: int
    impressions_b: int
    concentration_a: Concentration
    concentration_b: Concentration
    creators: tuple[Share, ...]
    new_creators: Share
    """Of all that were new when the page was served."""
    tags: tuple[Share, ...]
    """A video has several: together they may have more than all."""
    regions: tuple[Share, ...]
    """Of the videos."""
    sources: tuple[Share, ...]
    selectors: tuple[Share, ...]
    """What placed them: `ordered` is exposure by order."""


class Shown(NamedTuple):
    """A video of a page, and what of it is counted."""

    creator: int
    new: bool
    tags: Sequence[int]
    region: str
    source: str
    selector: str


class _Facts(NamedTuple):
    creator: int
    tags: tuple[int, ...]
    region: str


class Catalogue:
    """Whose each video is, what it is about, and who is new: as far as the journal was read."""

    def __init__(self) -> None:
        self._videos: dict[int, _Facts] = {}
        self._shown: Counter[int] = Counter()
        self._known: dict[int, int] = {}
        """Creator to the index of the record with which they ceased to be new."""

    def take(self, index: int, record: Record) -> None:
        """Go on by one record."""
        match record:
            case Video():
                self._videos[record.video] = _Facts(record.creator, record.tags, record.region)
            case Page():
                self._impressions(index, (item.video for item in record.items))
            case Impression():
                self._impressions(index, (record.video,))
            case History():
                self._impressions(index, (video for video, _ in record.past))
            case _:
                pass

    def shown(self, index: int, placed: Placed) -> Shown | None:
        """What is counted of a video on the page with that index; None where no record has the video."""
        facts = self._videos.get(placed.video)
        if facts is None:
            return None
        new = self._known.get(facts.creator, index) >= index
        return Shown(facts.creator, new, facts.tags, facts.region, placed.source, placed.selector)

    def _impressions(self, index: int, videos: Iterable[int]) -> None:
        for video in videos:
            facts = self._videos.get(video)
            if facts is not None and facts.creator not in self._known:
                self._shown[facts.creator] += 1
                if self._shown[facts.creator] >= NEW:
                    self._known[facts.creator] = index
                    del self._shown[facts.creator]


class Tally:
    """Impressions under one release."""

    def __init__(self) -> None:
        self.total = 0
        self.new = 0
        self.creators: Counter[int] = Counter()
        self.tags: Counter[int] = Counter()
        self.regions: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.selectors: Counter[str] = Counter()

    def count(self, shown: Shown) -> None:
        """One impression more."""
        self.total += 1
        self.new += shown.new
        self.creators[shown.creator] += 1
        self.tags.update(set(shown.tags))
        self.regions[shown.region] += 1
        self.sources[shown.source] += 1
        self.selectors[shown.selector] += 1


def exposures(a: Tally, b: Tally) -> Exposures:
    """What was counted, compared."""
    creators = a.creators.keys() | b.creators.keys()
    return Exposures(
        impressions_a=a.total,
        impressions_b=b.total,
        concentration_a=concentration([a.creators[one] for one in creators]),
        concentration_b=concentration([b.creators[one] for one in creators]),
        creators=_shares(a, b, a.creators, b.creators),
        new_creators=_share("new", a.new, b.new, a.total, b.total),
        tags=_shares(a, b, a.tags, b.tags),
        regions=_shares(a, b, a.regions, b.regions),
        sources=_shares(a, b, a.sources, b.sources),
        selectors=_shares(a, b, a.selectors, b.selectors),
    )


def concentration(impressions: Sequence[int]) -> Concentration:
    """Of creators with so many impressions each; 0 where there are none."""
    ascending, total = sorted(impressions), sum(impressions)
    if not total:
        return Concentration(0.0, 0.0)
    count = len(ascending)
    weighted = sum(place * one for place, one in enumerate(ascending, 1))
    gini = (2 * weighted - (count + 1) * total) / (count * total)
    top = sum(ascending[-max(1, count // TOP) :]) / total
    return Concentration(round(gini, DIGITS), round(top, DIGITS))


def _shares(a: Tally, b: Tally, of_a: Counter[_K], of_b: Counter[_K]) -> tuple[Share, ...]:
    ids = of_a.keys() | of_b.keys()
    rows = [_share(one, of_a[one], of_b[one], a.total, b.total) for one in ids]
    return tuple(sorted(rows, key=lambda row: (-abs(row.difference), row.id)))


def _share(id: int | str, a: int, b: int, all_a: int, all_b: int) -> Share:  # noqa: A002
    share_a, share_b = a / max(all_a, 1), b / max(all_b, 1)
    return Share(id, a, b, round(share_a, DIGITS), round(share_b, DIGITS), round(share_b - share_a, DIGITS))
