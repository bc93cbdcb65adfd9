"""Re-running what the partner's copy holds, as it grows: the seam to replay."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from plainview.journal import JournalDamaged, JournalReader
from plainview.ledger.errors import LedgerError
from plainview.oversight.partner.bookmarks import Bookmark, Bookmarks, NotUsed
from plainview.oversight.partner.telling import Told
from plainview.records import Page
from plainview.replay.bundled import Bundles
from plainview.replay.findings import Report
from plainview.replay.installed import Installed
from plainview.replay.position import Place, Unusable
from plainview.replay.replay import Advance, Replay

GRACE = 3.0
"""Seconds after the newest epoch came here, from which on pages of the one before it are looked for no longer: a page
that was being ranked when it was closed comes behind it, and seldom by more than a few records."""
AGAIN = 120.0
"""Seconds of re-running at most, but for an epoch's, that a start has to do again after the program was killed."""


class _Ended(Exception):
    """A page that came late was not re-run to its end: `go_on` is to end."""


SILENT = Told(lambda _: None, lambda _: None, lambda _: None)


class Rerunning:
    """One replay that goes on. Close it."""

    def __init__(
        self,
        journal: JournalReader,
        installed: Installed,
        bundles: Bundles | None,
        monotonic: Callable[[], float],
        cores: int = 1,
        environment: str = "",
        advance: Advance = lambda records, pages: None,
        bookmarks: Bookmarks | None = None,
        told: Told = SILENT,
        from_the_start: bool = False,
    ) -> None:
        """Pages of another release than the installed one need its bundle.

        With `bookmarks` it goes on from the last one, unless it is to begin `from_the_start`, keeps others, and says
        by `told` which it uses and which it cannot. The rest is `Replay`'s.
        """
        self._journal = journal
        self._installed = installed.digest
        self._bundles = bundles
        self._new = partial(
            Replay, journal, installed, bundles=bundles, cores=cores, environment=environment, advance=advance
        )
        self._advance = advance
        self._bookmarks = bookmarks
        self._told = told
        self._believing = not from_the_start
        self._replay: Replay | None = None
        """None before the first call, and after one that broke off."""
        self._resumed = False
        """Whether it went on from a bookmark."""
        self._going = False
        self._ending = threading.Event()
        self._kept: Report | None = None
        """What was re-run when the last bookmark was kept."""
        self._monotonic = monotonic
        self._looked = 0
        self._newest, self._since = (0, 0), monotonic()
        """Indexes of the last two epochs' records, and when the last came here."""
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

    def stop(self) -> None:
        """Have `go_on` end where it can be gone on from. From any thread."""
        self._ending.set()

    def close(self) -> None:
        """Keep a bookmark, and end what runs."""
        if self._replay is None:
            return
        if not self._going and self.report is not None and self.report is not self._kept:
            place = self._replay.place()
            if place is not None:
                self._keep(place, self.report)
        self._replay.close()
        self._replay = None

    def go_on(self, whole: bool = False) -> Report | None:
        """What re-running came to so far, all of it; None where nothing has come since the last time.

        With `whole` no page is waited for that may still come behind the newest epoch.
        """
        size = self._journal.size
        come = islice(self._journal.of_kind("epoch", self._looked, size, newest_first=True, trusting=True), 2)
        if found := [entry.index for entry in come]:
            before, last = (*self._newest, *reversed(found))[-2:]
            self._newest, self._since = (before, last), self._monotonic()
        self._looked = size
        waited = whole or self._monotonic() - self._since >= GRACE
        # By their places: an operator can give a record any number.
        replay, report = self._dealt_with(self._newest[waited])
        if report.records or report.pages or report.epochs or report.differing:
            self._add(report, True)
        self._late.extend(report.stragglers)
        self._run_late(replay)
        if not self._untold:
            return None
        self._untold = False
        self.known = self.report, self._upto(replay)
        return self.report

    def _dealt_with(self, settled: int) -> tuple[Replay, Report]:
        """The replay, and what it dealt with as it went on. What a bookmark says is believed no longer where a record
        is damaged that going on from it rests on: read in order, it is told, and so is what is not reached."""
        self._going = True
        try:
            replay = self._replay = self._replay or self._begun()
            report = replay.go_on(settled)
        except JournalDamaged as error:
            resumed = self._resumed
            self._break_off()
            self._not_used(str(error))
            if not resumed:
                raise
            return self._dealt_with(settled)
        except BaseException:
            self._break_off()
            raise
        self._going = False
        return replay, report

    def _run_late(self, replay: Replay) -> None:
        """Re-run the pages that came late, until told to end."""
        while self._late and not self._ending.is_set():
            try:
                one = self._new(advance=self._unless_ending).run(self._late[0])
            except _Ended:
                return
            self._add(one, False)
            self._late.popleft()
            report, kept = self.report, self._kept
            assert report is not None
            before = 0.0 if kept is None else kept.seconds
            if report.seconds - before >= AGAIN and (place := replay.place()) is not None:
                self._keep(place, report)

    def _unless_ending(self, records: int, pages: int) -> None:
        self._advance(records, pages)
        if self._ending.is_set():
            raise _Ended

    def _upto(self, replay: Replay) -> int:
        """Below the first page that came late and is not re-run yet."""
        return min(replay.upto, *self._late) if self._late else replay.upto

    def _begun(self) -> Replay:
        """A replay that goes on from the last bookmark, where there is one that can be used; else from record 0."""
        found = self._found() if self._believing else None
        self._resumed = False
        if found is not None:
            bookmark, place = found
            replay = self._new(rest=self._rest)
            try:
                replay.resume(place)
            except (Unusable, JournalDamaged) as error:
                replay.close()
                self._not_used(str(error))
            except BaseException:
                replay.close()
                raise
            else:
                self._told.say(f"re-running goes on from record {replay.upto:,}, where it was left")
                self._kept = bookmark.report
                self._late.extend(bookmark.late)
                self.known = bookmark.report, self._upto(replay)
                self._untold = self._resumed = True
                return replay
        return self._new(rest=self._rest)

    def _found(self) -> tuple[Bookmark, Place] | None:
        if self._bookmarks is None:
            return None
        try:
            found = self._bookmarks.read(self._journal.size)
        except NotUsed as error:
            self._not_used(str(error))
            return None
        if found is not None:
            for release in found[0].report.inconclusive:
                if release == self._installed or (self._bundles is not None and release in self._bundles):
                    self._not_used(f"pages or epochs of release {release} could not be judged, and may be now")
                    return None
        return found

    def _not_used(self, why: str) -> None:
        self._believing = False
        self._told.remark(f"re-running begins at record 0: {why}")

    def _rest(self) -> bool:
        """The world stands at an epoch whose pages were asked for."""
        assert self._replay is not None
        before = 0.0 if self.report is None else self.report.seconds
        kept = 0.0 if self._kept is None else self._kept.seconds
        if before + self._replay.seconds - kept >= AGAIN and (place := self._replay.place()) is not None:
            report = self._replay.report
            self._keep(place, report if self.report is None else self.report.and_then(report), report.stragglers)
        return not self._ending.is_set()

    def _keep(self, place: Place, report: Report, stragglers: Sequence[int] = ()) -> None:
        """Keep a bookmark of what was re-run."""
        self._kept = report
        if self._bookmarks is None:
            return
        try:
            self._bookmarks.write(place, report, (*self._late, *stragglers))
        except (OSError, LedgerError) as error:
            self._told.remark(f"where re-running stands cannot be kept, and a start would do it again: {error}")
        else:
            self._believing = True

    def _break_off(self) -> None:
        """Begin as a start does: what the call that broke off had dealt with is in no report."""
        broken, self._replay = self._replay, None
        self._going, self._kept = False, None
        self._late.clear()
        self.known = None, 0
        if broken is not None:
            broken.close()

    def differing(self, pages: Sequence[int]) -> set[int]:
        """Of pages that were re-run, ascending, those that did not come out the same, or could not be re-run at all.

        Raises JournalDamaged.
        """
        report = self.report
        assert report is not None
        found = {one.index for one in report.differing}
        if report.unreached:
            damaged = min((one.index for one in report.differing if one.kind == "record"), default=0)
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
        self.known = before.and_then(one, whole), upto
