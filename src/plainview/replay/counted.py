"""What came of one call of a replay, as it is counted."""

from __future__ import annotations

import time

from plainview.replay.findings import Difference, Report


class Counted:
    """Begins to count when it is made, where the replay has read all records below `start`."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._began, self._cpu = time.monotonic(), time.process_time()
        self.missing = 0
        self.epochs = 0
        self.snapshots = 0
        self.pages = 0
        self.identical = 0
        self.unreached = 0
        self.inconclusive: dict[str, int] = {}
        self.why: dict[str, str] = {}
        self.differing: dict[int, Difference] = {}
        self.stragglers: list[int] = []

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def differ(self, index: int, kind: str, stage: str, detail: str) -> None:
        """Note a record's first difference."""
        self.differing.setdefault(index, Difference(index, kind, stage, detail))

    def set_apart(self, release: str, pages: int, why: str) -> None:
        """Count pages that cannot be judged; none where it is an epoch."""
        self.inconclusive[release] = self.inconclusive.get(release, 0) + pages
        self.why[release] = why

    def report(self, read: int, installed: str) -> Report:
        """All of it, where the replay has read all records below `read`, and `installed` is the release that ran."""
        return Report(
            records=read - self._start - self.missing,
            missing=self.missing,
            epochs=self.epochs,
            snapshots=self.snapshots,
            pages=self.pages,
            identical=self.identical,
            inconclusive=dict(sorted(self.inconclusive.items())),
            why_inconclusive=dict(sorted(self.why.items())),
            stragglers=tuple(self.stragglers),
            unreached=self.unreached,
            differing=tuple(sorted(self.differing.values(), key=lambda difference: difference.index)),
            installed=installed,
            seconds=self.seconds,
            cpu_seconds=time.process_time() - self._cpu,
        )
