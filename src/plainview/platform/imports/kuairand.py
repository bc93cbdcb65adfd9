"""KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624, CC BY-SA 4.0): Kuaishou's feed with full feedback.

Reads KuaiRand-Pure as published, or 1K, which has the same layout (folder `data/` or the folder itself):

    log_standard_4_08_to_4_21_pure.csv, log_standard_4_22_to_5_08_pure.csv, log_random_4_22_to_5_08_pure.csv,
    user_features_pure.csv, video_features_basic_pure.csv

or Parquet: `interactions*.parquet` (in name order), `users.parquet`, `videos.parquet`, and where they are there
`history.parquet` with `history_users.parquet` (impressions before the log begins). `video_features_statistic_pure.csv`
is never read: its counters are averages over the whole month, so they would tell a model about days to come.

What becomes what: a video's creator is `author_id`, `created` is midnight UTC of `upload_dt`, its duration
`video_duration` or, where that is absent, the longest `duration_ms` the log gives it (0 where the log has none either);
`sound` is `music_id`, `form` the number of `upload_type` in `FORMS`. A viewer's region is `ZZ` and age `unknown`: the
data set says neither. Outcomes are the log's own columns; `complete` is played at least the row's duration, where it
is known. `tab` becomes one of seven surfaces. Exact duplicates stay, as the source has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports import tables
from plainview.platform.imports.source import dated, files_digest, find_folder, first_of_each, member, past, tag_list
from plainview.platform.imports.tables import Column, Faults, Rows, SourceError
from plainview.records import History, Impression, Origin, Record, Video, Viewer, outcome_bits

NAME = "kuairand"
FORMS = (
    "UNKNOWN",
    "AiCutVideo",
    "FollowShoot",
    "Kmovie",
    "LipsSync",
    "LongCamera",
    "LongImport",
    "LongPicture",
    "PhotoCopy",
    "PictureSet",
    "ShareFromOtherApp",
    "ShortCamera",
    "ShortImport",
    "Web",
)
"""`upload_type` by its number in `Video.form`; a kind that is not here is 0."""

_SURFACES = np.array([0, 1, 2, 6, 3, 5, 4, 6, 6, 6, 6, 6, 6, 6, 6], np.int64)
"""The platform's surface for each `tab`: those with enough impressions by themselves, all others together (6)."""
_TIME = (946_684_800_000, 4_102_444_800_000)  # 2000 to 2100: what passes for a time of the log
_U32 = 2**32 - 1
_PAST = 1000
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
    Column("time_ms", low=_TIME[0], high=_TIME[1]),
    Column("play_time_ms", high=_U32),
    Column("duration_ms", high=_U32),
    Column("tab", high=255),
    *(Column(name, high=1) for name, _ in _OUTCOMES),
)
_VIDEO = (
    Column("video_id"),
    Column("author_id"),
    Column("upload_dt", "text"),
    Column("upload_type", "text", empty="UNKNOWN"),
    Column("video_duration", high=_U32, empty=0),
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


class KuaiRand:
    """The data set in `folder`, read when this is built. A `source.Source`.

    `now` is the time of reading, Unix ms. Raises SourceError where files or columns are missing; rows that cannot be
    used go to `faults`.
    """

    def __init__(self, folder: Path, faults: Faults, now: int) -> None:
        self.faults = faults
        self._now = now
        logs, users, videos, history = _layout(folder)
        read = [*logs, users, videos, *history]
        quoted = videos.suffix == ".csv"
        self._videos = self._read_videos(videos, tables.read(videos, _VIDEO, faults, quoted))
        self._viewers = self._read_viewers(users)
        parts: list[Rows] = []
        offset = 0
        for path in logs:
            rows = past(tables.read(path, _LOG, faults), path, "time_ms", now, faults)
            parts.append(self._known(rows, path, offset))
            offset += rows.total
        self._log = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns}
        self._log["row"] = np.concatenate([part.row for part in parts])
        order = np.lexsort((self._log["row"], self._log["time_ms"]))
        self._log = {name: column[order] for name, column in self._log.items()}
        self._past = self._read_history(*history) if history else _no_history()
        self._fill_durations()
        self.last = int(self._log["time_ms"][-1]) if len(order) else 0
        self.total = 1 + len(self._videos["video_id"]) + len(self._viewers) + len(self._past["user"]) + len(order)
        self.origin = Origin(
            time=0,
            origin=NAME,
            licence="CC BY-SA 4.0",
            source="KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624)",
            digest=files_digest(read),
        )

    def viewers(self) -> NDArray[np.int64]:
        return self._viewers

    def videos(self) -> NDArray[np.int64]:
        ids: NDArray[np.int64] = self._videos["video_id"]
        return ids

    def records(self, shift: int) -> Iterator[Record]:
        yield self.origin
        yield from self._video_records(shift)
        for viewer in self._viewers.tolist():
            yield Viewer(time=0, viewer=viewer, region="ZZ", age="unknown", mode="personal")
        past = self._past
        for viewer, at, start, stop in zip(
            *(past[name].tolist() for name in ("user", "at", "start", "stop")), strict=True
        ):
            pairs = tuple(zip(past["video"][start:stop].tolist(), past["outcomes"][start:stop].tolist(), strict=True))
            yield History(time=0, origin=NAME, viewer=viewer, at=max(0, at + shift), past=pairs)
        yield from self._impressions(shift)

    def _video_records(self, shift: int) -> Iterator[Record]:
        names = ("video_id", "author_id", "created", "video_duration", "tags", "music_id", "form")
        for video, creator, created, duration, tags, sound, form in zip(
            *(self._videos[name].tolist() for name in names), strict=True
        ):
            yield Video(
                time=0,
                video=video,
                creator=creator,
                created=max(0, created + shift),
                duration=duration,
                tags=tags,
                sound=sound,
                form=form,
                region="ZZ",
                audience="unknown",
                origin=NAME,
                caption="",
            )

    def _impressions(self, shift: int) -> Iterator[Record]:
        log = self._log
        bits = np.zeros(len(log["row"]), np.int64)
        for column, outcome in _OUTCOMES:
            bits |= log[column] * outcome_bits(outcome)
        bits |= ((log["duration_ms"] > 0) & (log["play_time_ms"] >= log["duration_ms"])) * outcome_bits("complete")
        times = np.maximum(log["time_ms"] + shift, 0)
        step = 1 << 16  # lists of a whole log would take ten times its arrays
        for start in range(0, len(bits), step):
            part = slice(start, start + step)
            for row, viewer, video, surface, at, watched, outcomes in zip(
                log["row"][part].tolist(),
                log["user_id"][part].tolist(),
                log["video_id"][part].tolist(),
                _SURFACES[np.minimum(log["tab"][part], len(_SURFACES) - 1)].tolist(),
                times[part].tolist(),
                log["play_time_ms"][part].tolist(),
                bits[part].tolist(),
                strict=True,
            ):
                yield Impression(
                    time=0,
                    origin=NAME,
                    row=row,
                    viewer=viewer,
                    video=video,
                    surface=surface,
                    at=at,
                    watched=watched,
                    outcomes=outcomes,
                )

    def _read_videos(self, path: Path, rows: Rows) -> dict[str, NDArray[Any]]:
        rows = tables.report(
            rows, path, first_of_each(rows["video_id"]), "video_id", "video {} is there twice", self.faults
        )
        rows = dated(rows, path, "upload_dt", self._now, self.faults)
        lists = {text: tag_list(text) for text in set(rows["tag"].tolist())}
        good = np.array([lists[text] is not None for text in rows["tag"].tolist()], np.bool_)
        rows = tables.report(rows, path, good, "tag", "{!r} is not a list of tag numbers", self.faults)
        order = np.argsort(rows["video_id"], kind="stable")
        videos = {name: column[order] for name, column in rows.columns.items()}
        forms = {name: number for number, name in enumerate(FORMS)}
        videos["form"] = np.array([forms.get(text, 0) for text in videos["upload_type"].tolist()], np.int64)
        videos["music_id"] = np.maximum(videos["music_id"], 0)
        tags = np.empty(len(order), object)
        tags[:] = [lists[text] for text in videos["tag"].tolist()]
        videos["tags"] = tags
        return videos

    def _read_viewers(self, path: Path) -> NDArray[np.int64]:
        rows = tables.read(path, (Column("user_id"),), self.faults)
        mask = first_of_each(rows["user_id"])
        return np.sort(tables.report(rows, path, mask, "user_id", "viewer {} is there twice", self.faults)["user_id"])

    def _known(self, rows: Rows, path: Path, offset: int) -> Rows:
        """The rows whose viewer and video are known, numbered on from `offset`."""
        for column, ids, what in (("user_id", self._viewers, "viewer"), ("video_id", self.videos(), "video")):
            mask = member(rows[column], ids)
            rows = tables.report(rows, path, mask, column, f"unknown {what} {{}}", self.faults)
        return Rows(rows.columns, rows.row + offset, rows.line, rows.total)

    def _read_history(self, history: Path, users: Path) -> dict[str, NDArray[np.int64]]:
        ends = tables.read(users, (Column("user_id"), Column("last_time_ms", low=_TIME[0], high=_TIME[1])), self.faults)
        ends = past(self._viewer_known(ends, users), users, "last_time_ms", self._now, self.faults)
        ends = tables.report(
            ends, users, first_of_each(ends["user_id"]), "user_id", "viewer {} is there twice", self.faults
        )
        last = ends["last_time_ms"][np.argsort(ends["user_id"], kind="stable")]
        known = np.sort(ends["user_id"])
        rows = self._known(tables.read(history, _HISTORY, self.faults), history, 0)
        mask = member(rows["user_id"], known)
        rows = tables.report(rows, history, mask, "user_id", f"viewer {{}} has no row in {users.name}", self.faults)
        order = np.lexsort((rows.row, rows["pos"], rows["user_id"]))
        user = rows["user_id"][order]
        ids, start, count = np.unique(user, return_index=True, return_counts=True)
        at = last[np.searchsorted(known, ids)]
        stop = start + count
        by_time = np.lexsort((ids, at))
        bits = rows["long_view"] * outcome_bits("long_view") | rows["is_like"] * outcome_bits("like")
        return {
            "user": ids[by_time],
            "at": at[by_time],
            "start": np.maximum(start, stop - _PAST)[by_time],
            "stop": stop[by_time],
            "video": rows["video_id"][order],
            "outcomes": bits[order],
        }

    def _viewer_known(self, rows: Rows, path: Path) -> Rows:
        mask = member(rows["user_id"], self._viewers)
        return tables.report(rows, path, mask, "user_id", "unknown viewer {}", self.faults)

    def _fill_durations(self) -> None:
        ids = self.videos()
        longest = np.zeros(len(ids), np.int64)
        np.maximum.at(longest, np.searchsorted(ids, self._log["video_id"]), self._log["duration_ms"])
        own = self._videos["video_duration"]
        self._videos["video_duration"] = np.where(own == 0, longest, own)


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
