"""Small synthetic logs, ranked by the benches' own tests."""

from __future__ import annotations

import numpy as np

from bench.impression_log import Log
from plainview.records import UNSIGNED, History, Impression, Origin, Record, Video, Viewer

DAY = 86_400_000
START = 1_650_844_800_000
"""2022-04-25 00:00 UTC."""
FIRST = 20220425


def random_log(seed: int = 0, viewers: int = 60, videos: int = 25, rows: int = 1500, days: int = 5) -> Log:
    """Each viewer has a taste of their own, each video a quality; times fall into bursts, as sessions do."""
    random = np.random.Generator(np.random.PCG64(seed))
    quality = random.normal(0, 1, videos)
    taste = random.normal(-0.5, 1, viewers)
    records: list[Record] = [Origin(time=0, origin="test", licence="", source="", digest="A" * 43)]
    records += [
        Video(
            time=0,
            video=video * 3,
            creator=video % 7,
            created=START - DAY,
            duration=int(random.integers(0, 60_000)),
            tags=tuple(int(tag) for tag in random.choice(9, random.integers(0, 3), replace=False)),
            sound=0,
            form=1,
            region="ZZ",
            audience="unknown",
            origin="test",
            caption="",
        )
        for video in range(videos)
    ]
    records += [
        Viewer(time=0, viewer=v * 2, region="ZZ", age="unknown", mode="personal", **UNSIGNED) for v in range(viewers)
    ]
    for viewer in range(0, viewers, 2):
        past = tuple((int(random.integers(videos)) * 3, int(random.integers(2))) for _ in range(5))
        records.append(History(time=0, origin="test", viewer=viewer * 2, at=START - 1000 - viewer, past=past))
    who = random.integers(0, viewers, rows)
    what = random.integers(0, videos, rows)
    when = START + random.integers(0, days * 4, rows) * (DAY // 4) + random.integers(0, 20 * 60_000, rows)
    liked = random.random(rows) < 1 / (1 + np.exp(-quality[what] - taste[who]))
    order = np.argsort(when, kind="stable")
    dates = np.zeros(rows, np.int64)
    for row in order.tolist():
        dates[row] = FIRST + (when[row] - START) // DAY
        records.append(
            Impression(
                time=0,
                origin="test",
                row=row,
                viewer=int(who[row]) * 2,
                video=int(what[row]) * 3,
                surface=1,
                at=int(when[row]),
                watched=0,
                outcomes=int(liked[row]),
            )
        )
    return Log(records, dates)


def relabelled(log: Log, rows: np.ndarray) -> Log:
    """The same log with the long view of `rows` turned over."""
    turned = set(rows.tolist())
    impressions: list[Record] = []
    dates = np.zeros(len(log), np.int64)
    for at, row in enumerate(log.impressions):
        dates[row.row] = log.date[at]
        fields = {name: getattr(row, name) for name in row.__struct_fields__}
        fields["outcomes"] ^= at in turned
        impressions.append(Impression(**fields))
    return Log([log.origin, *log.videos, *log.viewers, *log.histories, *impressions], dates)
