"""KuaiRec 2.0 (Gao et al., CIKM 2022, doi 10.1145/3511808.3557220, CC BY-SA 4.0): a log, and a matrix without gaps.

Reads the published files (folder `data/` or the folder itself):

    big_matrix.csv, small_matrix.csv, item_categories.csv, kuairec_caption_category.csv, item_daily_features.csv,
    user_features.csv

or the Parquet layout `interactions.parquet` (`user`, `item`, `split`), which holds positives alone.

Not read: `social_network.csv`, since no record says that two viewers are friends (follows go to creators), and the
counters of `item_daily_features.csv`, which are the platform's totals of the day itself, days to come included. Of that
file a video's first row gives `author_id`, `upload_dt`, `upload_type`, `video_duration` (or, where absent, the longest
`video_duration` of the matrices) and `music_id`. Tags are the first four of `feat`; the caption is `caption`, cut to
2,000 characters. `timestamp` is Unix seconds; rows without one (the small matrix has some) are faults: a row without a
time has no place in an order. Outcomes: `long_view` is played at least min(18 s, duration), `complete` at least the
duration; there are no others. Surface is 0, region `ZZ`, age `unknown`.

The Parquet layout has neither times nor metadata. Its rows of the `train*` splits become impressions in file order, all
at `END`, with `long_view` set and nothing watched; rows of `test*` splits are never imported, or the model would learn
the answers of the retrieval test: they only make their videos known. Each video is its own creator there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports import tables
from plainview.platform.imports.kuairand import FORMS
from plainview.platform.imports.source import dated, files_digest, find_folder, first_of_each, member, past, tag_list
from plainview.platform.imports.tables import Column, Faults, Rows, SourceError
from plainview.records import Impression, Origin, Record, Video, Viewer, outcome_bits

NAME = "kuairec"
END = 1_599_264_000_000
"""2020-09-05 00:00 UTC, when the log ends: the time of rows that have none."""
CAPTION = 2000
LONG_VIEW = 18_000

_U32 = 2**32 - 1
_MATRIX = (
    Column("user_id"),
    Column("video_id"),
    Column("play_duration", high=_U32),
    Column("video_duration", high=_U32),
    Column("timestamp", "seconds", low=946_684_800_000, high=4_102_444_800_000),
)
_DAILY = (
    Column("video_id"),
    Column("author_id"),
    Column("upload_dt", "text"),
    Column("upload_type", "text", empty="UNKNOWN"),
    Column("video_duration", high=_U32, empty=0),
    Column("music_id", low=-(2**53), empty=0),
)


class KuaiRec:
    """The data set in `folder`, read when this is built. A `source.Source`.

    `now` is the time of reading, Unix ms. Raises SourceError where files or columns are missing; rows that cannot be
    used go to `faults`.
    """

    def __init__(self, folder: Path, faults: Faults, now: int) -> None:
        if not folder.is_dir():
            raise SourceError(f"{folder}: no such folder")
        self.faults = faults
        self._now = now
        self._log: dict[str, NDArray[np.int64]] = {}
        self._videos: dict[str, NDArray[Any]] = {}
        self._viewers: NDArray[np.int64] = np.zeros(0, np.int64)
        place = find_folder(folder, ("big_matrix.csv", "small_matrix.csv"))
        if (folder / "interactions.parquet").is_file():
            files = [folder / "interactions.parquet"]
            self._read_positives(files[0])
        elif place is not None:
            files = self._read_published(place)
        else:
            raise SourceError(f"{folder}: holds no KuaiRec log; expected big_matrix.csv or interactions.parquet")
        order = np.lexsort((self._log["row"], self._log["at"]))
        self._log = {name: column[order] for name, column in self._log.items()}
        self.last = int(self._log["at"][-1]) if len(order) else 0
        self.total = 1 + len(self.videos()) + len(self._viewers) + len(order)
        self.origin = Origin(
            time=0,
            origin=NAME,
            licence="CC BY-SA 4.0",
            source="KuaiRec (Gao et al., CIKM 2022, doi 10.1145/3511808.3557220)",
            digest=files_digest(files),
        )

    def viewers(self) -> NDArray[np.int64]:
        return self._viewers

    def videos(self) -> NDArray[np.int64]:
        ids: NDArray[np.int64] = self._videos["video_id"]
        return ids

    def records(self, shift: int) -> Iterator[Record]:
        yield self.origin
        names = ("video_id", "author_id", "created", "video_duration", "tags", "music_id", "form", "caption")
        for video, creator, created, duration, tags, sound, form, caption in zip(
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
                caption=caption,
            )
        for viewer in self._viewers.tolist():
            yield Viewer(time=0, viewer=viewer, region="ZZ", age="unknown", mode="personal")
        step = 1 << 16  # lists of twelve million rows would take ten times their arrays
        for start in range(0, len(self._log["row"]), step):
            part = {name: column[start : start + step] for name, column in self._log.items()}
            for row, viewer, video, at, watched, outcomes in zip(
                part["row"].tolist(),
                part["user_id"].tolist(),
                part["video_id"].tolist(),
                np.maximum(part["at"] + shift, 0).tolist(),
                part["watched"].tolist(),
                part["outcomes"].tolist(),
                strict=True,
            ):
                yield Impression(
                    time=0,
                    origin=NAME,
                    row=row,
                    viewer=viewer,
                    video=video,
                    surface=0,
                    at=at,
                    watched=watched,
                    outcomes=outcomes,
                )

    def _read_published(self, folder: Path) -> list[Path]:
        names = ("item_daily_features.csv", "item_categories.csv", "kuairec_caption_category.csv", "user_features.csv")
        daily, categories, captions, users = (folder / name for name in names)
        matrices = [folder / "big_matrix.csv", folder / "small_matrix.csv"]
        self._viewers = self._read_viewers(users)
        self._videos = self._read_videos(daily)
        self._videos["tags"] = self._read_tags(categories)
        self._videos["caption"] = self._read_captions(captions)
        parts = []
        offset = 0
        longest = np.zeros(len(self.videos()), np.int64)
        for path in matrices:
            rows = tables.read(path, _MATRIX, self.faults)
            total = rows.total
            rows = past(rows, path, "timestamp", self._now, self.faults)
            for column, ids, what in (("user_id", self._viewers, "viewer"), ("video_id", self.videos(), "video")):
                rows = tables.report(rows, path, member(rows[column], ids), column, f"unknown {what} {{}}", self.faults)
            np.maximum.at(longest, np.searchsorted(self.videos(), rows["video_id"]), rows["video_duration"])
            parts.append(_impressions(rows, offset))
            offset += total
        self._log = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        own = self._videos["video_duration"]
        self._videos["video_duration"] = np.where(own == 0, longest, own)
        return [daily, categories, captions, users, *matrices]

    def _read_viewers(self, path: Path) -> NDArray[np.int64]:
        rows = tables.read(path, (Column("user_id"),), self.faults, quoted=True)
        mask = first_of_each(rows["user_id"])
        return np.sort(tables.report(rows, path, mask, "user_id", "viewer {} is there twice", self.faults)["user_id"])

    def _read_videos(self, path: Path) -> dict[str, NDArray[Any]]:
        rows = tables.read(path, _DAILY, self.faults, quoted=True)
        rows = rows.keep(first_of_each(rows["video_id"]))  # one row a day: the first is as good as any
        rows = dated(rows, path, "upload_dt", self._now, self.faults)
        order = np.argsort(rows["video_id"], kind="stable")
        videos = {name: column[order] for name, column in rows.columns.items()}
        forms = {name: number for number, name in enumerate(FORMS)}
        videos["form"] = np.array([forms.get(text, 0) for text in videos["upload_type"].tolist()], np.int64)
        videos["music_id"] = np.maximum(videos["music_id"], 0)
        return videos

    def _of_videos(self, path: Path, column: Column) -> Rows:
        """`column` of a file with at most one row a video; videos without metadata are faults."""
        rows = tables.read(path, (Column("video_id"), column), self.faults, quoted=True)
        mask = first_of_each(rows["video_id"])
        rows = tables.report(rows, path, mask, "video_id", "video {} is there twice", self.faults)
        return tables.report(
            rows, path, member(rows["video_id"], self.videos()), "video_id", "unknown video {}", self.faults
        )

    def _read_tags(self, path: Path) -> NDArray[Any]:
        rows = self._of_videos(path, Column("feat", "text", empty=""))
        lists = {text: tag_list(text) for text in set(rows["feat"].tolist())}
        good = np.array([lists[text] is not None for text in rows["feat"].tolist()], np.bool_)
        rows = tables.report(rows, path, good, "feat", "{!r} is not a list of tag numbers", self.faults)
        tags = np.empty(len(self.videos()), object)
        tags[:] = [()] * len(tags)
        for at, text in zip(np.searchsorted(self.videos(), rows["video_id"]), rows["feat"].tolist(), strict=True):
            tags[at] = lists[text]
        return tags

    def _read_captions(self, path: Path) -> NDArray[Any]:
        rows = self._of_videos(path, Column("caption", "text", empty=""))
        captions = np.full(len(self.videos()), "", object)
        for at, text in zip(np.searchsorted(self.videos(), rows["video_id"]), rows["caption"].tolist(), strict=True):
            captions[at] = text[:CAPTION]
        return captions

    def _read_positives(self, path: Path) -> None:
        rows = tables.read(path, (Column("user"), Column("item"), Column("split", "text")), self.faults)
        train = np.array([text.startswith("train") for text in rows["split"].tolist()], np.bool_)
        ids = np.unique(rows["item"])
        zeros = np.zeros(len(ids), np.int64)
        tags = np.empty(len(ids), object)
        tags[:] = [()] * len(ids)
        self._videos = {
            "video_id": ids,
            "author_id": ids,
            "created": zeros,
            "video_duration": zeros,
            "tags": tags,
            "music_id": zeros,
            "form": zeros,
            "caption": np.full(len(ids), "", object),
        }
        self._viewers = np.unique(rows["user"])
        rows = rows.keep(train)
        self._log = {
            "row": rows.row,
            "user_id": rows["user"],
            "video_id": rows["item"],
            "at": np.full(len(rows.row), END, np.int64),
            "watched": np.zeros(len(rows.row), np.int64),
            "outcomes": np.full(len(rows.row), outcome_bits("long_view"), np.int64),
        }


def _impressions(rows: Rows, offset: int) -> dict[str, NDArray[np.int64]]:
    played, duration = rows["play_duration"], rows["video_duration"]
    known = duration > 0
    long = known & (played >= np.minimum(duration, LONG_VIEW)) | ~known & (played >= LONG_VIEW)
    bits = long * outcome_bits("long_view") | (known & (played >= duration)) * outcome_bits("complete")
    return {
        "row": rows.row + offset,
        "user_id": rows["user_id"],
        "video_id": rows["video_id"],
        "at": rows["timestamp"],
        "watched": played,
        "outcomes": bits,
    }
