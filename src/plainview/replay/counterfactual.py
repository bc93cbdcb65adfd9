"""Counterfactual replay: what two releases give in place of the pages that a journal logged.

Both fold the journal from record 0 and are asked at the epochs that the journal has. Each logged page is ranked by both
on its own inputs: its viewer's records up to `viewer_upto`, its request, `now`, its place in its session and in the
plain list it goes on in, and the random numbers it had. What comes before a page stays as it was logged, whichever
release would have shown something else: it is one step, exactly, and says nothing of what viewers would have done then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from plainview.journal import Entry, JournalReader
from plainview.journal.keys import page_key
from plainview.learning.ranker import Proposal, Served
from plainview.learning.rerun import TAKE, Parent
from plainview.records import Epoch, Page, Record
from plainview.replay.bundled import BundleFailed, Running

SLICE = 256
"""Pages asked for at a time."""
_A = TypeVar("_A")
Advance = Callable[[int, int], None]
"""Called with how many records were read and how many pages compared so far."""


class ReleaseFailed(Exception):
    """A release cannot be run to the end of what is asked of it, and why."""


@contextmanager
def watched(release: str) -> Iterator[None]:
    """Start a release, or ask it something. Raises ReleaseFailed, which names it."""
    try:
        yield
    except BundleFailed as error:
        raise ReleaseFailed(f"release {release} cannot be run from its bundle: {error}") from error


class Contender(NamedTuple):
    """A release at work on the journal."""

    release: str
    running: Running


class Pair(NamedTuple):
    """A logged page, and what the releases give in its place."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    page: Page
    a: Proposal
    b: Proposal


class Interval(NamedTuple):
    """The pages that are looked at."""

    found: int
    """In the interval."""
    left_out: int
    """Of those that were chosen: their receipts cite what no page can rest on."""
    pages: dict[int, list[int]]
    """Epoch to indexes of its pages, ascending."""
    drawn: dict[int, set[str]]
    """Epoch to regions whose plain lists are drawn from it."""
    needed: dict[tuple[int, str], int]
    """Such a list, by epoch and region, to the last epoch with a page that goes on in it."""

    @property
    def upto(self) -> int:
        """One past the last page."""
        return max((indexes[-1] + 1 for indexes in self.pages.values()), default=0)


class _Cited(NamedTuple):
    """What a page rests on."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    epoch: int
    listed: tuple[int, str] | None
    """The list that a plain page goes on in."""
    seen: int
    """Records of its viewer below this."""

    @classmethod
    def of(cls, entry: Entry) -> _Cited:
        page = entry.record
        assert isinstance(page, Page)
        listed = (page.pinned, page.request.region) if page.request.mode == "plain" else None
        return cls(entry.index, page.epoch, listed, page.viewer_upto)


class Published(NamedTuple):
    """An epoch, in the journal."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    epoch: Epoch


def epochs_of(journal: JournalReader, stop: int) -> dict[int, Published]:
    """Those with index < stop by number, without those that cannot be."""
    return {
        entry.record.epoch: Published(entry.index, entry.record)
        for entry in journal.of_kind("epoch", 0, stop)
        if isinstance(entry.record, Epoch) and entry.record.upto <= entry.index
    }


