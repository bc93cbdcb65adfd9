"""Re-running what the partner's copy holds: the seam to replay."""

from __future__ import annotations

from plainview.feed.configuration import Configuration
from plainview.journal import JournalReader
from plainview.replay.findings import Report
from plainview.replay.replay import Replay


class Rerunning:
    """All of the copy, again whenever it has grown."""

    def __init__(self, journal: JournalReader, configuration: Configuration, installed: str) -> None:
        """`configuration` and digest are the installed release's: pages of another are inconclusive."""
        self._journal = journal
        self._configuration = configuration
        self.installed = installed
        self._upto = 0

    def go_on(self) -> Report | None:
        """What re-running came to; None where nothing has come since the last time."""
        size = self._journal.size
        if size == self._upto:
            return None
        report = Replay(self._journal, self._configuration, self.installed).run()
        self._upto = size
        return report
