"""Replay: every epoch and page computed again from the journal alone, and compared with what was written down.

Nothing that was stored beside the journal is read: no trace, delta, snapshot or projection. Records are read in index
order and held to their bounds. What only a release can say is asked of the release that was in charge, which folds the
world from record 0: the installed one in this process, any other in one of its own, from its bundle. At each `epoch`
record its world is cut and compared; then the pages that pin this epoch are ranked again, each with its viewer's state
as of `viewer_upto`, the receipt's `now` and its request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice

from plainview.journal import Entry, JournalDamaged, JournalReader
from plainview.learning.ranker import Outcome, Served
from plainview.learning.rerun import RESIDENTS, TAKE, Answers
from plainview.records import Epoch, Page, Record
from plainview.records.fields import DASHES
from plainview.replay.bounds import Bounds
from plainview.replay.bundled import Bundles
from plainview.replay.counted import Counted
from plainview.replay.findings import Report
from plainview.replay.incumbent import Incumbent
from plainview.replay.installed import Installed
from plainview.replay.plain_lists import PlainLists
from plainview.replay.position import Listed, Place, Position, Unusable, Waiting, place_of, stand_of

SLICE = 256
"""Pages asked for at a time: a viewer's state is copied for each."""
_ALL = 2**53
"""Every epoch is settled: nothing is appended any more."""

Advance = Callable[[int, int], None]
"""Called with how many records were read and how many pages dealt with so far. What it raises ends the call."""
Rest = Callable[[], bool]
"""Called where the world stands at an epoch whose pages were asked for; False, and the call of `go_on` ends."""