def pages_of(
    journal: JournalReader, epochs: Mapping[int, Published], start: int, stop: int, most: int | None
) -> Interval:
    """The pages with start <= index < stop; `most` of them, evenly spread over the interval, where that is less."""
    served = [_Cited.of(entry) for entry in journal.of_kind("page", start, stop)]
    found = len(served)
    if most is not None and most < found:
        served = [served[place * found // most] for place in range(most)]
    interval = Interval(found, 0, {}, {}, {})
    left_out = 0
    for index, epoch, listed, seen in served:
        cited = {epoch, listed[0]} if listed else {epoch}
        there = all(number in epochs and epochs[number].index < index for number in cited)
        if seen > index or not there or max(cited) > epoch:
            left_out += 1
            continue
        interval.pages.setdefault(epoch, []).append(index)
        if listed:
            interval.drawn.setdefault(listed[0], set()).add(listed[1])
            interval.needed[listed] = max(interval.needed.get(listed, 0), epoch)
    return interval._replace(left_out=left_out)


class Counterfactual:
    """Two releases, asked for the pages of one interval."""

    def __init__(
        self,
        journal: JournalReader,
        a: Contender,
        b: Contender,
        epochs: dict[int, Published],
        interval: Interval,
        *,
        observe: Callable[[int, Record], None],
        advance: Advance = lambda records, pages: None,
    ) -> None:
        """`observe` is called with each record as it is read: all that come before a page, before the page is given."""
        self._journal = journal
        self._both = (a, b)
        self._epochs = epochs
        self._interval = interval
        self._observe = observe
        self._advance = advance
        self._wanted = {index for indexes in interval.pages.values() for index in indexes}
        self._over: dict[int, list[tuple[int, str]]] = {}
        """Epoch to the lists that no later page needs."""
        for listed, last in sorted(interval.needed.items()):
            self._over.setdefault(last, []).append(listed)
        self._ready: dict[int, Page] = {}
        """Read and not yet asked for."""
        self._read = 0
        self._asked = 0

    def run(self) -> Iterator[Pair]:
        """Each page with what comes in its place, by epoch and index. Raises ReleaseFailed and JournalDamaged."""
        pages, drawn = self._interval.pages, self._interval.drawn
        for number in sorted(pages.keys() | drawn.keys()):
            self._cut(self._epochs[number].epoch)
            self._draw(sorted(drawn.get(number, ())))
            indexes = pages.get(number, [])
            if indexes:
                self._take(indexes[-1] + 1, self._epochs[number].epoch.upto)
            for at in range(0, len(indexes), SLICE):
                yield from self._pairs(indexes[at : at + SLICE])
            self._drop(self._over.get(number, []))

    def _cut(self, epoch: Epoch) -> None:
        self._take(epoch.upto, epoch.upto)
        parent = Parent(epoch.epoch - 1, epoch.parent) if epoch.epoch else None
        self._ask(lambda running: running.cut(parent, epoch.upto, False))

    def _draw(self, regions: list[str]) -> None:
        if regions:
            self._ask(lambda running: running.draw(regions))

    def _drop(self, lists: list[tuple[int, str]]) -> None:
        if lists:
            self._ask(lambda running: running.drop(lists))

    def _take(self, stop: int, fold_to: int) -> None:
        """Read up to `stop`, and have both fold what is below `fold_to`."""
        while self._read < stop:
            upto = min(self._read + TAKE, stop)
            self._give([(entry.index, entry.record) for entry in self._journal.read(self._read, upto)], fold_to)
            self._read = upto
            self._advance(self._read, self._asked)

    def _give(self, part: list[tuple[int, Record]], fold_to: int) -> None:
        for index, record in part:
            self._observe(index, record)
            if index in self._wanted:
                assert isinstance(record, Page)
                self._ready[index] = record
        self._ask(lambda running: running.take(part, fold_to))

    def _pairs(self, indexes: Sequence[int]) -> Iterator[Pair]:
        asked = [Served(index, page, self._cursor(page)) for index in indexes for page in (self._ready.pop(index),)]
        begun = self._ask(lambda running: running.propose(asked))
        proposals: list[list[Proposal]] = []
        for (release, _), answers in zip(self._both, begun, strict=True):
            with watched(release):
                proposals.append(answers())
        for served, a, b in zip(asked, *proposals, strict=True):
            yield Pair(served.index, served.page, a, b)
        self._asked += len(asked)
        self._advance(self._read, self._asked)

    def _ask(self, question: Callable[[Running], _A]) -> list[_A]:
        """What both answer, one after the other."""
        answers = []
        for release, running in self._both:
            with watched(release):
                answers.append(question(running))
        return answers

    def _cursor(self, page: Page) -> int:
        """Where a plain page goes on in its list: where the session's page before left the same one."""
        if page.request.mode != "plain" or not page.n:
            return 0
        index = self._journal.find(page_key(page.session, page.n - 1))
        before = None if index is None else self._journal.entry(index).record
        same = isinstance(before, Page) and before.request.mode == "plain" and before.pinned == page.pinned
        return before.cursor if same and isinstance(before, Page) else 0
