"""What the charters and acts of a journal come to: judged where they are appended, and wherever they are read."""

from __future__ import annotations

import heapq

from plainview.journal import JournalDamaged, JournalReader
from plainview.ledger.errors import LedgerError
from plainview.ledger.licensing import begin, take
from plainview.ledger.notes import parse_note
from plainview.ledger.standing import Allowed, Standing
from plainview.ledger.standings import Standings
from plainview.records import Act, Charter, Page
from plainview.records.digests import traffic_draw
from plainview.records.fields import to_bytes


class Judged:
    """A `journal.fence.Judge`. May be asked from many threads; one observes."""

    def __init__(self) -> None:
        self._standings: Standings | None = None

    @classmethod
    def of(cls, journal: JournalReader) -> Judged:
        """What all of them in `journal` come to. Raises JournalDamaged."""
        judged = cls()
        for entry in heapq.merge(journal.of_kind("act"), journal.of_kind("charter"), key=lambda entry: entry.index):
            assert isinstance(entry.record, (Act, Charter))
            judged.observe(entry.index, entry.record)
        return judged

    @property
    def last(self) -> Standing:
        """What stands now. Raises LookupError before the first charter."""
        if self._standings is None:
            raise LookupError("no charter is in force")
        return self._standings.last

    def why_not(self, index: int, time: int, note: str) -> str:
        """Why the charter or act in `note` does not count at `index` and `time`, in words; empty if it does."""
        try:
            if not index:
                begin(parse_note(note.encode()), time)
            elif self._standings is None:
                return "no charter is in force"
            else:
                take(self._standings.before(index), parse_note(note.encode()), index, time)
        except LedgerError as error:
            return str(error)
        return ""

    def check(self, index: int, record: Charter | Act) -> str:
        """See `Judge.check`: an act may be appended as what it is, one that counts or one that does not."""
        reason = self.why_not(index, record.time, record.note)
        if isinstance(record, Charter) or record.counts:
            return reason
        return "" if reason else "it counts here"

    def may_rank(self, page: Page, time: int) -> tuple[int, ...] | str:
        """See `Judge.may_rank`."""
        return self.grounds(page.release, page.request.region, page.request.surface, page.session, time)

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

    def observe(self, index: int, record: Charter | Act) -> None:
        """See `Judge.observe`. Raises JournalDamaged for what does not count and says that it does."""
        if isinstance(record, Act) and not record.counts:
            return
        try:
            note = parse_note(record.note.encode())
            if self._standings is None:
                self._standings = Standings(note, record.time)
            else:
                self._standings.take(note, index, record.time)
        except LedgerError as error:
            raise JournalDamaged(index, "act", str(error)) from error

    def clear(self) -> None:
        """See `Judge.clear`."""
        self._standings = None