class Replay:
    """A replay of one journal, all at once or going on as it grows. Cores change its speed, and no result.

    Use it as a context manager, or call `close`, where `go_on` is called.
    """

    def __init__(
        self,
        journal: JournalReader,
        installed: Installed,
        *,
        bundles: Bundles | None = None,
        residents: int = RESIDENTS,
        cores: int = 1,
        environment: str = "",
        advance: Advance = lambda records, pages: None,
        rest: Rest = lambda: True,
    ) -> None:
        """`installed` is the release that runs here.

        What another release was in charge of is inconclusive where `bundles` does not have it. So is what differs and
        was not served in this `environment`, as receipts name it, where a release's golden vectors do not come out.
        """
        self._journal = journal
        self._installed = installed.digest
        self._environment = environment
        self._incumbent = Incumbent(journal, installed, bundles, residents, cores)
        self._advance = advance
        self._rest = rest
        self._counted = Counted(0)
        self._dealt = 0
        """Pages, by all calls."""

        # What a look at the journal told, and was not dealt with yet.
        self._looked = 0
        self._upcoming: deque[tuple[int, Epoch]] = deque()
        """Epochs to be cut, with their indexes."""
        self._last = -1
        """The number of the last epoch that was seen."""
        self._pages: dict[int, list[int]] = {}
        """Epoch to the indexes of the pages that pin it, ascending."""
        self._ahead: set[int] = set()
        """Pages that were handed out as stragglers or settled, and not read yet: nobody deals with them again."""
        self._lists = PlainLists()

        # Reading.
        self._bounds = Bounds(journal)
        self._read = 0
        self._again: list[Entry] = []
        """Pages that a replay before had read and not ranked, until the first look."""
        self._broken: int | None = None
        """Index of the first damaged record: what comes after may rest on it."""
        self._gaps: list[range] = []
        """Records that are missing."""
        self._only: int | None = None
        self._ready: dict[int, tuple[Page, int]] = {}
        """Pages read and not yet ranked, by index: page and cursor."""
        self._outside: set[int] = set()
        """Those of them that break a bound."""
        self._unsure: set[int] = set()
        """And those that break one after a damaged record: it may be the damage that makes them."""

        self._chunk: list[tuple[int, Record]] = []
        """Records read last, and not yet given to the release in charge."""

        # The world.
        self._epoch: Epoch | None = None
        """Where it stands."""
        self._cut_at = -1
        """Index of its record."""
        self._wrong: int | None = None
        """Index of its record, where it came out otherwise."""
        self._stuck = False
        """Whether no further epoch can be computed: a record that it rests on is damaged."""
        self._ranking: tuple[list[Served], Answers[Outcome]] | None = None
        """Pages that are being ranked."""

    @property
    def upto(self) -> int:
        """Between two calls: all records below it were read, and all pages among them dealt with."""
        waiting = chain((waiting[0] for waiting in self._pages.values()), (entry.index for entry in self._again[:1]))
        return min(self._read, min(waiting, default=self._read))

    @property
    def seconds(self) -> float:
        """Since the present call began, or the last one."""
        return self._counted.seconds

    @property
    def report(self) -> Report:
        """What the present call has dealt with so far, or the last one: pages that are being ranked are waited for."""
        self._collect()
        return self._counted.report(self._read, self._installed)

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what runs."""
        self._incumbent.close()

    def run(self, only: int | None = None) -> Report:
        """Replay the whole journal; with `only`, the one page whose receipt is that record, and what it rests on.

        To be called once. Raises LookupError where record `only` is not a page.
        """
        try:
            return self._go(_ALL, only)
        finally:
            self.close()

    def go_on(self, settled: int) -> Report:
        """Go on from where the last call ended, to the journal's present size: what this call dealt with.

        The world moves past an epoch only where its record's index is below `settled`, for later pages may pin one
        that is not. A page that pins one already passed, or goes on in a list that is no longer held, is a straggler:
        it is not counted, and to be replayed by a `run` of its own.
        """
        return self._go(settled, None)

    def _go(self, settled: int, only: int | None) -> Report:
        self._counted = Counted(self._read)
        size, self._only = self._journal.size, only
        self._look(size)
        if only is not None and self._pages and len(list(islice(self._sound("release", 0, only), 2))) > 1:
            self._read_to(only + 1, feeding=False)  # first, to know whose page it is
        self._rank_here()
        while self._upcoming and not self._stuck:
            if only is not None and not self._pages:
                break
            if self._epoch is not None and (self._cut_at >= settled or not (only is not None or self._rest())):
                break
            self._stuck = not self._pass(*self._upcoming.popleft())
            self._rank_here()
        if only is None and (self._stuck or not self._upcoming):
            self._read_to(size, feeding=False)  # how far it can be folded is not known yet
        for epoch in [one for one in self._pages if only is not None or self._stuck or one > self._last]:
            for index in self._pages.pop(epoch):
                if index >= self._read:
                    self._ahead.add(index)
                self._settle(index, ("epoch", "it pins an epoch that is not in the journal"))
        return self.report

    # Standing still, and going on from there.

    def place(self) -> Place | None:
        """Where it stands between two calls of `go_on`, or as it rests: its arrays are to be read at once.

        None before the first epoch, after a damaged record, and where the release in charge cannot say where it stands.
        """
        self._collect()
        reign, here = self._bounds.reign, self._incumbent.reign
        if self._broken is not None or self._stuck or self._epoch is None or self._number in self._pages:
            return None
        if reign is None or here is None or reign.index != here.index:
            return None  # another one has taken over, and cut nothing yet
        stand = self._incumbent.stand()
        if stand is None:
            return None
        lists = (Listed(*one, len(stand.lists[one[:2]].videos)) for one in self._lists.kept())
        position = Position(
            read=self._read,
            epoch=self._cut_at,
            wrong=self._wrong is not None,
            waiting=tuple(
                Waiting(index, cursor, index in self._outside)
                for index, (page, cursor) in sorted(self._ready.items())
                if index in self._pages.get(page.epoch, ())  # and no straggler
            ),
            ahead=tuple(sorted(index for index in self._ahead if index >= self._read)),
            lists=tuple(lists),
            met=self._bounds.met,
        )
        return place_of(position, stand)

    def resume(self, place: Place) -> None:
        """Go on from where a replay of this journal stood that had read all that is below; to be called first.

        No page below is ranked again, and no record judged again. Raises Unusable and JournalDamaged.
        """
        position = place.position
        record = next((entry.record for entry in self._journal.some([position.epoch])), None)
        waiting = self._journal.some([one.index for one in position.waiting])
        if not isinstance(record, Epoch) or len(waiting) != len(position.waiting):
            raise Unusable(f"record {position.epoch} is no epoch, or a page that was read is not there")
        self._bounds.resume(position.read, position.met)
        if self._bounds.reign is None:
            raise Unusable("no release was in charge")
        try:
            self._incumbent.begin(self._bounds.reign, stand_of(place, record))
        except (ValueError, IndexError) as error:
            raise Unusable(f"its world is none of the release in charge: {error}") from error
        if not self._incumbent.works:
            raise Unusable(f"the release in charge does not work: {self._incumbent.why}")
        self._read = self._looked = position.read
        self._epoch, self._cut_at = record, position.epoch
        self._wrong = position.epoch if position.wrong else None
        self._last = record.epoch
        self._look_at_epochs(position.epoch + 1, position.read)
        for entry, one in zip(waiting, position.waiting, strict=True):
            if not isinstance(entry.record, Page) or entry.index != one.index:
                raise Unusable(f"record {one.index} is no page")
            self._ready[one.index] = entry.record, one.cursor
            if one.outside:
                self._outside.add(one.index)
        self._again = waiting
        self._ahead = set(position.ahead)
        self._lists.hold((one.epoch, one.region, one.needed) for one in position.lists)

    # The first look, at what has come.

    def _look(self, size: int) -> None:
        """Where the world is cut, and which pages rest on which cut."""
        self._look_at_epochs(self._looked, size)
        again, self._again = self._again, []
        come = self._sound("page", self._looked, size) if self._only is None else self._asked(self._only, size)
        for entry in chain(again, come):
            page = entry.record
            assert isinstance(page, Page)
            if entry.index in self._ahead:
                continue
            listing = page.request.mode == "plain" and page.pinned <= page.epoch <= self._last
            gone = listing and page.pinned < self._number and (page.pinned, page.request.region) not in self._lists
            if (page.epoch < self._number or gone) and not self._stuck:
                self._counted.stragglers.append(entry.index)
                self._ahead.add(entry.index)
                continue
            self._pages.setdefault(page.epoch, []).append(entry.index)
            if listing:
                self._lists.need(page)
        self._looked = size

    def _look_at_epochs(self, start: int, stop: int) -> None:
        for entry in self._sound("epoch", start, stop):
            assert isinstance(entry.record, Epoch)
            if entry.record.epoch == self._last + 1:  # of any other reading in order says that it is not next
                self._upcoming.append((entry.index, entry.record))
                self._last = entry.record.epoch

    def _asked(self, only: int, size: int) -> list[Entry]:
        if not 0 <= only < size:
            raise LookupError(f"there is no record {only}: the journal has {size}")
        try:
            entry = self._journal.entry(only)
        except JournalDamaged as error:
            self._counted.differ(error.index, "record", f"journal: {error.stage}", error.detail)
            return []
        if entry.kind != "page":
            raise LookupError(f"record {only} is of kind {entry.kind}: give the index of a page's receipt")
        return [entry]

    def _sound(self, kind: str, start: int, stop: int) -> Iterator[Entry]:
        """Records of a kind, damaged ones left out: reading in order reports them."""
        while start < stop:
            try:
                for entry in self._journal.of_kind(kind, start, stop):
                    start = entry.index + 1
                    yield entry
                return
            except JournalDamaged as error:
                start = max(error.index, start) + 1

    # Reading, in index order.

    def _read_to(self, stop: int, feeding: bool = True) -> None:
        while self._read < stop:
            try:
                for entry in self._journal.read(self._read, stop):
                    self._note(entry)
                    self._read = entry.index + 1
                    if len(self._chunk) >= TAKE:
                        if feeding:
                            self._feed(self._read)
                        self._chunk.clear()  # what was not given will be read again
                        self._advance(self._read, self._dealt)
            except JournalDamaged as error:
                self._damaged(error)
                self._read = max(self._read, error.after)
                if error.stage == "index":
                    self._counted.missing += error.after - error.index
        self._advance(self._read, self._dealt)

    def _damaged(self, error: JournalDamaged) -> None:
        if not any(error.index in gap for gap in self._gaps):  # a record in one may be asked for by later ones
            self._counted.differ(error.index, "record", f"journal: {error.stage}", error.detail)
            if error.stage == "index":
                self._gaps.append(range(error.index, error.after))
        self._broken = error.index if self._broken is None else min(self._broken, error.index)
        self._incumbent.leave_out_damaged()

    def _feed(self, stop: int) -> None:
        """Give the release in charge what was read below `stop`, but nothing from where another took charge."""
        chunk, self._chunk = self._chunk, []
        passing = self._incumbent.upto > (0 if self._epoch is None else self._epoch.upto)
        if passing and self._broken is not None and self._broken < self._incumbent.upto:
            return  # the epoch to come is not reached: to fold what rests on the damaged record would ask for it
        there, here = self._bounds.reign, self._incumbent.reign
        if there is not None and here is not None and there.index > here.index:
            stop = min(stop, there.index)
        self._incumbent.feed(chunk, stop)

    def _reach(self, stop: int) -> None:
        """Read up to `stop`, and give it to the release in charge."""
        self._read_to(stop)
        self._feed(stop)

    def _note(self, entry: Entry) -> None:
        index, record = entry.index, entry.record
        self._chunk.append((index, record))
        page = record if isinstance(record, Page) else None
        going_on = None if page is None else self._bounds.goes_on(page)
        outside = self._bounds.take(entry, going_on)
        if (hidden := self._bounds.damaged()) is not None:
            self._damaged(hidden)  # below where this replay began, or damaged since
        sure = self._broken is None or index < self._broken
        if outside is not None and sure:
            self._counted.differ(index, entry.kind, *outside)
        if page is None or going_on is None or self._stuck or self._only not in (None, index):
            return
        if index in self._ahead:
            self._ahead.remove(index)
        elif page.epoch >= self._number:
            self._ready[index] = (page, going_on.cursor)
            if outside is not None:
                (self._outside if sure else self._unsure).add(index)

    @property
    def _number(self) -> int:
        """Of the epoch where the world stands; -1 before the first."""
        return -1 if self._epoch is None else self._epoch.epoch

    # The world.

    def _pass(self, index: int, epoch: Epoch) -> bool:
        """Go on to the next epoch. False where that cannot be."""
        if epoch.upto > index:
            # Nothing can be folded that was not there; what rests on this epoch is not reached.
            self._counted.differ(
                index, "epoch", "bounds: epoch", f"its upto, {epoch.upto}, lies beyond the record itself"
            )
            return False
        self._incumbent.upto = epoch.upto
        self._reach(epoch.upto)
        if self._broken is not None and self._broken < epoch.upto:
            return False
        self._reach(index + 1)
        if self._broken is not None and epoch.epoch != self._number + 1:
            return False  # the damaged record is the epoch before this one
        self._cut(index, epoch)
        return True

    def _cut(self, index: int, epoch: Epoch) -> None:
        """Cut the world, and compare with the epoch's record."""
        before, self._epoch, self._wrong = self._epoch, epoch, None
        self._cut_at = index
        reign = self._bounds.reign
        if reign is None or reign.index > index:
            return  # of no release, or of none that served the one page that is wanted
        if self._incumbent.reign is None or self._incumbent.reign.index != reign.index:
            self._collect()
            self._incumbent.begin(reign)
            self._lists.forget(reign.first)
            self._feed(index + 1)
        made = self._incumbent.cut(before, epoch)
        if made is None:
            self._counted.set_apart(reign.release, 0, self._incumbent.why)
            return
        self._counted.epochs += 1
        self._counted.snapshots += epoch.state != DASHES
        for field in ("parent", "delta", "state", "digest"):
            here, there = getattr(made, field), getattr(epoch, field)
            if here != there:
                self._collect()
                if not self._incumbent.sound():
                    self._counted.set_apart(reign.release, 0, self._incumbent.why)
                    return
                self._wrong = index
                self._counted.differ(
                    index, "epoch", f"epoch: {field}", f"{there} in epoch {epoch.epoch}, {here} computed"
                )
                break

    # Ranking.

    def _rank_here(self) -> None:
        """Rank the pages that pin the epoch where the world stands."""
        pages = self._pages.pop(self._number, [])
        if pages:
            self._reach(pages[-1] + 1)
        if regions := self._lists.to_draw(self._number):
            self._incumbent.draw(regions)
        asked: list[Served] = []
        for index in pages:
            served = self._served(index)
            if served is not None:
                asked.append(served)
        for start in range(0, len(asked), SLICE):
            self._rank(asked[start : start + SLICE])
        if spare := self._lists.spare(self._number):
            self._incumbent.drop(spare)

    def _served(self, index: int) -> Served | None:
        """A page for the release to rank; None where there is nothing to ask, and it is settled."""
        assert self._epoch is not None
        if index not in self._ready:
            self._settle(index, ("journal: body", "it could be read at first, and later not"))
            return None
        page, cursor = self._ready[index]
        if index in self._outside:
            self._settle(index, None)
        elif not self._incumbent.works:
            self._settle(index, None, apart=True)
        elif self._wrong is not None:
            self._settle(index, ("epoch", f"it pins epoch {self._epoch.epoch}, and record {self._wrong} differs"))
        elif page.policy != (policy := self._bounds.policy(self._epoch.upto)):
            self._settle(index, ("receipt: policy", f"{page.policy} in the receipt, {policy} in its epoch"))
        else:
            return Served(index, page, cursor)
        return None

    def _rank(self, asked: list[Served]) -> None:
        """Have pages ranked. What they come to is waited for before it matters: more is read and folded meanwhile."""
        self._collect()
        self._ranking = asked, self._incumbent.rank(asked)

    def _collect(self) -> None:
        """Settle the pages that were asked for."""
        if self._ranking is None:
            return
        (asked, answers), self._ranking = self._ranking, None
        outcomes = answers()
        for served, outcome in zip(asked, outcomes, strict=False):
            if outcome.stage and served.page.environment != self._environment and not self._incumbent.sound():
                self._settle(served.index, None, apart=True)
            else:
                self._settle(served.index, (outcome.stage, outcome.detail) if outcome.stage else None)
        for served in asked[len(outcomes) :]:
            self._settle(served.index, None, apart=True)
        self._advance(self._read, self._dealt)

    # The outcome.

    def _settle(self, index: int, outcome: tuple[str, str] | None, apart: bool = False) -> None:
        """Count a page, once; `apart` where it cannot be judged."""
        self._dealt += 1
        self._counted.pages += 1
        page, _ = self._ready.pop(index, (None, 0))
        unsure, known = index in self._unsure, index in self._outside or index in self._counted.differing
        self._unsure.discard(index)
        self._outside.discard(index)
        if known:
            return
        if apart and page is not None:
            self._counted.set_apart(page.release, 1, self._incumbent.why)
        elif unsure or (outcome is not None and self._broken is not None and self._broken < index):
            self._counted.unreached += 1
        elif outcome is None:
            self._counted.identical += 1
        else:
            self._counted.differ(index, "page", *outcome)
