"""What each source finds, in worlds where that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plainview.feed.pipeline import SOURCES
from plainview.feed.stages import Inputs
from plainview.feed.tables import RECENT
from plainview.learning.fold import Fold
from plainview.records import Impression, Record, Setting, outcome_bits
from tests.conformance.test_stages import inputs_of
from tests.feed.towns import START, TOKEN, fold_town, town

HOUR, DAY = 3_600_000, 86_400_000
VIDEOS = 40


def lived(*records: Record) -> Fold:
    """A town where nobody has watched anything, and `records`."""
    return fold_town(list(enumerate([*(record for _, record in town(videos=VIDEOS, impressions=0)), *records])))


def watched(row: int, viewer: int, video: int, at: int, long: bool = True) -> Impression:
    return Impression(
        time=START, origin="town", row=row, viewer=viewer, video=video, surface=1, at=START + at,
        watched=20_000 if long else 100, outcomes=outcome_bits("long_view") if long else 0,
    )  # fmt: skip


def found(source: str, inputs: Inputs, limit: int = 10) -> list[int]:
    rows = SOURCES[source].retrieve(inputs, limit).rows
    return [int(video) for video in inputs.tables.video["id"][rows]]


def test_popular_is_what_the_region_watched_long_and_of_late() -> None:
    # Viewers 0 and 3 are in the US, 1 and 4 in Germany. In a week a view counts for half.
    acts = [(0, 10, 0), (1, 15, 1), (3, 10, 2), (4, 20, 7 * DAY), (1, 20, 7 * DAY + 1), (0, 25, 7 * DAY + 2)]
    acts += [(0, 30, 7 * DAY + HOUR)]  # the lists are drawn up before it is counted
    fold = lived(*(watched(row, *act) for row, act in enumerate(acts)), watched(99, 3, 35, 3, long=False))
    inputs = inputs_of(fold, 5)
    everywhere, here, there = (found("popular", replace(inputs, region=region)) for region in (0, 1, 3))
    assert everywhere == [20, 10, 25, 15]
    assert here == [10, 25, 20, 15]
    assert there == [20, 15, 10, 25]


def test_what_has_decayed_to_nothing_is_not_popular_and_nothing_takes_its_place() -> None:
    # 15 is forgotten and its row comes free; 10 is still shown, but 420 days ago was the last that was watched long.
    acts = [(0, 10, 0, True), (1, 15, 1, True), *((2, 10, month * 30 * DAY, False) for month in range(1, 16))]
    fold = lived(*(watched(row, *act) for row, act in enumerate(acts)), watched(50, 2, 20, 451 * DAY, long=False))
    assert found("popular", inputs_of(fold, 5)) == []


def test_followed_is_the_latest_of_a_creators_videos() -> None:
    follow = Setting(time=START, viewer=2, id=TOKEN, setting="follow", target=3, signature="A" * 86)
    inputs = inputs_of(lived(follow), 2)
    theirs = [5 * number for number in range(VIDEOS) if number % 17 == 3]  # the later in the catalogue, the older
    assert found("followed", inputs) == theirs[:RECENT]
    assert found("followed", inputs, 2) == theirs[:2]
    assert found("followed", inputs_of(lived(follow), 4)) == []


def test_co_watched_is_what_the_same_viewers_watched() -> None:
    pairs = [(10, 20), (10, 20), (10, 20), (10, 30), (50, 60)]
    acts = [watched(2 * row + k, row, pair[k], (2 * row + k) * HOUR) for row, pair in enumerate(pairs) for k in (0, 1)]
    inputs = inputs_of(lived(*acts, watched(50, 9, 10, 30 * HOUR)), 9)
    assert found("co-watched", inputs) == [20, 30]


def groups() -> Fold:
    """Half of the viewers watch the even videos long, the other half the odd ones."""
    random = np.random.default_rng(1)
    acts = []
    for row in range(3000):
        viewer = int(random.integers(30))
        number = 2 * int(random.integers(VIDEOS // 2)) + viewer % 2
        acts.append(watched(row, viewer, 5 * number, row * 60_000))
    return lived(*acts)


def test_similar_is_what_is_liked_with_a_viewers_positives() -> None:
    fold = groups()
    for viewer in range(6):
        first = found("similar", inputs_of(fold, viewer))
        assert len(first) == 10
        assert sum(video // 5 % 2 == viewer % 2 for video in first) >= 9


def test_fresh_is_an_even_draw_among_what_few_have_seen() -> None:
    inputs = inputs_of(lived(), 2)
    inputs.tables.video["impressions"][:VIDEOS] = np.where(np.arange(VIDEOS) < 20, 7, 100)
    drawn = [found("fresh", replace(inputs, key=np.uint64(key)), 5) for key in range(400)]
    assert {len(one) for one in drawn} == {5}
    counts = [sum(5 * number in one for one in drawn) for number in range(VIDEOS)]
    assert all(60 < count < 140 for count in counts[:20])
    assert counts[20:] == [0] * 20
    assert SOURCES["fresh"].retrieve(inputs, 5).scores.tolist() == [-7] * 5
