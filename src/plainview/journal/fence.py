"""The fence: what may not be appended below its index, whatever was true when it was computed.

A page is ranked on a version of the world; by the time its receipt is appended the world may have moved on. The one
writer asks the fence about each record in its place, so nothing can come between the answer and the append.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import NamedTuple, Protocol

from plainview.feed.configuration import max_lag_of
from plainview.journal.decisions import DecisionGate
from plainview.journal.entry import Entry, Refused
from plainview.journal.keys import page_key
from plainview.journal.origins import OriginGate
from plainview.ledger.standing import EpochBounds
from plainview.moderation.rules.pack import rules_of
from plainview.records import (
    JUDGED,
    KIND_OF,
    Act,
    Charter,
    Decision,
    Epoch,
    Event,
    History,
    Impression,
    Order,
    Origin,
    Page,
    Record,
    Release,
    Setting,
    Tally,
    Video,
    Viewer,
)
from plainview.records.digests import epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text

SESSIONS = 65_536
"""Sessions whose last page is kept at hand; any other is looked up in the journal."""


class Past(Protocol):
    """What the fence asks of the journal (`JournalReader`)."""

    @property
    def size(self) -> int: ...

    def find(self, key: bytes) -> int | None: ...

    def entry(self, index: int) -> Entry: ...

    def of_kind(self, kind: str, *, newest_first: bool = False) -> Iterator[Entry]: ...

    def rows_of(self, origin: str) -> int: ...


class Judge(Protocol):
    """Knows what charters, acts and orders come to: the fence asks it about each, in its place."""

    def check(self, index: int, record: Charter | Act | Order) -> str:
        """Why `record`, with its journal time, may not be appended at `index`; empty if it may."""
        ...

    def may_rank(self, page: Page, time: int) -> tuple[int, ...] | str:
        """The acts that let the page's release rank for its request, appended next at `time`; or why none does."""
        ...

    def may_take_charge(self, record: Release) -> str:
        """Why the release may not go on with the journal, its record appended next with its journal time; or empty."""
        ...

    def why_closed(self, time: int) -> str:
        """Why nobody may be served at `time`, in words; empty where somebody may."""

    def epoch_bounds(self, release: str, time: int) -> EpochBounds | None:
        """What an epoch of the release that is appended next, at `time`, keeps to; None where it may be of any size."""
        ...

    def admitted(self, origin: Origin) -> int | None:
        """Rows at most that the import may have; None where the partner has not let it in."""
        ...

    def observe(self, index: int, record: Charter | Act | Order) -> None:
        """Take in one that was appended; in index order."""
        ...

    def clear(self) -> None:
        """Forget all of them."""
        ...


_SERVICE = frozenset({Event, History, Impression, Origin, Page, Setting, Video, Viewer})
"""What is not written down any more once every licence has ended."""
_OBSERVED = frozenset({Act, Charter, Order, Page, Epoch, Release, Decision, Origin, Video, History, Impression, Tally})


class _Turn(NamedTuple):
    """The last page of a session."""

    viewer: int
    n: int
    commitment: str


