"""The bounds that every record keeps, checked record by record as the journal is read in order.

The same fence that the journal's writer asked is asked again, and beside it what a receipt says of the acts and pages
before it.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from plainview.journal import Entry, Fence, JournalDamaged, JournalReader
from plainview.journal.authorship import (
    Cited,
    NotTheirs,
    check_choice,
    check_event,
    check_registration,
    registered_key,
)
from plainview.journal.keys import epoch_key, page_key
from plainview.ledger.standing import Standing
from plainview.records import (
    JUDGED,
    KIND_OF,
    Act,
    Charter,
    Decision,
    Epoch,
    Event,
    Order,
    Origin,
    Page,
    Release,
    Setting,
    Viewer,
)
from plainview.records.fields import DASHES
from plainview.replay.judged import Judged

SESSIONS = 65_536
"""Sessions whose last page is held; any other is looked up in the journal."""
PAGES = 65_536
"""Pages at hand, for the events that cite them; any other is looked up in the journal."""
KEYS = 65_536
"""Viewers' keys at hand; any other is looked up in the journal."""


class GoesOn(NamedTuple):
    """Where a page has to begin."""

    pinned: int
    """The epoch whose list it continues."""
    cursor: int


class _Turn(NamedTuple):
    """The last page of a session."""

    n: int
    plain: bool
    pinned: int
    cursor: int


class _Before:
    """The journal as far as it was read: what the fence may look up."""

    size = 0

    def __init__(self, journal: JournalReader) -> None:
        self.journal = journal
        self.read = 0
        self.damaged: JournalDamaged | None = None
        """A record that was looked up and is damaged: what rests on it cannot be judged."""

    def find(self, key: bytes) -> int | None:
        """The index of a sound record with that key."""
        index = self.journal.find(key)
        if index is None or index >= self.read:
            return None
        try:
            self.journal.entry(index)
        except JournalDamaged as error:
            self.damaged = error
            return None
        return index

    def entry(self, index: int) -> Entry:
        return self.journal.entry(index)

    def of_kind(self, kind: str, *, newest_first: bool = False) -> Iterator[Entry]:
        """Nothing: the fence observes every record as it is read."""
        return iter(())

    def rows_of(self, origin: str) -> int:
        """None: the fence counts as the rows are read."""
        return 0


class Reign(NamedTuple):
    """From where on a release is in charge."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    release: str
    manifest: str
    first: int
    """Its first epoch."""


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds rest on that is told by every record before, and by no few of them."""

    time: int
    """The latest."""
    rows: dict[str, int]
    """Of each import."""
    oldest: int
    """The number of the oldest epoch that a page may pin; -1 where none is."""
    passed_over: tuple[int, ...]
    """Charters, acts, orders, origins and releases that broke a bound, and epochs that were not next, by their indexes:
    they never came into force."""


_STAYS = (Charter, Act, Order, Origin, Release)
"""Where one of them breaks a bound, what came before stays in force."""


