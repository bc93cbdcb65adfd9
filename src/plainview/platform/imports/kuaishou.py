"""What KuaiRand and KuaiRec have in common, both taken from one app: how what was read of them becomes records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports import tables
from plainview.platform.imports.source import Provenance, dated, files_digest, first_of_each, member
from plainview.platform.imports.tables import Column, Faults, Rows
from plainview.records import UNSIGNED, Impression, Origin, Record, Video, Viewer

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
U32 = 2**32 - 1
TIME = (946_684_800_000, 4_102_444_800_000)
"""2000 to 2100, Unix ms: what passes for a time of a log."""
_STEP = 1 << 16
"""Impressions made into lists at a time: those of a whole log would take ten times its arrays."""


class KuaishouLog:
    """A `source.Source`. A data set's own class reads its files and ends with `_complete`."""

    total: int
    last: int
    origin: Origin

    def __init__(self, provenance: Provenance, faults: Faults, now: int) -> None:
        self.faults = faults
        self.older = 0
        self._provenance = provenance
        self._name = provenance.name
        self._now = now
        self._videos: dict[str, NDArray[Any]] = {}
        """By id: `video_id`, `author_id`, `created`, `video_duration`, `tags`, `music_id`, `form`, `caption`."""
        self._viewers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._log: dict[str, NDArray[np.int64]] = {}
        """By (time, row): `row`, `user_id`, `video_id`, `surface`, `at`, `watched`, `outcomes`."""

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
                origin=self._name,
                caption=caption,
            )
        for viewer in self._viewers.tolist():
            yield Viewer(time=0, viewer=viewer, region="ZZ", age="unknown", mode="personal", **UNSIGNED)
        yield from self._histories(shift)
        columns = ("row", "user_id", "video_id", "surface", "at", "watched", "outcomes")
        for start in range(0, len(self._log["row"]), _STEP):
            part = [self._log[name][start : start + _STEP].tolist() for name in columns]
            for row, viewer, video, surface, at, watched, outcomes in zip(*part, strict=True):
                yield Impression(
                    time=0,
                    origin=self._name,
                    row=row,
                    viewer=viewer,
                    video=video,
                    surface=surface,
                    at=max(0, at + shift),
                    watched=watched,
                    outcomes=outcomes,
                )

    def _histories(self, shift: int) -> Iterator[Record]:
        """What viewers did before the log begins, by (last time, viewer)."""
        return iter(())

    def _complete(self, log: list[dict[str, NDArray[np.int64]]], files: Iterable[Path], past: int) -> None:
        """Put the log's parts together; `past` is how many records `_histories` gives."""
        whole = {name: np.concatenate([part[name] for part in log]) for name in log[0]}
        order = np.lexsort((whole["row"], whole["at"]))
        self._log = {name: column[order] for name, column in whole.items()}
        self.last = int(self._log["at"][-1]) if len(order) else 0
        self.total = 1 + len(self.videos()) + len(self._viewers) + past + len(order)
        name, source, licence = self._provenance
        self.origin = Origin(time=0, origin=name, licence=licence, source=source, digest=files_digest(files))

    def _read_viewers(self, path: Path) -> NDArray[np.int64]:
        rows = tables.read(path, (Column("user_id"),), self.faults)
        mask = first_of_each(rows["user_id"])
        return np.sort(tables.report(rows, path, mask, "user_id", "viewer {} is there twice", self.faults)["user_id"])

    def _dated(self, rows: Rows, path: Path) -> Rows:
        """The videos in `rows` whose `upload_dt` is one."""
        return dated(rows, path, "upload_dt", self._now, self.faults)

    def _by_id(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Videos with what their `upload_type` and `music_id` mean."""
        order = np.argsort(rows["video_id"], kind="stable")
        videos = {name: column[order] for name, column in rows.columns.items()}
        forms = {name: number for number, name in enumerate(FORMS)}
        videos["form"] = np.array([forms.get(text, 0) for text in videos["upload_type"].tolist()], np.int64)
        videos["music_id"] = np.maximum(videos["music_id"], 0)
        return videos

    def _known(self, rows: Rows, path: Path) -> Rows:
        """The rows whose viewer and video are known."""
        for column, ids, what in (("user_id", self._viewers, "viewer"), ("video_id", self.videos(), "video")):
            mask = member(rows[column], ids)
            rows = tables.report(rows, path, mask, column, f"unknown {what} {{}}", self.faults)
        return rows

    def _fill_durations(self, parts: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> None:
        """Give videos without a duration the longest that (video, duration) of the log has."""
        longest = np.zeros(len(self.videos()), np.int64)
        for video, duration in parts:
            np.maximum.at(longest, np.searchsorted(self.videos(), video), duration)
        own = self._videos["video_duration"]
        self._videos["video_duration"] = np.where(own == 0, longest, own)