class Fence:
    """Refuses pages that break the bounds that were set, epochs that do not follow the last or are larger or smaller
    than they may be, releases that may not take charge, decisions beyond the policies of the one in charge, rows of
    imports that the partner has not let in, and tallies whose ranges do not follow on one another.

    The release of the last `release` record is in charge: epochs are its own, and no other's pages are taken. Its own
    epochs begin with the first after that record.

    `max_lag`: records at most between what a page's epoch has folded in and the page's own index, until a release is
    in charge, whose manifest says it.
    `now_tolerance`: milliseconds at most between a page's `now` and its journal time; whoever finds another charter in
    force sets it anew.

    `judge`: by whom charters, acts and orders are judged; where there is none whoever wrote them has, and releases and
    decisions as well.

    Codes: `closed`, `act`, `charter`, `order`, `release`, `licence`, `decision`, `ineligible`, `stale`, `clock`,
    `session`, `epoch`, `origin`, `tally`.
    """

    def __init__(self, max_lag: int, now_tolerance: int, judge: Judge | None = None) -> None:
        self._max_lag = max_lag
        self.now_tolerance = now_tolerance
        self._judge = judge
        # Where nobody judges, any import may come, with more rows than there can be.
        self._origins = OriginGate((lambda _: 2**53) if judge is None else judge.admitted)
        self._past: Past | None = None
        self._last: Epoch | None = None
        self._since: int = 0
        """Index of the record of the release in charge."""
        self._clear()

    def rebuild(self, past: Past) -> None:
        """Take in all that `past` holds, and look sessions up there from now on."""
        self._clear()
        self._origins.rebuild(past.rows_of)
        self._past = past
        judged = heapq.merge(*map(past.of_kind, JUDGED), key=lambda entry: entry.index)
        # A decision is by the policies that were in force where it stands.
        decided = heapq.merge(*map(past.of_kind, ("release", "decision")), key=lambda entry: entry.index)
        for entry in chain(judged, decided, past.of_kind("origin")):
            self.observe(entry.index, entry.record, entry.commitment)
        for entry in past.of_kind("tally", newest_first=True):
            self.observe(entry.index, entry.record, entry.commitment)
            break
        recent: list[Entry] = []
        for entry in past.of_kind("epoch", newest_first=True):
            recent.append(entry)
            assert isinstance(entry.record, Epoch)
            if entry.index < self._since or past.size - entry.record.upto > self._max_lag:
                break
        for entry in reversed(recent):
            self.observe(entry.index, entry.record, entry.commitment)

    @property
    def oldest(self) -> int:
        """The number of the oldest epoch that a page may pin; -1 where none is."""
        return next(iter(self._epochs), -1)

    @property
    def rows(self) -> dict[str, int]:
        """Rows of imports, by origin, as far as they were counted."""
        return dict(self._origins.rows)

    def count(self, rows: Mapping[str, int]) -> None:
        """Go on from where another fence had counted them."""
        self._origins.rows.update(rows)

    def check(self, index: int, time: int, record: Record) -> Refused | None:
        """Why `record` may not be appended at `index` and `time`; None if it may."""
        if self._judge is not None and type(record) in _SERVICE and (closed := self._judge.why_closed(time)):
            return Refused(closed, "closed")
        if type(record) is Page:
            return self._check_page(index, time, record)
        if type(record) is Epoch:
            return self._check_epoch(index, record) or self._check_size(time, record)
        if type(record) is Release:
            return self._check_succession(record)
        if type(record) is Tally:
            return self._check_tally(index, record)
        if isinstance(record, (Origin, Video, History, Impression)):
            reason = self._origins.check(record)
            return Refused(reason, "origin") if reason else None
        if self._judge is not None and isinstance(record, Decision):
            reason = self._decisions.check(record)
            return Refused(reason, "decision") if reason else None
        if self._judge is not None and isinstance(record, (Act, Charter, Order)):
            reason = self._judge.check(index, record)
            return Refused(reason, KIND_OF[type(record)]) if reason else None
        return None

    def knows_new(self, record: Record) -> bool:
        """Whether `record` is the next page of a session at hand: its key need not be looked for."""
        if type(record) is not Page:
            return False
        last = self._sessions.get(record.session)
        return last is not None and last.n + 1 == record.n

    def minds_repeats(self, record: Record) -> bool:
        """Whether `check_repeated` could refuse such a record: reading the earlier one costs time."""
        return isinstance(record, Page)

    def check_repeated(self, record: Record, earlier: Record) -> Refused | None:
        """Why a record whose key is known may not be taken for the earlier one; None if it may."""
        if isinstance(record, Page) and isinstance(earlier, Page) and record.viewer != earlier.viewer:
            return Refused(f"session {record.session} is another viewer's", "session")
        return None

    def observe(self, index: int, record: Record, commitment: bytes | None) -> None:
        """Take in a record that was appended; in index order."""
        if type(record) not in _OBSERVED:
            return
        if self._judge is not None and isinstance(record, (Act, Charter, Order)):
            self._judge.observe(index, record)
            self._origins.ask_again()
        if _ends_an_epoch(record):
            self._endings.append(index)
        match record:
            case Page():
                assert commitment is not None
                self._sessions[record.session] = _Turn(record.viewer, record.n, to_text(commitment))
                self._sessions.move_to_end(record.session)
                if len(self._sessions) > SESSIONS:
                    self._sessions.popitem(last=False)
            case Epoch():
                self._last = record
                self._endings[:] = [ending for ending in self._endings if ending >= record.upto]
                if index < self._since:
                    self._first = record.epoch + 1
                    return
                self._epochs[record.epoch] = record
                while index - next(iter(self._epochs.values())).upto > self._max_lag and len(self._epochs) > 1:
                    self._epochs.popitem(last=False)
            case Charter():
                self._charter = index
            case Release():
                self._release, self._since = record.digest, index
                self._first = 0 if self._last is None else self._last.epoch + 1
                self._epochs.clear()
                self._decisions.observe(record)
                with suppress(ValueError):  # where nothing is judged
                    self._max_lag = max_lag_of(record.manifest)
            case Decision():
                self._decisions.observe(record)
            case Order():
                if record.ended:
                    self._ended[record.order] = index
            case Origin() | Video() | History() | Impression():
                self._origins.observe(record)
            case Tally():
                self._tallied = record.upto
            case _:
                pass

    def _clear(self) -> None:
        if self._judge is not None:
            self._judge.clear()
        self._charter = 0
        """Index of the one in force."""
        self._release = ""
        """The one in charge."""
        self._since = 0
        self._first = 0
        """Its first epoch, which follows on the last before it."""
        self._last = None
        self._endings: list[int] = []
        """Indexes, since the last epoch, of what ends one however small."""
        self._decisions = DecisionGate()
        self._ended: dict[int, int] = {}
        """By number: where an order was ended."""
        self._epochs: OrderedDict[int, Epoch] = OrderedDict()
        self._sessions: OrderedDict[str, _Turn] = OrderedDict()
        self._tallied = 0
        """Where the last tally's range ends."""

    def _check_page(self, index: int, time: int, page: Page) -> Refused | None:
        return (
            self._check_charter(page)
            or self._check_release(page)
            or self._check_grounds(time, page)
            or self._check_items(page)
            or self._check_orders(page)
            or self._check_world(index, page)
            or self._check_clock(time, page)
            or self._check_session(page)
        )

    def _check_charter(self, page: Page) -> Refused | None:
        if page.charter != self._charter:
            return Refused(f"the charter in force is record {self._charter}, not {page.charter}", "charter")
        return None

    def _check_release(self, page: Page) -> Refused | None:
        if page.release != self._release:
            who = f"{self._release} is, from record {self._since} on" if self._release else "none is"
            return Refused(f"release {page.release} is not in charge: {who}", "release")
        return None

    def _check_grounds(self, time: int, page: Page) -> Refused | None:
        personal = page.request.mode == "personal"
        if reason := why_unfounded(page):
            return Refused(reason, "licence")
        if self._judge is None or page.wanted == "plain":
            return None
        found = self._judge.may_rank(page, time)
        if isinstance(found, str):
            return Refused(found, "licence") if personal else None
        if not personal:
            return Refused(f"the release may rank, by records {_listed(found)}, and the page is plain", "licence")
        if page.grounds != found:
            return Refused(f"it rests on records {_listed(found)}, not {_listed(page.grounds)}", "licence")
        return None

    def _check_items(self, page: Page) -> Refused | None:
        request = page.request
        for item in page.items:
            decision = self._decisions.restricting(item.video, request.region, request.age)
            if decision is not None:
                return Refused(
                    f"video {item.video} is restricted by decision {decision.decision} "
                    f"in region {request.region} for age {request.age}",
                    "ineligible",
                )
        return None

    def _check_orders(self, page: Page) -> Refused | None:
        for number in page.orders:
            if number in self._ended:
                return Refused(f"order {number} was ended by record {self._ended[number]}", "order")
        return None

    def _check_world(self, index: int, page: Page) -> Refused | None:
        epoch = self._epochs.get(page.epoch)
        if epoch is None:
            if page.epoch < self._first:
                return Refused(f"epoch {page.epoch} was made before record {self._since}: by another release", "epoch")
            oldest = next(iter(self._epochs), None)
            if oldest is not None and page.epoch < oldest:
                return Refused(f"epoch {page.epoch} lags more than {self._max_lag} records", "stale")
            return Refused(f"epoch {page.epoch} is not in the journal", "epoch")
        if page.epoch_digest != epoch.digest:
            return Refused(f"epoch {page.epoch} has digest {epoch.digest}, not {page.epoch_digest}", "epoch")
        if index - epoch.upto > self._max_lag:
            return Refused(f"epoch {page.epoch} lags {index - epoch.upto} records, at most {self._max_lag}", "stale")
        return None

    def _check_clock(self, time: int, page: Page) -> Refused | None:
        if abs(time - page.now) > self.now_tolerance:
            return Refused(
                f"the page's now is {page.now} and journal time {time}: more than {self.now_tolerance} ms apart",
                "clock",
            )
        return None

    def _check_session(self, page: Page) -> Refused | None:
        if page.n == 0:
            # That there is no page 0 yet is known from its key.
            if page.previous != DASHES:
                return Refused("the first page of a session has no previous page: 43 dashes", "session")
            return None
        last = self._sessions.get(page.session) or self._look_up(page)
        if last is None:
            return Refused(
                f"page {page.n} of session {page.session}: page {page.n - 1} is not in the journal", "session"
            )
        if last.viewer != page.viewer:
            return Refused(f"session {page.session} is another viewer's", "session")
        if last.n + 1 != page.n:
            return Refused(f"page {page.n} of session {page.session}: {last.n + 1} is next", "session")
        if last.commitment != page.previous:
            return Refused(
                f"page {page.n} of session {page.session}: page {last.n} has commitment {last.commitment}, "
                f"not {page.previous}",
                "session",
            )
        return None

    def _look_up(self, page: Page) -> _Turn | None:
        if self._past is None:
            return None
        index = self._past.find(page_key(page.session, page.n - 1))
        if index is None:
            return None
        entry = self._past.entry(index)
        assert isinstance(entry.record, Page)
        assert entry.commitment is not None
        return _Turn(entry.record.viewer, entry.record.n, to_text(entry.commitment))

    def _check_epoch(self, index: int, epoch: Epoch) -> Refused | None:
        last = self._last
        following = 0 if last is None else last.epoch + 1
        if epoch.epoch != following:
            return Refused(f"epoch {epoch.epoch}: {following} is next", "epoch")
        if last is not None and epoch.parent != last.digest:
            return Refused(f"epoch {epoch.epoch}: its parent is {last.digest}, not {epoch.parent}", "epoch")
        floor = 0 if last is None else last.upto
        if last is not None and not self._epochs:  # a release's first has its own record folded in
            floor = max(floor, self._since + 1)
        if not floor <= epoch.upto <= index:
            return Refused(f"epoch {epoch.epoch}: upto {epoch.upto} is not between {floor} and {index}", "epoch")
        digest = to_text(epoch_digest(to_bytes(epoch.parent), epoch.upto, to_bytes(epoch.delta)))
        if epoch.digest != digest:
            return Refused(f"epoch {epoch.epoch}: its digest is {digest}, not {epoch.digest}", "epoch")
        return None

    def _check_succession(self, release: Release) -> Refused | None:
        if self._judge is None:
            return None
        digest = to_text(hashlib.sha256(release.manifest.encode()).digest())
        if digest != release.digest:
            return Refused(f"release {release.digest}: its manifest has digest {digest}", "licence")
        if release.digest == self._release:
            return Refused(f"release {release.digest} is in charge already, from record {self._since} on", "licence")
        try:
            max_lag_of(release.manifest)
            rules = rules_of(release)
        except ValueError as error:
            return Refused(f"release {release.digest}: {error}", "licence")
        reason = self._judge.may_take_charge(release) or self._decisions.check_pack(rules)
        return Refused(f"release {release.digest} may not take charge: {reason}", "licence") if reason else None

    def _check_tally(self, index: int, tally: Tally) -> Refused | None:
        # What it counts is not asked: a count that is wrong has to be seen.
        if tally.first != self._tallied:
            return Refused(f"the tally begins at record {tally.first}: {self._tallied} is next", "tally")
        if not tally.first < tally.upto <= index:
            return Refused(f"the tally ends at record {tally.upto}, not between {tally.first} and {index}", "tally")
        if tally.lost and _counts(tally):
            return Refused("the tally counts something, and says that its counts were lost", "tally")
        return None

    def _check_size(self, time: int, epoch: Epoch) -> Refused | None:
        # A release's first epoch has all records folded in, and is bounded by none.
        last = next(reversed(self._epochs.values()), None)
        bounds = None if self._judge is None or last is None else self._judge.epoch_bounds(self._release, time)
        if bounds is None or last is None:
            return None
        records = epoch.upto - last.upto
        if records > bounds.most:
            return Refused(f"epoch {epoch.epoch} takes up {records} records, at most {bounds.most} may", "epoch")
        if records < bounds.least and not any(ending < epoch.upto for ending in self._endings):
            return Refused(
                f"epoch {epoch.epoch} takes up {records} records, and none that ends one before {bounds.least}", "epoch"
            )
        return None


def why_unfounded(page: Page) -> str:
    """Why what a page rests on does not go with what it is, whatever the acts say; empty where it may."""
    personal = page.request.mode == "personal"
    if personal and page.wanted == "plain":
        return "the page is personal, and a plain one was wanted"
    return "a plain page rests on no acts" if page.grounds and not personal else ""


def _ends_an_epoch(record: Record) -> bool:
    """Whether an epoch may end with it, however few records it has taken up: what it says may not have to wait."""
    return isinstance(record, (Charter, Decision, Order, Release)) or (isinstance(record, Act) and record.counts)


def _counts(tally: Tally) -> bool:
    """Whether it counts anything."""
    answers = tally.served or tally.repeated or tally.refused or tally.closed or tally.failed
    return bool(answers or tally.rankings or tally.thrown)


def _listed(indexes: tuple[int, ...]) -> str:
    return ", ".join(map(str, indexes)) or "none"
