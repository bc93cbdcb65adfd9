"""What of the stored worlds is kept: enough to start and to look back quickly. The journal gives all of it again.

Of snapshots the newest two, and of each day (UTC) within the replay window the last; of deltas those after the
second-newest snapshot, and those of the last 24 hours. So a start has what it needs even where the newest snapshot is
damaged. A world before that is folded again from the day's snapshot before it.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile

from plainview.journal import EpochStore, Snapshot
from plainview.platform.lineage import Lineage

DAY = 86_400_000
DELTAS = DAY
"""Milliseconds of journal time for which deltas are kept at least."""


def prune(lineage: Lineage, epochs: EpochStore, window: int, others: Collection[str]) -> int:
    """Take away what is past keeping; returns how many objects that were. `window` is the replay window in days.

    `others` are objects in the same place that are kept. For the learner's thread, which is the one that saves; while
    there are not two snapshots, all is kept.
    """
    listed = [snapshot for snapshot in epochs.snapshots() if lineage.accepts(snapshot) and epochs.holds(snapshot)]
    if len(listed) < 2:
        return 0
    now = lineage.last().time
    dated = []
    for snapshot in listed:
        epoch = lineage.epoch(snapshot.epoch)
        assert epoch is not None
        dated.append((snapshot, epoch.time))
    after, since = listed[1].epoch, now - DELTAS
    deltas = [epoch.delta for epoch in takewhile(lambda one: one.epoch > after or one.time >= since, lineage.newest())]
    return epochs.prune(worth_keeping(dated, now, window), {*deltas, *others})


def worth_keeping(dated: list[tuple[Snapshot, int]], now: int, window: int) -> list[Snapshot]:
    """Those to be kept of snapshots and their times, newest first, at journal time `now`."""
    kept: list[Snapshot] = []
    days: set[int] = set()
    for snapshot, time in dated:
        day = time // DAY
        if len(kept) < 2 or (day not in days and time >= now - window * DAY):
            kept.append(snapshot)
        days.add(day)
    return kept
