"""Videos and decisions as the world takes them up."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import pytest

from plainview.feed.filters.ineligible import deciding
from plainview.feed.kernels.idmap import find
from plainview.feed.selectors.diversity import likeness
from plainview.learning.catalogue import duration_bucket
from plainview.learning.fold import Fold
from plainview.records import Decision, Record, Video
from tests.feed.towns import START, fold_town
from tests.records.decisions import lifting, restricting

VIDEO = Video(
    time=START, video=9, creator=4, created=START, duration=20_000, tags=(3, 8), sound=2, form=1, region="ZZ",
    audience="unknown", origin="upload", caption="a kite",
)  # fmt: skip
US_ADULT = 4 * 1 + 3


def decide(number: int, *regions: str, effect: Literal["restrict", "lift"] = "restrict", video: int = 9) -> Decision:
    made = restricting(number, video, *regions) if effect == "restrict" else lifting(number, video)
    return msgspec.structs.replace(made, time=START)


def folded(*records: Record) -> Fold:
    return fold_town(list(enumerate(records)))


def named(fold: Fold, bit: int) -> int:
    tables = fold.world.tables
    return int(deciding(tables, find(fold.world.maps.video, tables.video, 9), bit))


def restricted(fold: Fold) -> int:
    tables = fold.world.tables
    return int(tables.video["restricted"][find(fold.world.maps.video, tables.video, 9)])


def test_a_decision_keeps_a_video_back_where_it_says() -> None:
    fold = folded(VIDEO, decide(5, "US"))
    assert named(fold, US_ADULT) == 5
    assert named(fold, 4 * 2 + 3) == -1


def test_the_first_of_several_decisions_is_named_and_lifting_one_leaves_the_others() -> None:
    both = (VIDEO, decide(6, "US", "DE"), decide(5, "US"))
    assert named(folded(*both), US_ADULT) == 5
    left = folded(*both, decide(5, "US", effect="lift"))
    assert named(left, US_ADULT) == 6
    none = folded(*both, decide(5, "US", effect="lift"), decide(6, "US", "DE", effect="lift"))
    assert named(none, US_ADULT) == -1
    assert restricted(none) == 0


def test_a_decision_waits_for_a_video_that_is_not_known_yet() -> None:
    early = folded(decide(5, "US"), decide(6, "DE"), decide(6, "DE", effect="lift"), VIDEO)
    late = folded(VIDEO, decide(5, "US"))
    assert restricted(early) == restricted(late) != 0
    assert early.world.tables.head["waiting"][0] == 0


def test_a_region_the_release_does_not_name_restricts_all_of_its_kind() -> None:
    assert named(folded(VIDEO, decide(5, "IT")), 3) == 5


def test_a_number_belongs_to_one_video() -> None:
    other = msgspec.structs.replace(VIDEO, video=10)
    fold = folded(VIDEO, other, decide(5, "US"), decide(5, "US", video=10, effect="lift"))
    assert named(fold, US_ADULT) == 5


def test_new_metadata_keeps_what_was_learned_and_decided() -> None:
    fold = folded(VIDEO, decide(5, "US"), msgspec.structs.replace(VIDEO, creator=7, duration=1_000, tags=()))
    assert fold.world.videos == 1
    assert named(fold, US_ADULT) == 5
    row = fold.world.tables.video[0]
    assert fold.world.tables.creator["id"][row["creator"]] == 7
    assert row["duration"] == 1_000
    assert row["tags"].tolist() == [-1] * 4


def test_a_tag_named_twice_counts_once() -> None:
    doubled, plain, alike, other = (
        msgspec.structs.replace(VIDEO, video=number, tags=tags, sound=0)
        for number, tags in ((1, (3, 3, 8, 3)), (2, (3, 8)), (3, (8, 8, 3)), (4, (8, 9, 9)))
    )
    tables = folded(doubled, plain, alike, other).world.tables
    assert tables.video["tags"][0].tolist() == tables.video["tags"][1].tolist() == [0, 1, -1, -1]
    assert [likeness(tables, 0, row) for row in range(3)] == [1, 1, 1]
    assert likeness(tables, 0, 3) == np.float32(1) / np.float32(3)


@pytest.mark.parametrize(("duration", "bucket"), [(0, 0), (99, 0), (100, 1), (18_000, 8), (299_999, 20), (10**9, 21)])
def test_duration_buckets(duration: int, bucket: int) -> None:
    assert duration_bucket(duration) == bucket
