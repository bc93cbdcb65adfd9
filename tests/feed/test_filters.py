"""What each filter keeps out, and what it names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as changed

from plainview.feed.pipeline import FILTERS
from plainview.feed.stages import Inputs
from plainview.learning.fold import Fold
from plainview.records import Setting, Video
from tests.conformance.test_stages import inputs_of
from tests.feed.towns import START, TOKEN, fold_town, town

TOWN = [
    (index, changed(record, audience="18+" if record.video % 10 else "16-17") if isinstance(record, Video) else record)
    for index, record in town()
]
VIDEOS = {record.video: record for _, record in TOWN if isinstance(record, Video)}


@pytest.fixture(scope="module")
def fold() -> Fold:
    mute = Setting(time=START, viewer=1, id=TOKEN, setting="mute", target=20, signature="A" * 86)
    return fold_town([*TOWN, (len(TOWN), mute)])


def named(name: str, fold: Fold, inputs: Inputs) -> dict[int, int]:
    """What the filter names of each video that it keeps out."""
    rows = np.arange(fold.world.videos, dtype=np.int32)
    ids = inputs.tables.video["id"][rows].tolist()
    reasons = FILTERS[name].reasons(inputs, rows).tolist()
    return {video: reason for video, reason in zip(ids, reasons, strict=True) if reason >= 0}


def test_a_muted_tag_is_named(fold: Fold) -> None:
    expected = {video: 20 for video, record in VIDEOS.items() if 20 in record.tags}
    assert named("muted-tag", fold, inputs_of(fold, 1)) == expected != {}
    assert named("muted-tag", fold, inputs_of(fold, 2)) == {}


def test_a_blocked_creator_is_named(fold: Fold) -> None:
    expected = {video: 3 for video, record in VIDEOS.items() if record.creator == 3}
    assert named("blocked-creator", fold, inputs_of(fold, 1)) == expected != {}
    assert named("blocked-creator", fold, inputs_of(fold, 2)) == {}


@pytest.mark.parametrize(("age", "shown"), [(0, ()), (1, ()), (2, ("16-17",)), (3, ("16-17", "18+"))])
def test_nobody_sees_what_was_made_for_older_ones(fold: Fold, age: int, shown: tuple[str, ...]) -> None:
    inputs = replace(inputs_of(fold, 2), age=age)
    assert named("age", fold, inputs) == {v: 0 for v, record in VIDEOS.items() if record.audience not in shown}


def test_what_was_served_is_seen(fold: Fold) -> None:
    inputs = inputs_of(fold, 2)
    viewer = inputs.viewer.copy()
    viewer["seen"] = 2
    viewer["s_video"][0, :3] = (10, 25, 40)
    assert named("seen", fold, replace(inputs, viewer=viewer)) == {10: 0, 25: 0}


def test_a_decision_is_named_where_it_holds(fold: Fold) -> None:
    assert named("ineligible", fold, inputs_of(fold, 2)) == {5: 1}
    assert named("ineligible", fold, replace(inputs_of(fold, 2), region=3)) == {}
