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

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports import tables
from plainview.platform.imports.kuaishou import TIME, U32, KuaishouLog
from plainview.platform.imports.source import Provenance, find_folder, first_of_each, member, past, tagged
from plainview.platform.imports.tables import Column, Faults, Rows, SourceError
from plainview.records import outcome_bits

PUBLISHED = Provenance("kuairec", "KuaiRec (Gao et al., CIKM 2022, doi 10.1145/3511808.3557220)", "CC BY-SA 4.0")
END = 1_599_264_000_000
"""2020-09-05 00:00 UTC, when the log ends: the time of rows that have none."""
CAPTION = 2000
LONG_VIEW = 18_000

_MATRIX = (
    Column("user_id"),
    Column("video_id"),
    Column("play_duration", high=U32),
    Column("video_duration", high=U32),
    Column("timestamp", "seconds", low=TIME[0], high=TIME[1]),
)
_DAILY = (
    Column("video_id"),
    Column("author_id"),
    Column("upload_dt", "text"),
    Column("upload_type", "text", empty="UNKNOWN"),
    Column("video_duration", high=U32, empty=0),
    Column("music_id", low=-(2**53), empty=0),
)


class KuaiRec(KuaishouLog):
    """The data set in `folder`, read when this is built. A `source.Source`.

    `now` is when the import began, Unix ms; `provenance` is given where the rows are others' in this layout. Raises
    SourceError where files or columns are missing; rows that cannot be used go to `faults`.
    """

    def __init__(self, folder: Path, faults: Faults, now: int, provenance: Provenance = PUBLISHED) -> None:
        if not folder.is_dir():
            raise SourceError(f"{folder}: no such folder")
        super().__init__(provenance, faults, now)
        place = find_folder(folder, ("big_matrix.csv", "small_matrix.csv"))
        if (folder / "interactions.parquet").is_file():
            files = [folder / "interactions.parquet"]
            log = [self._read_positives(files[0])]
        elif place is not None:
            log, files = self._read_published(place)
        else:
            raise SourceError(f"{folder}: holds no KuaiRec log; expected big_matrix.csv or interactions.parquet")
        self._complete(log, files, 0)

    def _read_published(self, folder: Path) -> tuple[list[dict[str, NDArray[np.int64]]], list[Path]]:
        names = ("item_daily_features.csv", "item_categories.csv", "kuairec_caption_category.csv", "user_features.csv")
        daily, categories, captions, users = (folder / name for name in names)
        matrices = [folder / "big_matrix.csv", folder / "small_matrix.csv"]
        self._viewers = self._read_viewers(users)
        self._videos = self._read_videos(daily)
        self._videos["tags"] = self._read_tags(categories)
        self._videos["caption"] = self._read_captions(captions)
        parts: list[Rows] = []
        log = []
        offset = 0
        for path in matrices:
            rows = tables.read(path, _MATRIX, self.faults)
            rows = self._known(past(rows, path, "timestamp", self._now, self.faults), path)
            parts.append(rows)
            log.append(_impressions(rows, offset))
            offset += rows.total
        self._fill_durations((rows["video_id"], rows["video_duration"]) for rows in parts)
        return log, [daily, categories, captions, users, *matrices]

    def _read_videos(self, path: Path) -> dict[str, NDArray[Any]]:
        rows = tables.read(path, _DAILY, self.faults)
        rows = rows.keep(first_of_each(rows["video_id"]))  # one row a day: the first is as good as any
        return self._by_id(self._dated(rows, path))

    def _of_videos(self, path: Path, column: Column) -> Rows:
        """`column` of a file with at most one row a video; videos without metadata are faults."""
        rows = tables.read(path, (Column("video_id"), column), self.faults)
        mask = first_of_each(rows["video_id"])
        rows = tables.report(rows, path, mask, "video_id", "video {} is there twice", self.faults)
        return tables.report(
            rows, path, member(rows["video_id"], self.videos()), "video_id", "unknown video {}", self.faults
        )

    def _read_tags(self, path: Path) -> NDArray[Any]:
        rows = tagged(self._of_videos(path, Column("feat", "text", empty="")), path, "feat", self.faults)
        tags = np.empty(len(self.videos()), object)
        tags[:] = [()] * len(tags)
        tags[np.searchsorted(self.videos(), rows["video_id"])] = rows["tags"]
        return tags

    def _read_captions(self, path: Path) -> NDArray[Any]:
        rows = self._of_videos(path, Column("caption", "text", empty=""))
        captions = np.full(len(self.videos()), "", object)
        for at, text in zip(np.searchsorted(self.videos(), rows["video_id"]), rows["caption"].tolist(), strict=True):
            captions[at] = text[:CAPTION]
        return captions

    def _read_positives(self, path: Path) -> dict[str, NDArray[np.int64]]:
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
        return {
            "row": rows.row,
            "user_id": rows["user"],
            "video_id": rows["item"],
            "surface": np.zeros(len(rows.row), np.int64),
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
        "surface": np.zeros(len(rows.row), np.int64),
        "at": rows["timestamp"],
        "watched": played,
        "outcomes": bits,
    }
