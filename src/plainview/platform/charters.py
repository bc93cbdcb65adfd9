"""The charters of a journal: record 0, what amended it, and which of them is in force."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from plainview.journal import JournalReader
from plainview.ledger.charters import Charter, check_charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import parse_note
from plainview.platform.faults import HomeError
from plainview.records import Charter as CharterRecord


class Adopted(NamedTuple):
    """A charter that came into force."""

    record: int
    """The index of its record: it holds from there to the next."""
    charter: Charter


class Charters:
    """All charters of one journal, in order."""

    def __init__(self, journal: JournalReader) -> None:
        """Raises HomeError where one was not in force after the one before, and names its record; JournalDamaged."""
        first = journal.entry(0).record
        if not isinstance(first, CharterRecord):
            raise HomeError(
                f"record 0 is {type(first).__name__}, not a charter: this journal was not begun by Plainview"
            )
        self.all: list[Adopted] = []
        for entry in journal.of_kind("charter"):
            assert isinstance(entry.record, CharterRecord)
            try:
                charter = opened(entry.record, self.all[-1].charter if self.all else None)
            except LedgerError as error:
                raise HomeError(
                    f"record {entry.index} brings no charter into force: {error}; restore the journal from a copy"
                ) from error
            self.all.append(Adopted(entry.index, charter))

    @property
    def in_force(self) -> Adopted:
        """The last of them."""
        return self.all[-1]

    def at(self, index: int) -> Charter:
        """What was in force for record `index`."""
        if index >= self.in_force.record:
            return self.in_force.charter
        return self.all[bisect_right(self.all, index, key=lambda one: one.record) - 1].charter

    def log_keys(self) -> list[VerifierKey]:
        """The keys that the log has ever had, those in force first."""
        origin = self.in_force.charter.origin
        keys = (key for one in reversed(self.all) for key in one.charter.policy.keys_of(origin))
        return list(dict.fromkeys(keys))


def opened(record: CharterRecord, previous: Charter | None) -> Charter:
    """What a record brings into force after `previous`. Raises LedgerError where it does not."""
    return check_charter(parse_note(record.note.encode()), previous, at=record.time)
