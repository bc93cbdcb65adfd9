"""Re-running what the partner's copy holds: the seam to replay."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from plainview.feed.configuration import Configuration
from plainview.journal import JournalReader
from plainview.records import Page
from plainview.replay.findings import Report
from plainview.replay.replay import Replay


class Rerunning:
    """All of the copy, again whenever it has grown."""

    def __init__(self, journal: JournalReader, configuration: Configuration, installed: str) -> None:
        """`configuration` and digest are the installed release's: pages of another are inconclusive."""
        self._journal = journal
        self._configuration = configuration
        self.installed = installed
        self.report: Report | None = None
        """Of all that was re-run."""
        self.upto = 0
        """All records below it were."""

    def go_on(self) -> Report | None:
        """What re-running all came to; None where nothing has come since the last time."""
        size = self._journal.size
        if size == self.upto:
            return None
        self.report = Replay(self._journal, self._configuration, self.installed).run()
        self.upto = size
        return self.report

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
                if isinstance(entry.record, Page) and entry.record.release != self.installed:
                    found.add(entry.index)
        return found.intersection(pages)
