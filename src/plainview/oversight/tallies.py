"""What the operator's program counted, held against the log: its tallies say how often it ranked and answered feed
requests, and the pages between them are there for anybody to count."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from plainview.oversight.public_entries import leaf_kind, public_record, public_time
from plainview.records import Tally

OVERDUE = 300_000
"""Milliseconds after which a page has to be in the range of a tally, counted while the log goes on. The operator's
program takes ten seconds."""
STEP = 30_000
"""Of the time from one public record to the next, so many milliseconds at most are counted: the operator was not at
work for all of it, or its clock was set."""
EXHIBITS = 4_096
"""Records in a range at most of which a finding shows each, as far as a file has room for them."""


class Off(NamedTuple):
    """A tally that cannot be so, or a page that none counts."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of the tally, or the page."""
    stage: str
    """`range`, `receipts`, `rankings` or `overdue`."""
    detail: str
    """In words."""
    records: tuple[int, ...]
    """Those that show it, ascending, the tally's range among them where it has EXHIBITS at most."""


class Lost(NamedTuple):
    """A range of which the counts were lost."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of the tally that says so."""
    first: int
    upto: int
    pages: int


class Reconciling:
    """The pages, public records and tallies of one log as they come, in index order."""

    def __init__(self) -> None:
        self.tallies = 0
        """That were taken."""
        self.counted = 0
        """Pages in the ranges of tallies that count."""
        self.lost = 0
        """Pages in the ranges of later ones whose counts were lost."""
        self.before = 0
        """Pages before the first that counts: of them nobody has counted anything."""
        self._last = -1
        """Index of the last tally."""
        self._upto = 0
        """Where its range ends."""
        self._pages: deque[tuple[int, int]] = deque()
        """From there on, each with what `_clock` was."""
        self._time: int | None = None
        """Journal time of the last public record."""
        self._clock = 0
        """Milliseconds for which the log went on."""
        self._told = -1
        """The last page that was found overdue."""

    @property
    def uncounted(self) -> int:
        """Pages in no tally's range yet."""
        return len(self._pages)

    def take(self, index: int, entry: bytes) -> Iterator[Off | Lost]:
        """The log's entry of that index is next: see below. Raises FormatError for a tally that is none."""
        kind, time = leaf_kind(entry), public_time(entry)
        if kind == "page":
            self.page(index)
        elif kind == "tally":
            yield from self.tally(index, public_record("tally", Tally, entry))
        elif time is not None:
            yield from self.public(index, time)

    def page(self, index: int) -> None:
        """A page is next."""
        self._pages.append((index, self._clock))

    def public(self, index: int, time: int) -> Iterator[Off]:
        """A public record, no tally, is next, with its journal time: the page that is overdue by then, told once.

        None is before the first tally: the operator's program may not have counted yet.
        """
        self._tick(time)
        if not self._pages or not self.tallies:
            return
        first, since = self._pages[0]
        if self._clock - since > OVERDUE and self._told < first:
            self._told = self._pages[-1][0]
            said = (
                f"{len(self._pages):,} pages from record {first:,} on are in no tally's range at record {index:,}, and "
                f"for more than {OVERDUE // 60_000} minutes the log has gone on"
            )
            yield Off(first, "overdue", said, (first, index))

    def tally(self, index: int, tally: Tally) -> Iterator[Off | Lost]:
        """A tally is next: what of it cannot be so; and that it lost its counts, where there were pages."""
        before, upto, self._last = self._last, self._upto, index
        self.tallies += 1
        self._tick(tally.time)
        if (tally.first, tally.first < tally.upto <= index) != (upto, True):
            said = f"its range begins at record {tally.first:,} and ends at {tally.upto:,}"
            after = f"that of record {before:,} ended at {upto:,}" if before >= 0 else "it is the first tally"
            yield Off(index, "range", f"{said}, and {after}", (before, index)[before < 0 :])
        pages = self._counted_off(tally.upto)
        if tally.lost:
            if self.counted:
                self.lost += pages
            else:
                self.before += pages
            if pages:
                yield Lost(index, tally.first, tally.upto, pages)
            return
        self.counted += pages
        if tally.first == upto:
            shown = range(tally.first, tally.upto) if tally.upto - tally.first <= EXHIBITS else ()
            for stage, said in contradictions(tally, pages):
                yield Off(index, stage, said, tuple(chain(shown, (index,))))

    def _counted_off(self, upto: int) -> int:
        """How many pages the range that ends there has."""
        pages, self._upto = 0, max(self._upto, upto)
        while self._pages and self._pages[0][0] < upto:
            self._pages.popleft()
            pages += 1
        return pages

    def _tick(self, time: int) -> None:
        if self._time is not None:
            self._clock += min(max(time - self._time, 0), STEP)
        self._time = time


def contradictions(tally: Tally, receipts: int) -> Iterator[tuple[str, str]]:
    """What of a tally cannot be so where its range has so many receipts: the stage, and a sentence.

    A page whose viewer was gone before it was sent has a receipt and no answer; the other way round there is none.
    """
    if tally.lost:
        return
    where = f"from record {tally.first:,} to {tally.upto - 1:,} the log has {receipts:,} pages"
    if tally.served > receipts:
        yield "receipts", f"{tally.served:,} requests were answered with a new page, and {where}"
    thrown = sum(count for _, count in tally.thrown)
    if tally.rankings != receipts + thrown:
        yield "rankings", f"{tally.rankings:,} rankings are counted, {thrown:,} that made no page, and {where}"
