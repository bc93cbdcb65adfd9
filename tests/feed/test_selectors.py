"""What each selector does to a slate, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as changed

from plainview.feed.configuration import DEFAULT
from plainview.feed.heads import HEADS
from plainview.feed.pipeline import SELECTORS
from plainview.feed.stages import Inputs, Scored
from plainview.records import Video
from tests.conformance.test_stages import inputs_of, slate_of
from tests.feed.towns import START, fold_town


def video(number: int, creator: int, *tags: int) -> Video:
    return Video(
        time=START, video=number, creator=creator, created=START, duration=9_000, tags=tags, sound=0, form=0,
        region="ZZ", audience="unknown", origin="upload", caption="",
    )  # fmt: skip


def given(*videos: Video) -> Inputs:
    fold = fold_town(list(enumerate(videos)))
    configuration = changed(
        DEFAULT,
        spacing=changed(DEFAULT.spacing, decay=500_000, floor=200_000),
        diversity=changed(DEFAULT.diversity, penalty=250_000),
        exploration=changed(DEFAULT.exploration, slot=1, pool=3, newcomers=100),
    )
    return replace(inputs_of(fold, 1, limit=4), configuration=configuration)


def scored(inputs: Inputs, *values: float) -> Scored:
    rows = np.arange(len(values), dtype=np.int32)
    return Scored(
        rows,
        inputs.tables.video["id"][rows],
        np.zeros((len(values), len(HEADS)), np.float32),
        np.array(values, np.float32),
        np.zeros(len(values), np.uint8),
        len(values),
    )


def test_each_further_video_of_a_creator_counts_for_half() -> None:
    inputs = given(video(1, 7), video(2, 7), video(3, 7), video(4, 7), video(5, 8), video(6, 9))
    one = scored(inputs, 1.0, 0.875, 0.75, 0.625, 0.5, 0.0)
    slate = SELECTORS["spacing"].arrange(inputs, one, slate_of(one), 9)
    # 0.875 / 2 comes after 0.5, then 0.75 / 4; the fourth keeps the floor, a fifth, not an eighth.
    assert slate.places.tolist() == [0, 4, 1, 2, 3, 5]
    assert slate.values == pytest.approx([1.0, 0.5, 0.4375, 0.1875, 0.125, 0.0])
    assert slate.selectors.tolist() == [0, 9, 9, 9, 9, 0]


def test_the_likest_pays_its_penalty() -> None:
    inputs = given(video(1, 1, 3, 4), video(2, 2, 3, 4), video(3, 3, 4, 5), video(4, 4, 6))
    one = scored(inputs, 2.0, 1.75, 1.625, 1.0)
    slate = SELECTORS["diversity"].arrange(inputs, one, slate_of(one), 9)
    # A quarter of the spread (1) for all tags in common, of which the third video shares one in three.
    assert slate.places.tolist() == [0, 2, 1, 3]
    assert slate.values == pytest.approx([2.0, 1.625 - 1 / 12, 1.5, 1.0])
    assert slate.selectors.tolist() == [0, 9, 9, 0]


def test_one_of_the_least_seen_is_drawn_evenly_and_its_chance_written_down() -> None:
    inputs = given(*(video(number, number) for number in range(1, 11)))
    inputs.tables.video["impressions"][:10] = (0, 0, 0, 0, 5, 4, 4, 100, 4, 6)
    one = scored(inputs, *(1.0 - place / 16 for place in range(10)))
    drawn = []
    for key in range(600):
        slate = SELECTORS["exploration"].arrange(replace(inputs, key=np.uint64(key)), one, slate_of(one), 9)
        place = int(slate.places[1])
        drawn.append(place)
        assert slate.places.tolist() == [0, place, *(other for other in range(1, 10) if other != place)]
        assert slate.values[1] == one.values[place]
        assert (slate.selectors.tolist(), slate.propensities[0]) == ([0, 9] + [0] * 8, 1)
        assert slate.propensities[1] == np.float32(1) / np.float32(3)
    # The first three would be on the page anyway; of the rest place 3 was never shown, then ties go by id.
    assert set(drawn) == {3, 5, 6}
    assert all(150 < drawn.count(place) < 250 for place in (3, 5, 6))
