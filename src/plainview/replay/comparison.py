"""What two releases come to over logged pages: how alike their pages are, and whom they show."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from plainview.journal import JournalReader
from plainview.learning.ranker import Proposal
from plainview.ledger.frontier import Frontier
from plainview.records import Page
from plainview.records.fields import to_text
from plainview.replay.counterfactual import Contender, Interval, Pair, ReleaseFailed
from plainview.replay.exposure import DIGITS, Catalogue, Exposures, Tally, exposures
from plainview.replay.rank_similarity import overlap, rank_biased_overlap
from plainview.replay.release_changes import Changes

HASHES = 65_536
"""Leaf hashes read at a time."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at."""

    records: int
    """Of the journal, from record 0 on: all that was read lies below."""
    root: str
    """Of the log's tree over these records, 43 characters: a checkpoint of that size says the same."""
    start: int
    stop: int
    """Pages with start <= index < stop."""
    found: int
    """Pages there."""
    left_out: int
    """Chosen, and not compared: their receipts cite what no page can rest on. `plainview replay` says what is wrong."""
    pages: int
    """Compared."""


class ServedBy(msgspec.Struct, frozen=True):
    """The compared pages that one release served."""

    release: str
    pages: int
    as_logged: int | None
    """So many came out as they were logged, trace and all; None where the release is neither of the two."""


class Likeness(msgspec.Struct, frozen=True):
    """How alike the pages of two releases are."""

    pages: int
    same: int
    """The same videos in the same order."""
    reordered: int
    """The same videos in another order."""
    others: int
    """Other videos."""
    overlap: float
    """Mean over pages: how much of the longer page both have."""
    rank_biased_overlap: float
    """Mean over pages (`rank_similarity.rank_biased_overlap`)."""


class ViewersIn(msgspec.Struct, frozen=True):
    """The pages of the viewers of one region, as their requests name it."""

    region: str
    likeness: Likeness


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two releases over one interval of a journal. The same bytes on every machine."""

    reach: Reach
    served: tuple[ServedBy, ...]
    """By pages, most first, then by release."""
    likeness: Likeness
    viewers: tuple[ViewersIn, ...]
    """By region."""
    exposure: Exposures

    @property
    def sound(self) -> bool:
        """Whether all that either release served came out as it was logged."""
        return all(one.as_logged in (None, one.pages) for one in self.served)


class Named(msgspec.Struct, frozen=True):
    """A release."""

    release: str
    name: str


class ReleaseDiff(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag="plainview/release-diff/v1"):
    """What is another in release B than in A, and what that would do."""

    a: Named
    b: Named
    changes: Changes
    comparison: Comparison | None
    """None where no journal was given."""


class Comparing:
    """Takes up pairs of pages, and says what they come to."""

    def __init__(self, a: Contender, b: Contender, catalogue: Catalogue) -> None:
        """`catalogue` has taken all records before a page when that is taken."""
        self._both = ((a.release, Tally()), (b.release, Tally()))
        self._catalogue = catalogue
        self._all = _Likenesses()
        self._regions: dict[str, _Likenesses] = {}
        self._served: dict[str, int] = {}
        self._as_logged = {a.release: 0, b.release: 0}

    def take(self, pair: Pair) -> None:
        """Count a page. Raises ReleaseFailed where a release gives a page that cannot be."""
        index, page = pair.index, pair.page
        for (release, tally), proposal in zip(self._both, (pair.a, pair.b), strict=True):
            self._count(tally, release, index, page, proposal)
            if page.release == release:
                self._as_logged[release] += _as_logged(page, proposal)
        self._served[page.release] = self._served.get(page.release, 0) + 1
        one, other = ([item.video for item in proposal.items] for proposal in (pair.a, pair.b))
        for likenesses in (self._all, self._regions.setdefault(page.request.region, _Likenesses())):
            likenesses.take(one, other)

    def made(self, reach: Reach) -> Comparison:
        """What was taken up, compared."""
        served = [ServedBy(release, pages, self._as_logged.get(release)) for release, pages in self._served.items()]
        (_, of_a), (_, of_b) = self._both
        return Comparison(
            reach=reach,
            served=tuple(sorted(served, key=lambda one: (-one.pages, one.release))),
            likeness=self._all.made(),
            viewers=tuple(ViewersIn(region, found.made()) for region, found in sorted(self._regions.items())),
            exposure=exposures(of_a, of_b),
        )

    def _count(self, tally: Tally, release: str, index: int, page: Page, proposal: Proposal) -> None:
        videos = {item.video for item in proposal.items}
        if len(proposal.items) > page.request.limit or len(videos) < len(proposal.items):
            raise ReleaseFailed(
                f"release {release}: in place of page {index} it gives {len(proposal.items)} videos, {len(videos)} of "
                f"them different, and {page.request.limit} were asked for"
            )
        for item in proposal.items:
            shown = self._catalogue.shown(index, item)
            if shown is None:
                raise ReleaseFailed(
                    f"release {release}: in place of page {index} it gives video {item.video}, which no record has"
                )
            tally.count(shown)


def reach_of(journal: JournalReader, start: int, stop: int, interval: Interval) -> Reach:
    """What is looked at where those are the pages. Raises JournalDamaged."""
    tree = Frontier()
    while tree.size < stop:
        tree = tree.extend(journal.leaf_hashes(tree.size, min(tree.size + HASHES, stop)))
    return Reach(
        records=stop,
        root=to_text(tree.root()),
        start=start,
        stop=stop,
        found=interval.found,
        left_out=interval.left_out,
        pages=sum(map(len, interval.pages.values())),
    )


class _Likenesses:
    """Pairs of pages, as they come."""

    def __init__(self) -> None:
        self._pages = self._same = self._reordered = 0
        self._overlap = self._biased = 0.0

    def take(self, one: list[int], other: list[int]) -> None:
        self._pages += 1
        self._same += one == other
        self._reordered += one != other and sorted(one) == sorted(other)
        self._overlap += overlap(one, other)
        self._biased += rank_biased_overlap(one, other)

    def made(self) -> Likeness:
        pages = max(self._pages, 1)
        return Likeness(
            self._pages,
            self._same,
            self._reordered,
            self._pages - self._same - self._reordered,
            round(self._overlap / pages, DIGITS),
            round(self._biased / pages, DIGITS),
        )


def _as_logged(page: Page, proposal: Proposal) -> bool:
    logged: Iterable[tuple[int, str, str]] = ((one.video, one.source, one.selector) for one in page.items)
    return page.trace == proposal.trace and tuple(logged) == proposal.items
