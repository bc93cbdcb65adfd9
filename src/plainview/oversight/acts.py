"""What the acts of a log come to, judged again by whoever has its entries: the operator's word is not needed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError
from plainview.ledger.licensing import take_act
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.spelling import moment
from plainview.ledger.standing import Standing
from plainview.ledger.standings import Standings
from plainview.oversight.public_entries import is_of_kind, public_act, public_record, public_time
from plainview.records.act import Act
from plainview.records.charter import Charter
from plainview.records.digests import note_digest
from plainview.records.order import Order
from plainview.replay.written import check_written


class Acts:
    """The charters and acts of one log in their order. The first charter is believed: `charters.Charters` checks it."""

    def __init__(self) -> None:
        self._standings: Standings | None = None
        self._time = 0
        """Of the last public entry."""
        self._passed_over: set[bytes] = set()
        self.wrong: set[int] = set()
        """Indexes of what was taken down as what it is not."""
        self.counted = 0
        """Acts that count."""

    @property
    def passed_over(self) -> int:
        """Acts that were taken down and do not count."""
        return len(self._passed_over)

    @property
    def last(self) -> Standing | None:
        """What stands after the last entry; None before the first charter."""
        return None if self._standings is None else self._standings.last

    def before(self, index: int) -> Standing:
        """What stands for the record at that index. Raises PolicyError before the first charter."""
        if self._standings is None:
            raise PolicyError(f"index {index}: no charter stands before it")
        return self._standings.before(index)

    def take(self, index: int, entry: bytes) -> None:
        """Take up the log's entry of that index, after those before it, if it is a charter, an act or an order.

        Raises ProofError for a charter that is not in force, and for an act that was taken down as what it is not: one
        that counts, or one that does not. That one is taken down once.
        """
        try:
            self._check_time(entry)
            if is_of_kind("charter", entry):
                charter = public_record("charter", Charter, entry)
                note = _note(charter.note)
                if self._standings is None:
                    self._standings = Standings(note, charter.time)
                else:
                    self._standings.take_charter(note, index, charter.time)
            elif (act := public_act(entry)) is not None:
                self._act(index, act)
        except LedgerError as error:
            self.wrong.add(index)
            raise ProofError(f"entry {index}: {error}") from error

    def _act(self, index: int, act: Act | Order) -> None:
        if self._standings is None:
            raise FormatError("an act before the first charter")
        if act.counts:
            check_written(act, self._standings.take_act(_note(act.note), index, act.time))
            self.counted += 1
            return
        try:
            take_act(self._standings.last, _note(act.note), index, act.time)
        except PolicyError as error:
            if (said := note_digest(act.note)) in self._passed_over:
                raise ProofError("an act that does not count was taken down as one before") from error
            self._passed_over.add(said)
        except LedgerError as error:
            raise ProofError(f"taken down as an act that does not count, and is no act at all: {error}") from error
        else:
            raise ProofError("an act that counts was taken down as one that does not")

    def _check_time(self, entry: bytes) -> None:
        """Journal time never goes back: or an act could be made to have come too late, or too early."""
        time = public_time(entry)
        if time is None:
            return
        if time < self._time:
            raise ProofError(f"journal time goes back, from {moment(self._time)} to {moment(time)}")
        self._time = time


def judged(entries: Iterable[bytes]) -> Acts:
    """The acts of a log's entries from 0 on. What was taken down as what it is not is passed over: that is a finding.

    Raises ProofError where the log does not begin with a charter.
    """
    acts = Acts()
    for index, entry in enumerate(entries):
        with suppress(ProofError):
            acts.take(index, entry)
        if acts.last is None:
            raise ProofError("the log does not begin with a charter")
    return acts


def _note(text: str) -> Note:
    return parse_note(text.encode("utf-8", "surrogatepass"))
