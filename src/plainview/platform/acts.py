"""What licensor, operator, partner, builders and auditors say to each other, taken down for all to see."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from plainview.journal import Ack, Draft, Entry, Journal
from plainview.journal.keys import act_key
from plainview.ledger.acts import parse_act
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.standing import Standing
from plainview.platform.faults import Fault
from plainview.records import Act, Charter, Order
from plainview.records.charter import NOTE
from plainview.replay.judged import Judged, charters_and_acts

LIMIT = 1_000
"""Acts at most that are shown at once."""
TRIES = 4
"""Times an act is judged before its sender is told to come back: what came between can change how."""


class NewAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act, signed."""

    note: str
    """The signed note, as text (C2SP signed-note)."""


class Taken(msgspec.Struct, frozen=True):
    """An act that is in the journal, durably."""

    index: int
    fresh: bool
    """False where it was taken down before as what it still is: `index` is where."""
    reason: str
    """Why it does not count there; empty where it does."""


class Found(NamedTuple):
    """An act that the journal holds."""

    entry: Entry
    reason: str
    """Why it does not count there; empty where it does."""


class Acts:
    """May be used from many threads; `observe` belongs to the journal's writer."""

    def __init__(self, journal: Journal, clock: Callable[[], int]) -> None:
        """Takes up those that the journal holds. Raises JournalDamaged."""
        self._journal = journal
        self._clock = clock
        self._indexes: list[int] = []
        self._reasons: list[str] = []
        """Of each act, as `Found` has it: judged once, as it comes."""
        self.judged = Judged()
        """What they come to; it goes on as they do."""
        for entry, record in charters_and_acts(journal):
            self._take(entry.index, record)

    @property
    def standing(self) -> Standing:
        """What stands now."""
        return self.judged.last

    def submit(self, new: NewAct) -> Taken:
        """Take an act down, whether it counts or not: who sent one too early, or backdated, has done so for good.

        Sent again it is taken down anew only where it counts by now, and did not.

        Raises Fault for what is no act, and for one that no party of the charter in force has signed.
        """
        self._check(new.note)
        for _ in range(TRIES):
            # Judged as the next record: the fence judges again, where it comes to stand.
            now = max(self._clock(), self._journal.last_time)
            draft = self.judged.draft(self._journal.size, now, new.note)
            # Looked for once it is judged: what counted meanwhile does not count again, and is no reason to say so.
            if not draft.counts and (counted := self._journal.find(act_key(new.note, counts=True))) is not None:
                return Taken(counted, False, "")
            (outcome,) = self._journal.append([Draft(draft)])
            if isinstance(outcome, Ack):
                reason = "" if draft.counts else self.judged.why_not(outcome.index, outcome.time, new.note)
                return Taken(outcome.index, outcome.fresh, reason)
            if outcome.code not in ("act", "order"):
                raise Fault("refused", outcome.reason)
        raise Fault("unavailable", "other acts came in between; send it again")

    def observe(self, entries: list[Entry]) -> None:
        """Take up new ones."""
        for entry in entries:
            if isinstance(entry.record, (Act, Charter, Order)):
                self._take(entry.index, entry.record)

    def some(self, start: int, limit: int) -> tuple[list[Found], int | None]:
        """The first `limit` acts from index `start` on, and the index of the one after them; None where there is none.

        Raises JournalDamaged.
        """
        at = bisect_left(self._indexes, start)
        indexes = self._indexes[at : at + limit + 1]
        found = [Found(self._journal.entry(index), self._reasons[at + n]) for n, index in enumerate(indexes[:limit])]
        return found, indexes[limit] if len(indexes) > limit else None

    def _take(self, index: int, record: Act | Charter | Order) -> None:
        if isinstance(record, (Act, Order)):
            reason = "" if record.counts else self.judged.why_not(index, record.time, record.note)
            self._reasons.append(reason)
            self._indexes.append(index)
        self.judged.observe(index, record)

    def _check(self, note: str) -> None:
        if len(note) > NOTE:
            raise Fault("malformed", f"note: {len(note):,} characters with its signatures, at most {NOTE:,}", "note")
        try:
            parsed = parse_note(note.encode())
            parse_act(parsed.text)
            charter = self.judged.last.charter
            signed = verified_signatures(parsed, [party.key for party in charter.parties])
        except (LedgerError, UnicodeEncodeError) as error:
            raise Fault("malformed", f"note: {error}", "note") from error
        if signed and len({one.key for one in signed}) < len(parsed.signatures):
            told = "note: it is signed by others than parties, or by one twice: leave those signatures out"
            raise Fault("malformed", told, "note")
        if not signed:
            raise Fault("foreign_act", f"note: no party of charter {charter.number} has signed it", "note")
