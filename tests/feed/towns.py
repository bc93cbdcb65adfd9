"""Small made-up journals for tests: an origin, videos, viewers and their impressions, then pages and events."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from plainview.feed.actions import ACTION, Actions
from plainview.feed.configuration import DEFAULT
from plainview.learning.fold import Fold, empty_world
from plainview.records import Impression, Origin, Record, Setting, Video, Viewer
from plainview.records.fields import to_text
from tests.platform.signing import of_viewer
from tests.records.decisions import restricting

ZERO = to_text(bytes(32))
TOKEN = to_text(bytes(16))
START = 1_700_000_000_000


def town(seed: int = 1, videos: int = 120, viewers: int = 30, impressions: int = 1500) -> list[tuple[int, Record]]:
    """(index, record) pairs. Odd viewers like even tags and the other way round."""
    rng = np.random.default_rng(seed)
    records: list[Record] = [Origin(time=START, origin="town", licence="none", source="made up", digest=ZERO)]
    tags = rng.integers(0, 12, videos)
    records += [
        Video(
            time=START, video=5 * v, creator=int(v % 17), created=START - 1000 * v,
            duration=int(rng.integers(4_000, 90_000)),
            tags=(int(tags[v]), 20 + int(v % 3)), sound=int(v % 9), form=v % 5, region="ZZ", audience="unknown",
            origin="town", caption=f"video {v}",
        )
        for v in range(videos)
    ]  # fmt: skip
    records += [
        Viewer(time=START, **of_viewer(u).told(TOKEN, ("US", "DE", "ZZ")[u % 3], "18+", "personal"))
        for u in range(viewers)
    ]
    for row in range(impressions):
        viewer, video = int(rng.integers(viewers)), int(rng.integers(videos))
        long_view = int((tags[video] + viewer) % 2 == 0) if rng.random() < 0.8 else int(rng.integers(2))
        like = int(long_view and rng.random() < 0.2)
        records.append(
            Impression(
                time=START, origin="town", row=row, viewer=viewer, video=5 * video, surface=int(rng.integers(3)),
                at=START + 40_000 * row, watched=20_000 * long_view + 500, outcomes=long_view | like << 2,
            )
        )  # fmt: skip
    records.append(replace(restricting(1, 5, "US"), time=START))
    records.append(Setting(time=START, **of_viewer(1).chosen(TOKEN, "block", 3)))
    return list(enumerate(records))


def nothing(viewer: int) -> Actions:
    """The load of a fold that begins with the journal: nobody has earlier records."""
    return Actions(np.zeros(0, ACTION), np.zeros(0, np.int64))


def fold_town(records: list[tuple[int, Record]]) -> Fold:
    """A fold that has taken `records`."""
    fold = Fold(DEFAULT, empty_world(), 1000, nothing)
    fold.take(records)
    return fold
