"""What licensor, operator, partner, builders and auditors say to each other, taken down for all to see."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

import msgspec

from plainview.journal import Ack, Draft, Entry, Journal, JournalReader
from plainview.journal.keys import act_key
from plainview.ledger.acts import parse_act
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.standing import Standing
from plainview.platform.faults import Fault
from plainview.records import Act, Charter, Order
from plainview.records.charter import NOTE
from plainview.replay.judged import Judged

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
    """False where it counted already: `index` is where."""
    reason: str
    """Why it does not count; empty where it does."""


class Acts:
    """May be used from many threads; `observe` belongs to the journal's writer."""

    def __init__(self, journal: Journal, judged: Judged, clock: Callable[[], int]) -> None:
        """`judged` is what those of the journal come to so far; it goes on as they do."""
        self._journal = journal
        self._clock = clock
        self._judged = judged

    @property
    def standing(self) -> Standing:
        """What stands now."""
        return self._judged.last

    def submit(self, new: NewAct) -> Taken:
        """Take an act down, whether it counts or not: who sent one too early, or backdated, has done so for good.

        Raises Fault for what is no act, and for one that no party of the charter in force has signed.
        """
        self._check(new.note)
        counted = self._journal.find(act_key(new.note))
        if counted is not None and counted < self._journal.size:
            return Taken(counted, False, "")
        for _ in range(TRIES):
            # Judged as the next record: the fence judges again, where it comes to stand.
            now = max(self._clock(), self._journal.last_time)
            draft = self._judged.draft(self._journal.size, now, new.note)
            (outcome,) = self._journal.append([Draft(draft)])
            if isinstance(outcome, Ack):
                counts = isinstance(draft, Order) or draft.counts
                reason = "" if counts else self._judged.why_not(outcome.index, outcome.time, new.note)
                return Taken(outcome.index, outcome.fresh, reason)
            if outcome.code not in ("act", "order"):
                raise Fault("refused", outcome.reason)
        raise Fault("unavailable", "other acts came in between; send it again")

    def observe(self, entries: list[Entry]) -> None:
        """Take up new ones."""
        for entry in entries:
            if isinstance(entry.record, (Act, Charter, Order)):
                self._judged.observe(entry.index, entry.record)

    def _check(self, note: str) -> None:
        if len(note) > NOTE:
            raise Fault("malformed", f"note: {len(note):,} characters with its signatures, at most {NOTE:,}", "note")
        try:
            parsed = parse_note(note.encode())
            parse_act(parsed.text)
            charter = self._judged.last.charter
            signed = verified_signatures(parsed, [party.key for party in charter.parties])
        except (LedgerError, UnicodeEncodeError) as error:
            raise Fault("malformed", f"note: {error}", "note") from error
        if signed and len({one.key for one in signed}) < len(parsed.signatures):
            told = "note: it is signed by others than parties, or by one twice: leave those signatures out"
            raise Fault("malformed", told, "note")
        if not signed:
            raise Fault("foreign_act", f"note: no party of charter {charter.number} has signed it", "note")


def judged_acts(journal: JournalReader) -> Iterator[tuple[Entry, str]]:
    """The acts of a journal in its order, and why each does not count; empty where it does. Raises JournalDamaged."""
    judged = Judged.of(journal)
    for entry in heapq.merge(*map(journal.of_kind, ("act", "order")), key=lambda entry: entry.index):
        assert isinstance(entry.record, (Act, Order))
        counts = isinstance(entry.record, Order) or entry.record.counts
        reason = "" if counts else judged.why_not(entry.index, entry.time, entry.record.note)
        yield entry, reason
