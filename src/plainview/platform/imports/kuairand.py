"""KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624, CC BY-SA 4.0): Kuaishou's feed with full feedback.

Reads KuaiRand-Pure as published, or 1K, which has the same layout (folder `data/` or the folder itself):

    log_standard_4_08_to_4_21_pure.csv, log_standard_4_22_to_5_08_pure.csv, log_random_4_22_to_5_08_pure.csv,
    user_features_pure.csv, video_features_basic_pure.csv

or Parquet: `interactions*.parquet` (in name order), `users.parquet`, `videos.parquet`, and where they are there
`history.parquet` with `history_users.parquet` (impressions before the log begins; of each viewer the latest 1,000, by
`pos`, which is negative and grows towards the log). `video_features_statistic_pure.csv`
is never read: its counters are averages over the whole month, so they would tell a model about days to come.

What becomes what: a video's creator is `author_id`, `created` is midnight UTC of `upload_dt`, its duration
`video_duration` or, where that is absent, the longest `duration_ms` the log gives it (0 where the log has none either);
`sound` is `music_id`, `form` the number of `upload_type` in `kuaishou.FORMS`. A viewer's region is `ZZ` and age
`unknown`: the data set says neither. Outcomes are the log's own columns; `complete` is played at least the row's
duration, where it is known. `tab` becomes one of seven surfaces. Exact duplicates stay, as the source has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports import tables
from plainview.platform.imports.kuaishou import TIME, U32, KuaishouLog
from plainview.platform.imports.source import PAST, Provenance, find_folder, first_of_each, member, past, tagged
from plainview.platform.imports.tables import Column, Faults, Rows, SourceError
from plainview.records import History, Record, outcome_bits

PUBLISHED = Provenance("kuairand", "KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624)", "CC BY-SA 4.0")

_SURFACES = np.array([0, 1, 2, 6, 3, 5, 4, 6, 6, 6, 6, 6, 6, 6, 6], np.int64)
"""The platform's surface for each `tab`: those with enough impressions by themselves, all others together (6)."""
_OUTCOMES = (
    ("long_view", "long_view"),
    ("is_like", "like"),
    ("is_follow", "follow"),
    ("is_forward", "share"),
    ("is_comment", "comment"),
    ("is_hate", "not_interested"),
    ("is_click", "click"),
    ("is_profile_enter", "profile"),
)
_LOG = (
    Column("user_id"),
    Column("video_id"),
    Column("time_ms", low=TIME[0], high=TIME[1]),
    Column("play_time_ms", high=U32),
    Column("duration_ms", high=U32),
    Column("tab", high=255),
    *(Column(name, high=1) for name, _ in _OUTCOMES),
)
_VIDEO = (
    Column("video_id"),
    Column("author_id"),
    Column("upload_dt", "text"),
    Column("upload_type", "text", empty="UNKNOWN"),
    Column("video_duration", high=U32, empty=0),
    # Music without an id is negative in some rows.
    Column("music_id", low=-(2**53), empty=0),
    Column("tag", "text", empty=""),
)
_HISTORY = (
    Column("user_id"),
    Column("pos", low=-(2**31), high=-1),
    Column("video_id"),
    Column("long_view", high=1),
    Column("is_like", high=1),
)


