"""Features for tree peers that the clean protocol allows: everyone's counters, and the frozen viewer's own past.

The production features plug in where these do: anything that follows `Features`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from bench.impression_log import Ints, Log
from bench.peers.factorization_machine import HOUR, LOCAL, duration_bucket
from bench.ranking_metrics import Floats
from plainview.records import outcome_bits

Matrix = NDArray[np.float32]

RECENT = 200
"""The viewer's last rows that are matched against a video at most."""
_LONG = outcome_bits("long_view")


class Features(Protocol):
    """A feature matrix for impressions, under the same rules as `clean_protocol.Ranker`."""

    names: tuple[str, ...]

    def learn(self, start: int, stop: int) -> None:
        """Take up rows start to stop - 1 into everyone's counters and parameters."""
        ...

    def matrix(self, rows: Ints, viewer_upto: Ints) -> Matrix:
        """Features (n, len(names)), float32, finite, as of now and of the viewer's rows below `viewer_upto`."""
        ...


FeaturesFactory = Callable[[Log, int], Features]


class CleanFeatures:
    """Decayed long-view rates of video, creator, tags, surface, duration bucket and hour; the viewer's own matches."""

    names: tuple[str, ...] = (
        "video_rate",
        "video_rate_day",
        "video_shown",
        "video_like_rate",
        "creator_rate",
        "creator_shown",
        "tag_rate",
        "tag_rate_best",
        "surface_rate",
        "duration_rate",
        "surface_duration_rate",
        "duration",
        "surface",
        "hour",
        "form",
        "age_days",
        "own_rate",
        "own_shown",
        "own_creator_rate",
        "own_creator_shown",
        "own_tag_rate",
        "own_tag_shown",
        "own_duration_rate",
        "own_surface_rate",
        "own_video_shown",
        "own_video_long",
        "own_like_tag",
        "own_since",
    )
    half_lives = (7 * 24.0, 24.0)
    """Hours: slow for every counter, quick for the second one of the video."""

    def __init__(self, log: Log, seed: int) -> None:
        self._log = log
        self._start = int(log.time[0]) if len(log) else 0
        self._bucket = duration_bucket(log.duration)
        self._tag_count = int(log.tags.max(initial=0)) + 1
        # Fields: video, video (quick), creator, tag, surface, duration, surface x duration. Each: shown, long views.
        sizes = [
            len(log.videos),
            len(log.videos),
            int(log.creator.max(initial=0)) + 1,
            self._tag_count,
            256,
            32,
            256 * 32,
        ]
        self._counts = [np.zeros((size, 2)) for size in sizes]
        self._likes = np.zeros(len(log.videos))
        past_viewer = np.repeat(np.arange(len(log.viewers)), np.diff(log.past_start))
        label = (log.past_outcomes & _LONG).astype(np.float64)
        weights = [self._weight(log.past_at, hours)[past_viewer] for hours in self.half_lives]
        self._add(log.past_video, label, weights, None)
        self._likes += np.bincount(
            log.past_video, weights[0] * (log.past_outcomes & outcome_bits("like") > 0), len(log.videos)
        )

    def learn(self, start: int, stop: int) -> None:
        log = self._log
        rows = slice(start, stop)
        weights = [self._weight(log.time[rows], hours) for hours in self.half_lives]
        video = log.video[rows]
        self._add(video, log.label[rows].astype(np.float64), weights, log.surface[rows])
        liked = (log.outcomes[rows] & outcome_bits("like")) > 0
        np.add.at(self._likes, video, weights[0] * liked)

    def matrix(self, rows: Ints, viewer_upto: Ints) -> Matrix:
        log = self._log
        video, surface = log.video[rows], log.surface[rows]
        now, quick = (self._weight(log.time[rows], hours) for hours in self.half_lives)
        bucket = self._bucket[video]
        out = np.zeros((len(rows), len(self.names)), np.float32)
        fields = self._counts
        prior = self._total_rate()
        out[:, 0] = _rate(fields[0][video], now, prior, 5)
        out[:, 1] = _rate(fields[1][video], quick, prior, 5)
        out[:, 2] = np.log1p(fields[0][video, 0] / now)
        out[:, 3] = (self._likes[video] + 0.02 * now) / (fields[0][video, 0] + now)
        out[:, 4] = _rate(fields[2][log.creator[video]], now, prior, 10)
        out[:, 5] = np.log1p(fields[2][log.creator[video], 0] / now)
        tags = log.tags[video]
        rates = _rate(fields[3][np.maximum(tags, 0)], now[:, None], prior, 20)
        there = tags >= 0
        out[:, 6] = np.where(there.any(1), np.where(there, rates, 0).sum(1) / np.maximum(there.sum(1), 1), prior)
        out[:, 7] = np.where(there, rates, 0).max(1)
        out[:, 8] = _rate(fields[4][surface], now, prior, 20)
        out[:, 9] = _rate(fields[5][bucket], now, prior, 20)
        out[:, 10] = _rate(fields[6][surface * 32 + bucket], now, prior, 20)
        out[:, 11] = log.duration[video] / 1000
        out[:, 12] = surface
        out[:, 13] = (log.time[rows] + LOCAL) // HOUR % 24
        out[:, 14] = log.form[video]
        out[:, 15] = (log.time[rows] - log.created[video]) / (24 * HOUR)
        _match(
            rows,
            viewer_upto,
            log.viewer,
            log.video,
            log.surface,
            log.outcomes,
            log.time,
            log.own,
            log.own_start,
            log.past_start,
            log.past_video,
            log.past_outcomes,
            log.past_at,
            log.creator,
            log.tags,
            self._bucket,
            prior,
            out[:, 16:],
        )
        return out

    def _total_rate(self) -> float:
        total = self._counts[0].sum(0)
        return float(total[1] / total[0]) if total[0] else 0.3

    def _weight(self, time: Ints, hours: float) -> Floats:
        # Weights grow with time instead of counts fading; a viewer without history has no time, and no entries.
        weight: Floats = np.exp2(np.maximum(time - self._start, -60 * 24 * HOUR) / (hours * HOUR))
        return weight

    def _add(self, video: Ints, label: Floats, weights: list[Floats], surface: Ints | None) -> None:
        log = self._log
        slow, quick = weights
        bucket = self._bucket[video]
        tags = log.tags[video]
        there = tags >= 0
        width = tags.shape[1]
        adds: list[tuple[Ints, Floats, Floats]] = [
            (video, slow, label),
            (video, quick, label),
            (log.creator[video], slow, label),
            (
                tags[there],
                np.repeat(slow, width).reshape(-1, width)[there],
                np.repeat(label, width).reshape(-1, width)[there],
            ),
        ]
        if surface is not None:
            adds.append((surface, slow, label))
        else:
            adds.append((np.zeros(0, np.int64), slow[:0], label[:0]))
        adds.append((bucket, slow, label))
        if surface is not None:
            adds.append((surface * 32 + bucket, slow, label))
        for counts, (key, weight, value) in zip(self._counts, adds, strict=False):
            np.add.at(counts[:, 0], key, weight)
            np.add.at(counts[:, 1], key, weight * value)


