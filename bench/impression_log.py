"""A data set's impressions as arrays in time order: what rankers learn from and are asked about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from plainview.journal.journal import now
from plainview.platform.imports.kuairand import KuaiRand
from plainview.platform.imports.tables import Faults, SourceError
from plainview.records import History, Impression, Origin, Record, Video, Viewer, outcome_bits

Ints = NDArray[np.int64]

SESSION_GAP = 30 * 60_000
"""A viewer's pause (ms) after which a new session begins."""
TAGS = 4


class Log:
    """Impressions ordered by (time, row), with what else the import brought.

    Arrays over rows have one entry an impression; `impressions[i]` is the same row as the platform would take it in.
    `viewer`, `video` and `creator` hold dense numbers; `viewers[n]` and `videos[n]` are the records they number.
    """

    def __init__(self, records: Sequence[Record], dates: Ints) -> None:
        """`records` as a `source.Source` yields them; `dates` gives YYYYMMDD by the impression's row in the source."""
        self.origin = next(record for record in records if isinstance(record, Origin))
        self.videos = [record for record in records if isinstance(record, Video)]
        self.viewers = [record for record in records if isinstance(record, Viewer)]
        self.histories = [record for record in records if isinstance(record, History)]
        self.impressions = [record for record in records if isinstance(record, Impression)]
        self._catalogue()
        self._rows(dates)
        self._past()

    def __len__(self) -> int:
        return len(self.impressions)

    def _catalogue(self) -> None:
        self.video_ids: Ints = np.array([video.video for video in self.videos], np.int64)
        self.viewer_ids: Ints = np.array([viewer.viewer for viewer in self.viewers], np.int64)
        creators = np.array([video.creator for video in self.videos], np.int64)
        self.creator: Ints = np.unique(creators, return_inverse=True)[1].astype(np.int64)
        self.duration: Ints = np.array([video.duration for video in self.videos], np.int64)
        self.created: Ints = np.array([video.created for video in self.videos], np.int64)
        self.form: Ints = np.array([video.form for video in self.videos], np.int64)
        self.tags: Ints = np.full((len(self.videos), TAGS), -1, np.int64)
        """Tag numbers of each video, -1 for none."""
        for at, video in enumerate(self.videos):
            self.tags[at, : len(video.tags)] = video.tags

    def _rows(self, dates: Ints) -> None:
        names = ("row", "viewer", "video", "surface", "at", "watched", "outcomes")
        column = {
            name: np.fromiter((getattr(row, name) for row in self.impressions), np.int64, len(self)) for name in names
        }
        self.viewer: Ints = np.searchsorted(self.viewer_ids, column["viewer"])
        self.video: Ints = np.searchsorted(self.video_ids, column["video"])
        self.time: Ints = column["at"]
        self.surface: Ints = column["surface"]
        self.watched: Ints = column["watched"]
        self.outcomes: Ints = column["outcomes"]
        self.label: Ints = column["outcomes"] & outcome_bits("long_view")
        self.date: Ints = dates[column["row"]]
        self.own: Ints = np.argsort(self.viewer, kind="stable")
        """Rows by (viewer, time): those of viewer v are own[own_start[v] : own_start[v + 1]]."""
        self.own_start: Ints = np.searchsorted(self.viewer[self.own], np.arange(len(self.viewers) + 1)).astype(np.int64)
        self.session: Ints = self._session_starts()
        """The row with which each row's session begins."""

    def _session_starts(self) -> Ints:
        viewer, time = self.viewer[self.own], self.time[self.own]
        begins = np.ones(len(self), np.bool_)
        begins[1:] = (viewer[1:] != viewer[:-1]) | (time[1:] - time[:-1] > SESSION_GAP)
        first = self.own[np.flatnonzero(begins)]
        starts = np.empty(len(self), np.int64)
        starts[self.own] = first[np.cumsum(begins) - 1]
        return starts

    def _past(self) -> None:
        sizes = np.zeros(len(self.viewers) + 1, np.int64)
        self.past_at: Ints = np.zeros(len(self.viewers), np.int64)
        """Time of the last impression of each viewer's history, 0 for none."""
        numbers = np.searchsorted(self.viewer_ids, np.array([history.viewer for history in self.histories], np.int64))
        by_viewer = dict(zip(numbers.tolist(), self.histories, strict=True))
        pairs: list[tuple[int, int]] = []
        for number in sorted(by_viewer):
            sizes[number + 1] = len(by_viewer[number].past)
            self.past_at[number] = by_viewer[number].at
            pairs.extend(by_viewer[number].past)
        table = np.array(pairs, np.int64).reshape(-1, 2)
        self.past_start: Ints = np.cumsum(sizes)
        """History of viewer v, oldest first: [past_start[v] : past_start[v + 1]] of `past_video`, `past_outcomes`."""
        self.past_video: Ints = np.searchsorted(self.video_ids, table[:, 0]).astype(np.int64)
        self.past_outcomes: Ints = table[:, 1].copy()

    def first_of(self, date: int) -> int:
        """The first row dated `date` (YYYYMMDD) or later; the number of rows where there is none."""
        found = np.flatnonzero(self.date >= date)
        return int(found[0]) if len(found) else len(self)


def load(folder: Path) -> tuple[Log, list[Path]]:
    """The log in `folder` (`interactions*.parquet` and its companions), and the files it was read from.

    Raises SourceError where anything in it is at fault: a bench does not run on part of the rows.
    """
    source = KuaiRand(folder, Faults(), now())
    if source.faults.count:
        raise SourceError(
            f"{folder}: {source.faults.count} rows cannot be used, the first is: {source.faults.first[0]}"
        )
    files = sorted(folder.glob("interactions*.parquet"))
    if not files:
        raise SourceError(f"{folder}: no interactions*.parquet; benches read the Parquet layout of shared/data")
    dates = np.concatenate(
        [pq.read_table(path, columns=["date"])["date"].cast(pa.int64()).to_numpy() for path in files]
    )
    return Log(list(source.records(0)), dates), files


def shuffled_times(log: Log, split: int, seed: int) -> Log:
    """A placebo: the same impressions of every viewer on either side of row `split`, in a random order.

    Each viewer's rows change places among the viewer's own times (and dates) of that side, and each history's entries
    among themselves. What was seen stays; when and after what is lost, and with it any gain from sequences.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    side = (np.arange(len(log)) >= split).astype(np.int64)
    slots = np.lexsort((np.arange(len(log)), side, log.viewer))
    taken = np.lexsort((random.random(len(log)), side, log.viewer))
    content = np.empty(len(log), np.int64)
    content[slots] = taken
    dates = np.empty(max((row.row for row in log.impressions), default=-1) + 1, np.int64)
    impressions: list[Record] = []
    for slot, source in enumerate(content.tolist()):
        row = log.impressions[source]
        impressions.append(
            Impression(
                time=0,
                origin=row.origin,
                row=log.impressions[slot].row,
                viewer=row.viewer,
                video=row.video,
                surface=row.surface,
                at=log.impressions[slot].at,
                watched=row.watched,
                outcomes=row.outcomes,
            )
        )
        dates[log.impressions[slot].row] = log.date[slot]
    histories = [
        History(
            time=0,
            origin=history.origin,
            viewer=history.viewer,
            at=history.at,
            past=tuple(history.past[i] for i in random.permutation(len(history.past)).tolist()),
        )
        for history in log.histories
    ]
    return Log([log.origin, *log.videos, *log.viewers, *histories, *impressions], dates)
