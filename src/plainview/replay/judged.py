"""What the charters, acts and orders of a journal come to: judged as they are appended, and wherever they are read."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from plainview.journal import Entry, JournalDamaged, JournalReader
from plainview.ledger.errors import LedgerError, PolicyError
from plainview.ledger.licensing import begin, take_act, take_charter
from plainview.ledger.notes import parse_note
from plainview.ledger.standing import Allowed, EpochBounds, Standing
from plainview.ledger.standings import Standings
from plainview.records import JUDGED, Act, Charter, Order, Origin, Page, Release
from plainview.records.digests import note_digest, traffic_draw
from plainview.records.fields import to_bytes
from plainview.replay.written import check_written, written


def charters_and_acts(journal: JournalReader) -> Iterator[tuple[Entry, Charter | Act | Order]]:
    """All of them in `journal`, orders too, in index order, each with its record. Raises JournalDamaged."""
    for entry in heapq.merge(*map(journal.of_kind, JUDGED), key=lambda entry: entry.index):
        assert isinstance(entry.record, (Act, Charter, Order))
        yield entry, entry.record


class Judged:
    """A `journal.fence.Judge`. May be asked from many threads; one observes."""

    def __init__(self) -> None:
        self._standings: Standings | None = None
        self._passed_over: set[bytes] = set()

    @classmethod
    def of(cls, journal: JournalReader) -> Judged:
        """What all of them in `journal` come to. Raises JournalDamaged."""
        judged = cls()
        for entry, record in charters_and_acts(journal):
            judged.observe(entry.index, record)
        return judged

    @property
    def last(self) -> Standing:
        """What stands now. Raises LookupError before the first charter."""
        if self._standings is None:
            raise LookupError("no charter is in force")
        return self._standings.last

    def why_not(self, index: int, time: int, note: str) -> str:
        """Why the act in `note` does not count at `index` and `time`, in words; empty if it does."""
        taken = self._after(index, time, note)
        return "" if isinstance(taken, Standing) else str(taken)

    def draft(self, index: int, time: int, note: str) -> Act | Order:
        """The act in `note` as it is to be appended at `index` and `time`, whether it counts there or not."""
        taken = self._after(index, time, note)
        return written(note, taken, 0) if isinstance(taken, Standing) else Act(time=0, note=note, counts=False)

    def check(self, index: int, record: Charter | Act | Order) -> str:
        """See `Judge.check`: an act may be appended as what it is, one that counts or one that does not."""
        taken = self._after(index, record.time, record.note, isinstance(record, Charter))
        if isinstance(record, Act) and not record.counts:
            if isinstance(taken, Standing):
                return "it counts here"
            if note_digest(record.note) in self._passed_over:
                return "it was taken down before as one that does not count"
            # What is no act, or has a signature that is none, was never handed in as this: somebody changed it.
            return "" if isinstance(taken, PolicyError) else f"no act at all: {taken}"
        if isinstance(taken, Standing) and not isinstance(record, Charter):
            try:
                check_written(record, taken)
            except PolicyError as error:
                return str(error)
        return "" if isinstance(taken, Standing) else str(taken)

    def may_rank(self, page: Page, time: int) -> tuple[int, ...] | str:
        """See `Judge.may_rank`."""
        return self.grounds(page.release, page.request.region, page.request.surface, page.session, time)

    def may_take_charge(self, record: Release) -> str:
        """See `Judge.may_take_charge`."""
        if self._standings is None:
            return "no charter is in force"
        return self._standings.last.why_not_in_charge(to_bytes(record.digest), record.time)

    def why_closed(self, time: int) -> str:
        """See `Judge.why_closed`."""
        return "" if self._standings is None else self._standings.last.why_closed(time)

    def grounds(
        self, release: str, region: str, surface: int, session: str, time: int, before: int | None = None
    ) -> tuple[int, ...] | str:
        """The acts that let a release rank for such a request; or why none does, in words.

        By all of them, or by those below the index `before`.
        """
        if self._standings is None:
            return "no charter is in force"
        standing = self._standings.last if before is None else self._standings.before(before)
        found = standing.may_rank(to_bytes(release), region, surface, traffic_draw(to_bytes(session)), time)
        return found.indexes if isinstance(found, Allowed) else found.reason

    def epoch_bounds(self, release: str, time: int) -> EpochBounds | None:
        """See `Judge.epoch_bounds`."""
        return None if self._standings is None else self._standings.last.epoch_bounds(to_bytes(release), time)

    def admitted(self, origin: Origin) -> int | None:
        """See `Judge.admitted`."""
        if self._standings is None:
            return None
        return self._standings.last.admitted(origin.origin, to_bytes(origin.digest), origin.licence)

    def observe(self, index: int, record: Charter | Act | Order) -> None:
        """See `Judge.observe`. Raises JournalDamaged for what does not count and says that it does."""
        if isinstance(record, Act) and not record.counts:
            self._passed_over.add(note_digest(record.note))
            return
        try:
            note = parse_note(record.note.encode())
            if not isinstance(record, Charter):
                if self._standings is None:
                    raise PolicyError("no charter is in force")
                check_written(record, self._standings.take_act(note, index, record.time))
            elif self._standings is None:
                self._standings = Standings(note, record.time)
            else:
                self._standings.take_charter(note, index, record.time)
        except LedgerError as error:
            raise JournalDamaged(index, "act", str(error)) from error

    def clear(self) -> None:
        """See `Judge.clear`."""
        self._standings = None
        self._passed_over.clear()

    def _after(self, index: int, time: int, note: str, charter: bool = False) -> Standing | LedgerError:
        """What stands after the act or charter in `note`, taken at `index`; or what keeps it from counting there."""
        try:
            parsed = parse_note(note.encode())
            if charter and not index:
                return begin(parsed, time)
            if self._standings is None:
                return PolicyError("no charter is in force")
            take = take_charter if charter else take_act
            return take(self._standings.before(index), parsed, index, time)
        except LedgerError as error:
            return error
