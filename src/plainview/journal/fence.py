"""The fence: what may not be appended below its index, whatever was true when it was computed.

A page is ranked on a version of the world; by the time its receipt is appended the world may have moved on. The one
writer asks the fence about each record in its place, so nothing can come between the answer and the append.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from plainview.journal.entry import Entry, Refused
from plainview.journal.keys import page_key
from plainview.records import JUDGED, KIND_OF, Act, Charter, Decision, Epoch, Order, Page, Record, Release, Revocation
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


class Judge(Protocol):
    """Knows what charters, acts and orders come to: the fence asks it about each, in its place."""

    def check(self, index: int, record: Charter | Act | Order) -> str:
        """Why `record`, with its journal time, may not be appended at `index`; empty if it may."""
        ...

    def may_rank(self, page: Page, time: int) -> tuple[int, ...] | str:
        """The acts that let the page's release rank for its request, appended next at `time`; or why none does."""
        ...

    def observe(self, index: int, record: Charter | Act | Order) -> None:
        """Take in one that was appended; in index order."""
        ...

    def clear(self) -> None:
        """Forget all of them."""
        ...


_OBSERVED = frozenset({Act, Charter, Order, Page, Epoch, Release, Revocation, Decision})


class _Turn(NamedTuple):
    """The last page of a session."""

    viewer: int
    n: int
    commitment: str


class Fence:
    """Refuses pages that break the bounds the partner has set, and epochs that do not follow the last.

    `max_lag`: records at most between what a page's epoch has folded in and the page's own index.
    `now_tolerance`: milliseconds at most between a page's `now` and its journal time; whoever finds another charter in
    force sets it anew.

    `judge`: by whom charters, acts and orders are judged; whoever wrote them has, where there is none.

    Codes: `act`, `charter`, `order`, `licence`, `revoked`, `ineligible`, `stale`, `clock`, `session`, `epoch`.
    """

    def __init__(self, max_lag: int, now_tolerance: int, judge: Judge | None = None) -> None:
        self._max_lag = max_lag
        self.now_tolerance = now_tolerance
        self._judge = judge
        self._past: Past | None = None
        self._clear()

    def rebuild(self, past: Past) -> None:
        """Take in all that `past` holds, and look sessions up there from now on."""
        self._clear()
        self._past = past
        judged = heapq.merge(*map(past.of_kind, JUDGED), key=lambda entry: entry.index)
        for entry in chain(judged, *(past.of_kind(kind) for kind in ("release", "revocation", "decision"))):
            self.observe(entry.index, entry.record, entry.commitment)
        recent: list[Entry] = []
        for entry in past.of_kind("epoch", newest_first=True):
            recent.append(entry)
            if isinstance(entry.record, Epoch) and past.size - entry.record.upto > self._max_lag:
                break
        for entry in reversed(recent):
            self.observe(entry.index, entry.record, entry.commitment)

    def check(self, index: int, time: int, record: Record) -> Refused | None:
        """Why `record` may not be appended at `index` and `time`; None if it may."""
        if type(record) is Page:
            return self._check_page(index, time, record)
        if type(record) is Epoch:
            return self._check_epoch(index, record)
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
        match record:
            case Page():
                assert commitment is not None
                self._sessions[record.session] = _Turn(record.viewer, record.n, to_text(commitment))
                self._sessions.move_to_end(record.session)
                if len(self._sessions) > SESSIONS:
                    self._sessions.popitem(last=False)
            case Epoch():
                self._epochs[record.epoch] = record
                while index - next(iter(self._epochs.values())).upto > self._max_lag and len(self._epochs) > 1:
                    self._epochs.popitem(last=False)
            case Charter():
                self._charter = index
            case Release():
                self._releases.add(record.digest)
            case Revocation():
                self._revoked[record.digest] = index
            case Decision():
                self._observe_decision(record)
            case Order():
                if record.ended:
                    self._ended[record.order] = index
            case _:
                pass

    def _clear(self) -> None:
        if self._judge is not None:
            self._judge.clear()
        self._charter = 0
        """Index of the one in force."""
        self._releases: set[str] = set()
        self._revoked: dict[str, int] = {}
        self._decided: dict[int, int] = {}
        """The video each decision was about when it was first written: a number is never reused."""
        self._restricted: dict[int, dict[int, Decision]] = {}
        self._ended: dict[int, int] = {}
        """By number: where an order was ended."""
        self._epochs: OrderedDict[int, Epoch] = OrderedDict()
        self._sessions: OrderedDict[str, _Turn] = OrderedDict()

    def _observe_decision(self, decision: Decision) -> None:
        if self._decided.setdefault(decision.decision, decision.video) != decision.video:
            return
        active = self._restricted.setdefault(decision.video, {})
        if decision.effect == "restrict":
            active[decision.decision] = decision
        else:
            active.pop(decision.decision, None)
        if not active:
            del self._restricted[decision.video]

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
        revoked = self._revoked.get(page.release)
        if revoked is not None:
            return Refused(f"release {page.release} was revoked by record {revoked}", "revoked")
        if page.release not in self._releases:
            return Refused(f"release {page.release} is not in the journal", "revoked")
        return None

    def _check_grounds(self, time: int, page: Page) -> Refused | None:
        personal = page.request.mode == "personal"
        if personal and page.wanted == "plain":
            return Refused("the page is personal, and a plain one was wanted", "licence")
        if not personal and page.grounds:
            return Refused("a plain page rests on no acts", "licence")
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
            for decision in self._restricted.get(item.video, {}).values():
                here = not decision.regions or request.region in decision.regions
                if here and (not decision.ages or request.age in decision.ages):
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
        last = next(reversed(self._epochs.values()), None)
        following = 0 if last is None else last.epoch + 1
        if epoch.epoch != following:
            return Refused(f"epoch {epoch.epoch}: {following} is next", "epoch")
        if last is not None and epoch.parent != last.digest:
            return Refused(f"epoch {epoch.epoch}: its parent is {last.digest}, not {epoch.parent}", "epoch")
        floor = 0 if last is None else last.upto
        if not floor <= epoch.upto <= index:
            return Refused(f"epoch {epoch.epoch}: upto {epoch.upto} is not between {floor} and {index}", "epoch")
        digest = to_text(epoch_digest(to_bytes(epoch.parent), epoch.upto, to_bytes(epoch.delta)))
        if epoch.digest != digest:
            return Refused(f"epoch {epoch.epoch}: its digest is {digest}, not {epoch.digest}", "epoch")
        return None


def _listed(indexes: tuple[int, ...]) -> str:
    return ", ".join(map(str, indexes)) or "none"
