"""Re-running what the partner's copy holds, as it grows: the seam to replay."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from plainview.journal import JournalReader
from plainview.records import Epoch, Page
from plainview.replay.bundled import Bundles
from plainview.replay.findings import Report
from plainview.replay.installed import Installed
from plainview.replay.replay import Advance, Replay

GRACE = 3.0
"""Seconds after the newest epoch came here, from which on pages of the one before it are looked for no longer: a page
that was being ranked when it was closed comes behind it, and seldom by more than a few records."""


class Rerunning:
    """One replay that goes on. Close it."""

    def __init__(
        self,
        journal: JournalReader,
        installed: Installed,
        bundles: Bundles | None,
        monotonic: Callable[[], float],
        threads: int = 1,
        environment: str = "",
        advance: Advance = lambda records, pages: None,
    ) -> None:
        """Pages of another release than the installed one need its bundle.

        The rest is `Replay`'s.
        """
        self._journal = journal
        self._begin = partial(
            Replay, journal, installed, bundles=bundles, threads=threads, environment=environment, advance=advance
        )
        self._replay = self._begin()
        self._monotonic = monotonic
        self._looked = 0
        self._newest, self._since = 0, monotonic()
        self._late: deque[int] = deque()
        """Pages that came behind, and are to be re-run each for itself."""
        self._untold = False
        """Whether something has come that no call has given yet."""
        self.known: tuple[Report | None, int] = (None, 0)
        """What `report` and `upto` are, at one time: they may be read from any thread."""

    @property
    def report(self) -> Report | None:
        """Of all that was re-run; None before anything was."""
        return self.known[0]

    @property
    def upto(self) -> int:
        """All records below it were read, and all pages among them dealt with."""
        return self.known[1]

    def close(self) -> None:
        """End what runs."""
        self._replay.close()

    def go_on(self, whole: bool = False) -> Report | None:
        """What re-running came to so far, all of it; None where nothing has come since the last time.

        With `whole` no page is waited for that may still come behind the newest epoch.
        """
        size = self._journal.size
        for entry in self._journal.of_kind("epoch", self._looked, size, newest_first=True, trusting=True):
            assert isinstance(entry.record, Epoch)
            self._newest, self._since = entry.record.epoch, self._monotonic()
            break
        self._looked = size
        waited = whole or self._monotonic() - self._since >= GRACE
        try:
            report = self._replay.go_on(self._newest - (not waited))
        except Exception:
            self._begin_again()
            raise
        if report.records or report.pages or report.epochs or report.differing:
            self._add(report, True)
        self._late.extend(report.stragglers)
        while self._late:
            self._add(self._begin().run(self._late[0]), False)
            self._late.popleft()
        if not self._untold:
            return None
        self._untold = False
        self.known = self.report, self._replay.upto
        return self.report

    def _begin_again(self) -> None:
        """Go back to record 0, as a start does: what the call that broke off had dealt with is in no report."""
        broken, self._replay = self._replay, self._begin()
        self._late.clear()
        self.known = None, 0
        broken.close()

    def differing(self, pages: Sequence[int]) -> set[int]:
        """Of pages that were re-run, ascending, those that did not come out the same, or could not be re-run at all.

        Raises JournalDamaged.
        """
        report = self.report
        assert report is not None
        found = {one.index for one in report.differing}
        if report.unreached:
            damaged = min((one.index for one in report.differing if one.stage.startswith("journal")), default=0)
            found |= set(pages[bisect_left(pages, damaged) :])
        if report.inconclusive:
            for entry in self._journal.some(pages):
                if isinstance(entry.record, Page) and entry.record.release in report.inconclusive:
                    found.add(entry.index)
        return found.intersection(pages)

    def _add(self, one: Report, whole: bool) -> None:
        """Count in what came of going on, or of a page by itself: of that no record is counted again."""
        before, upto = self.known
        self._untold = True
        if before is None:
            self.known = one, upto
            return
        known = {difference.index for difference in before.differing}
        new = tuple(difference for difference in one.differing if difference.index not in known)
        counted = {
            name: getattr(before, name) + (getattr(one, name) if whole or name in _OF_PAGES else 0)
            for name in ("records", "missing", "epochs", "snapshots", *_OF_PAGES)
        }
        together = replace(
            before,
            **counted,
            inconclusive=dict(sorted((Counter(before.inconclusive) + Counter(one.inconclusive)).items())),
            why_inconclusive=before.why_inconclusive | one.why_inconclusive,
            differing=tuple(sorted((*before.differing, *new), key=lambda difference: difference.index)),
        )
        self.known = together, upto


_OF_PAGES = ("pages", "identical", "unreached", "seconds", "cpu_seconds")
