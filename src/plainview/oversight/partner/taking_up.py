"""Taking up what the mirrored log has and the partner's copy has not, as far as the operator opens it."""

from __future__ import annotations

from collections.abc import Callable

from plainview.journal.frames import Frame
from plainview.ledger.spelling import moment
from plainview.oversight.partner.copy import BATCH, JournalCopy, Unfit
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.opening import Records, Unanswered, Withheld
from plainview.oversight.partner.reporting import Reporting

PATIENCE = 60.0
"""Seconds for which an operator may say no to records before that is a finding: the clocks may be apart."""


class TakingUp:
    """For one thread. `clock` gives Unix milliseconds, `monotonic` seconds that never go back."""

    def __init__(
        self,
        copy: JournalCopy,
        records: Callable[[], Records],
        reporting: Reporting,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """`records` gives what to ask, once the log's charter is known."""
        self._copy = copy
        self._records = records
        self._reporting = reporting
        self._telling = reporting.telling
        self._clock = clock
        self._monotonic = monotonic
        self._refused_since: float | None = None
        self._closed_since: int | None = None
        """When nothing was opened for the first time since something was."""

    def go_on(self, mirrored: Mirrored) -> None:
        """Take up all that `mirrored` has, as far as it is opened. Raises LedgerError, OSError and StoreError."""
        records = self._records()
        asked = 0

        def open_(first: int, until: int) -> list[Frame]:
            nonlocal asked
            asked = first
            return records.open(first, until)

        self._telling.unable.pop("audit", None)
        while (start := self._copy.size) < (size := mirrored.checkpoint.size):
            entries = list(mirrored.entries(start, min(start + BATCH, size)))
            try:
                self._copy.take(entries, open_)
            except Unfit as error:
                detail = f"{error.detail}; nothing after it can be re-run until it is opened"
                self._reporting.find("opening", error.index, "", detail, {error.index})
                return
            except Unanswered as error:
                self._not_opened(start, str(error))
                return
            except Withheld as error:
                self._withheld(asked, str(error))
                return
            self._refused_since = self._closed_since = None
        self._telling.could("audit")

    def _not_opened(self, index: int, said: str) -> None:
        """Who does not answer may be down: that is no finding, however long it lasts. So it is told since when."""
        self._closed_since = self._clock() if self._closed_since is None else self._closed_since
        since = moment(self._closed_since)
        self._telling.could_not("audit", f"records from {index:,} on are not opened, since {since}: {said}")

    def _withheld(self, index: int, said: str) -> None:
        now = self._monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        self._not_opened(index, said)
        if now - self._refused_since > PATIENCE:
            self._reporting.find("opening", index, "", said, {index})