class Bounds:
    """What the records so far allow the next one to be."""

    def __init__(self, journal: JournalReader) -> None:
        self.reign: Reign | None = None
        """Of the release in charge."""
        self._before = _Before(journal)
        self._judged = Judged()
        self._fence = Fence(0, 0, self._judged)
        self._fence.rebuild(self._before)
        self._time = 0
        self._passed_over: list[int] = []
        self._epochs = 0
        """The number of the next."""
        self._policies = [0]
        self._sessions: OrderedDict[str, _Turn] = OrderedDict()
        self._cited: OrderedDict[int, Cited] = OrderedDict()
        self._keys: OrderedDict[int, str] = OrderedDict()
        """Of viewers who have registered one: it stays."""
        self._others = False
        """Whether others may have registered one, too."""

    def take(self, entry: Entry, going_on: GoesOn | None) -> tuple[str, str] | None:
        """Go on by one record. Returns the stage and the detail of the first bound it breaks.

        `going_on` is for a page, from `goes_on`.
        """
        record = entry.record
        outside = self._outside(entry, going_on)
        self._time = max(self._time, entry.time)
        self._before.read = entry.index + 1
        if outside is not None and (
            isinstance(record, _STAYS) or (isinstance(record, Epoch) and record.epoch != self._epochs)
        ):
            self._passed_over.append(entry.index)
            return outside
        self._observe(entry)
        if isinstance(record, Page):
            plain = record.request.mode == "plain"
            self._sessions[record.session] = _Turn(record.n, plain, record.pinned, record.cursor)
            self._sessions.move_to_end(record.session)
            if len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
            self._cited[entry.index] = Cited.of(record)
            if len(self._cited) > PAGES:
                self._cited.popitem(last=False)
        return outside

    def damaged(self) -> JournalDamaged | None:
        """A damaged record that was looked up for what was asked here since the last call, if any."""
        error, self._before.damaged = self._before.damaged, None
        return error

    @property
    def met(self) -> Met:
        """For `resume`."""
        return Met(
            time=self._time, rows=self._fence.rows, oldest=self._fence.oldest, passed_over=tuple(self._passed_over)
        )

    def resume(self, read: int, met: Met) -> None:
        """Take in all records below `read` as they were taken in before, by those few that rules and worlds come from.

        Nothing of them is judged again. Sessions, pages and keys are looked up in the journal when they are asked for.
        Raises JournalDamaged.
        """
        journal, passed_over = self._before.journal, set(met.passed_over)
        merged = heapq.merge(
            *(journal.of_kind(kind, 0, read) for kind in (*JUDGED, "release", "decision", "origin")),
            islice(journal.of_kind("tally", 0, read, newest_first=True), 1),
            self._epochs_of_note(read, met.oldest, passed_over),
            key=lambda entry: entry.index,
        )
        for entry in merged:
            self._before.read = entry.index + 1
            if entry.index not in passed_over:
                self._observe(entry)
        self._before.read, self._time, self._others = read, met.time, True
        self._passed_over.extend(met.passed_over)
        self._fence.count(met.rows)

    def _epochs_of_note(self, read: int, oldest: int, passed_over: set[int]) -> Iterator[Entry]:
        """The last epoch before each release, and those that a page may pin, in index order."""
        journal = self._before.journal
        releases = [entry.index for entry in journal.of_kind("release", 0, read)]
        before = (
            next(
                (one for one in journal.of_kind("epoch", 0, index, newest_first=True) if one.index not in passed_over),
                None,
            )
            for index in releases
        )
        since = journal.find(epoch_key(oldest)) if oldest >= 0 else None
        found = {entry.index: entry for entry in before if entry is not None}
        if since is not None:
            found |= {entry.index: entry for entry in journal.of_kind("epoch", since, read)}
        return iter([found[index] for index in sorted(found)])

    def _observe(self, entry: Entry) -> None:
        record = entry.record
        self._fence.observe(entry.index, record, entry.commitment)
        match record:
            case Charter():
                self._fence.now_tolerance = self._judged.last.charter.bounds.now_tolerance
            case Release():
                self.reign = Reign(entry.index, record.digest, record.manifest, self._epochs)
                self._policies.append(entry.index + 1)
            case Epoch():
                self._epochs = record.epoch + 1
            case Decision() | Order():
                self._policies.append(entry.index + 1)
            case _:
                pass

    @property
    def standing(self) -> Standing:
        """What the charters and acts so far come to."""
        return self._judged.last

    def goes_on(self, page: Page) -> GoesOn:
        """Where `page`, which comes next, has to begin: a plain page where its session's list was left, unless that is
        another release's."""
        if page.request.mode == "plain" and page.n > 0:
            turn = self._sessions.get(page.session) or self._look_up(page)
            if turn is not None and turn.plain and turn.pinned >= (self.reign.first if self.reign else 0):
                return GoesOn(turn.pinned, turn.cursor)
        return GoesOn(page.epoch, 0)

    def policy(self, upto: int) -> int:
        """One past the last decision, order or release below `upto`; 0 for none."""
        return self._policies[bisect_right(self._policies, upto) - 1]

    def _outside(self, entry: Entry, going_on: GoesOn | None) -> tuple[str, str] | None:
        index, record = entry.index, entry.record
        if entry.time < self._time:
            return "journal: time", f"{entry.time} follows {self._time}: journal time never goes back"
        if index == 0 and not isinstance(record, Charter):
            return "bounds: charter", "record 0 is not a charter"
        refused = self._fence.check(index, entry.time, record)
        if refused is not None:
            return f"bounds: {refused.code}", refused.reason
        if isinstance(record, Event):
            return self._forged(record)
        if isinstance(record, (Viewer, Setting)):
            return self._not_told(record)
        if not isinstance(record, Page):
            return None
        if going_on is not None and record.pinned != going_on.pinned:
            return (
                "receipt: pinned",
                f"{record.pinned} in the receipt, the session's list is of epoch {going_on.pinned}",
            )
        return None

    def _forged(self, event: Event) -> tuple[str, str] | None:
        """Why an event, which comes next, is not its viewer's; None where it is."""
        try:
            check_event(event, self._cited.get(event.page) or self._read(event.page))
        except NotTheirs as error:
            return f"event: {error.field}", str(error)
        return None

    def _not_told(self, record: Viewer | Setting) -> tuple[str, str] | None:
        """Why a registration or setting, which comes next, is not its viewer's; None where it is."""
        held = self._key(record.viewer)
        try:
            if isinstance(record, Setting):
                check_choice(record, held)
                return None
            check_registration(record, held)
        except NotTheirs as error:
            return f"{KIND_OF[type(record)]}: {error.field}", str(error)
        if record.key != DASHES:
            self._keep(record.viewer, record.key)
        return None

    def _key(self, viewer: int) -> str:
        """The one that a viewer has registered; DASHES for none, and where damage hides it."""
        if viewer not in self._keys and self._others:
            try:
                own = self._before.journal.owned(f"viewer:{viewer}", 0, self._before.read)
                self._keep(viewer, registered_key(entry.record for entry in own))
            except JournalDamaged as error:
                self._before.damaged = error
        return self._keys.get(viewer, DASHES)

    def _keep(self, viewer: int, key: str) -> None:
        self._keys[viewer] = key
        self._keys.move_to_end(viewer)
        if len(self._keys) > KEYS:
            self._keys.popitem(last=False)
            self._others = True

    def _read(self, index: int) -> Cited | None:
        """What a page that was read says. None where it is damaged, too: what rests on it is told apart."""
        if index >= self._before.read:
            return None
        try:
            record = self._before.entry(index).record
        except JournalDamaged as error:
            self._before.damaged = error
            return None
        return Cited.of(record) if isinstance(record, Page) else None

    def _look_up(self, page: Page) -> _Turn | None:
        index = self._before.find(page_key(page.session, page.n - 1))
        record = None if index is None else self._before.entry(index).record
        if not isinstance(record, Page):
            return None
        return _Turn(record.n, record.request.mode == "plain", record.pinned, record.cursor)