class KuaiRand(KuaishouLog):
    """The data set in `folder`, read when this is built. A `source.Source`.

    `now` is when the import began, Unix ms; `provenance` is given where the rows are others' in this layout. Raises
    SourceError where files or columns are missing; rows that cannot be used go to `faults`.
    """

    def __init__(self, folder: Path, faults: Faults, now: int, provenance: Provenance = PUBLISHED) -> None:
        super().__init__(provenance, faults, now)
        logs, users, videos, history = _layout(folder)
        self._videos = self._read_videos(videos)
        self._viewers = self._read_viewers(users)
        parts: list[Rows] = []
        log = []
        offset = 0
        for path in logs:
            rows = self._known(past(tables.read(path, _LOG, faults), path, "time_ms", now, faults), path)
            parts.append(rows)
            log.append(_impressions(rows, offset))
            offset += rows.total
        self._past = self._read_history(*history) if history else _no_history()
        self._fill_durations((rows["video_id"], rows["duration_ms"]) for rows in parts)
        self._complete(log, [*logs, users, videos, *history], len(self._past["user"]))

    def _histories(self, shift: int) -> Iterator[Record]:
        past = self._past
        for viewer, at, start, stop in zip(
            *(past[name].tolist() for name in ("user", "at", "start", "stop")), strict=True
        ):
            pairs = tuple(zip(past["video"][start:stop].tolist(), past["outcomes"][start:stop].tolist(), strict=True))
            yield History(time=0, origin=self._name, viewer=viewer, at=max(0, at + shift), past=pairs)

    def _read_videos(self, path: Path) -> dict[str, NDArray[Any]]:
        rows = tables.read(path, _VIDEO, self.faults)
        mask = first_of_each(rows["video_id"])
        rows = tables.report(rows, path, mask, "video_id", "video {} is there twice", self.faults)
        videos = self._by_id(tagged(self._dated(rows, path), path, "tag", self.faults))
        return videos | {"caption": np.full(len(videos["video_id"]), "", object)}

    def _read_history(self, history: Path, users: Path) -> dict[str, NDArray[np.int64]]:
        ends = tables.read(users, (Column("user_id"), Column("last_time_ms", low=TIME[0], high=TIME[1])), self.faults)
        ends = past(self._viewer_known(ends, users), users, "last_time_ms", self._now, self.faults)
        ends = tables.report(
            ends, users, first_of_each(ends["user_id"]), "user_id", "viewer {} is there twice", self.faults
        )
        last = ends["last_time_ms"][np.argsort(ends["user_id"], kind="stable")]
        known = np.sort(ends["user_id"])
        rows = self._known(tables.read(history, _HISTORY, self.faults), history)
        mask = member(rows["user_id"], known)
        rows = tables.report(rows, history, mask, "user_id", f"viewer {{}} has no row in {users.name}", self.faults)
        order = np.lexsort((rows.row, rows["pos"], rows["user_id"]))
        user = rows["user_id"][order]
        ids, start, count = np.unique(user, return_index=True, return_counts=True)
        at = last[np.searchsorted(known, ids)]
        stop = start + count
        kept = np.maximum(start, stop - PAST)
        self.older = int(np.sum(kept - start))
        by_time = np.lexsort((ids, at))
        bits = rows["long_view"] * outcome_bits("long_view") | rows["is_like"] * outcome_bits("like")
        return {
            "user": ids[by_time],
            "at": at[by_time],
            "start": kept[by_time],
            "stop": stop[by_time],
            "video": rows["video_id"][order],
            "outcomes": bits[order],
        }

    def _viewer_known(self, rows: Rows, path: Path) -> Rows:
        mask = member(rows["user_id"], self._viewers)
        return tables.report(rows, path, mask, "user_id", "unknown viewer {}", self.faults)


def _impressions(rows: Rows, offset: int) -> dict[str, NDArray[np.int64]]:
    bits = ((rows["duration_ms"] > 0) & (rows["play_time_ms"] >= rows["duration_ms"])) * outcome_bits("complete")
    for column, outcome in _OUTCOMES:
        bits |= rows[column] * outcome_bits(outcome)
    return {
        "row": rows.row + offset,
        "user_id": rows["user_id"],
        "video_id": rows["video_id"],
        "surface": _SURFACES[np.minimum(rows["tab"], len(_SURFACES) - 1)],
        "at": rows["time_ms"],
        "watched": rows["play_time_ms"],
        "outcomes": bits,
    }


def _no_history() -> dict[str, NDArray[np.int64]]:
    return {name: np.zeros(0, np.int64) for name in ("user", "at", "start", "stop", "video", "outcomes")}


def _layout(folder: Path) -> tuple[list[Path], Path, Path, list[Path]]:
    """Log files in order, users, videos, and history with its users (or nothing)."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder")
    if parquet := sorted(folder.glob("interactions*.parquet")):
        history = [folder / "history.parquet", folder / "history_users.parquet"]
        there = [path for path in history if path.is_file()]
        return parquet, folder / "users.parquet", folder / "videos.parquet", history if there else []
    for suffix in ("pure", "1k"):
        standard = f"log_standard_4_22_to_5_08_{suffix}.csv"
        if place := find_folder(folder, (standard, f"log_standard_4_08_to_4_21_{suffix}.csv")):
            logs = [f"log_standard_4_08_to_4_21_{suffix}.csv", standard, f"log_random_4_22_to_5_08_{suffix}.csv"]
            users, videos = f"user_features_{suffix}.csv", f"video_features_basic_{suffix}.csv"
            return [place / name for name in logs], place / users, place / videos, []
    raise SourceError(
        f"{folder}: holds no KuaiRand log; expected log_standard_4_22_to_5_08_pure.csv beside the other files of "
        "KuaiRand-Pure, or interactions.parquet"
    )