def clean_features(log: Log, seed: int) -> Features:
    """`CleanFeatures`, as a `FeaturesFactory`."""
    return CleanFeatures(log, seed)


def _rate(counts: Floats, now: Floats, prior: float, strength: float) -> Floats:
    rate: Floats = (counts[..., 1] + prior * strength * now) / (counts[..., 0] + strength * now)
    return rate


@numba.njit(cache=True, nogil=True)
def _match(
    rows: Ints,
    viewer_upto: Ints,
    viewer: Ints,
    video: Ints,
    surface: Ints,
    outcomes: Ints,
    time: Ints,
    own: Ints,
    own_start: Ints,
    past_start: Ints,
    past_video: Ints,
    past_outcomes: Ints,
    past_at: Ints,
    creator: Ints,
    tags: Ints,
    bucket: Ints,
    prior: float,
    out: Matrix,
) -> None:
    """What of a viewer's own past resembles the video: counts and smoothed long-view rates."""
    for at in range(len(rows)):
        row = rows[at]
        who, what = viewer[row], video[row]
        shown = np.zeros(5)
        long = np.zeros(5)
        seen, seen_long, liked = 0.0, 0.0, 0.0
        last = past_at[who]
        first, stop = own_start[who], own_start[who + 1]
        end = first
        while end < stop and own[end] < viewer_upto[at]:
            end += 1
        begin = max(first, end - RECENT)
        room = RECENT - (end - begin)
        older = max(past_start[who], past_start[who + 1] - room)
        for step in range(past_start[who + 1] - older + end - begin):
            if step < past_start[who + 1] - older:
                other = past_video[older + step]
                bits = past_outcomes[older + step]
                place = -1
            else:
                index = own[begin + step - (past_start[who + 1] - older)]
                other, bits, place = video[index], outcomes[index], surface[index]
                last = time[index]
            label = bits & 1
            shown[0] += 1
            long[0] += label
            if creator[other] == creator[what]:
                shown[1] += 1
                long[1] += label
            common = False
            for a in tags[what]:
                for b in tags[other]:
                    if a >= 0 and a == b:
                        common = True
            if common:
                shown[2] += 1
                long[2] += label
                if bits & 4:
                    liked += 1
            if bucket[other] == bucket[what]:
                shown[3] += 1
                long[3] += label
            if place == surface[row]:
                shown[4] += 1
                long[4] += label
            if other == what:
                seen += 1
                seen_long += label
        rate = (long[0] + prior * 5) / (shown[0] + 5)
        out[at, 0] = rate
        out[at, 1] = shown[0]
        out[at, 2] = (long[1] + rate * 2) / (shown[1] + 2)
        out[at, 3] = shown[1]
        out[at, 4] = (long[2] + rate * 3) / (shown[2] + 3)
        out[at, 5] = shown[2]
        out[at, 6] = (long[3] + rate * 3) / (shown[3] + 3)
        out[at, 7] = (long[4] + rate * 3) / (shown[4] + 3)
        out[at, 8] = seen
        out[at, 9] = seen_long
        out[at, 10] = liked
        out[at, 11] = (time[row] - last) / HOUR if last > 0 else -1.0
