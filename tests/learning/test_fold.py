"""The fold: what teaches, what may not, and that cuts and strangers make no difference."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainview.feed.configuration import DEFAULT
from plainview.feed.kernels.idmap import find
from plainview.learning.fold import Fold, empty_world
from plainview.records import Impression, Record, Viewer
from tests.feed.towns import START, fold_town, nothing, town

DAY = 86_400_000
TOWN = town()


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The world's digest after all of TOWN."""
    return fold_town(TOWN).world.digest()


def head(fold: Fold, field: str) -> int:
    return int(fold.world.tables.head[field][0])


def item_of(fold: Fold, video: int) -> int:
    row = find(fold.world.maps.video, fold.world.tables.video, video)
    return int(fold.world.tables.video["item"][row])


def seen(row: int, viewer: int, video: int, at: int, outcomes: int = 1) -> tuple[int, Record]:
    return 10_000 + row, Impression(
        time=START, origin="town", row=row, viewer=viewer, video=video, surface=1, at=at, watched=9_000,
        outcomes=outcomes,
    )  # fmt: skip


@settings(max_examples=12)
@given(st.lists(st.integers(0, len(TOWN)), max_size=5))
def test_the_world_is_the_same_however_the_records_are_cut(whole: bytes, cuts: list[int]) -> None:
    fold = fold_town([])
    bounds = [0, *sorted(cuts), len(TOWN)]
    for start, stop in itertools.pairwise(bounds):
        fold.take(TOWN[start:stop])
    assert fold.world.digest() == whole


def test_the_world_does_not_depend_on_indexes(whole: bytes) -> None:
    assert fold_town([(index + 777, record) for index, record in TOWN]).world.digest() == whole


def test_a_viewer_who_was_forgotten_teaches_as_before(whole: bytes) -> None:
    """With room for few residents, histories come back through `load`; the world is the same."""
    taken: list[tuple[int, Record]] = []
    reader = fold_town([]).reader

    def load(viewer: int):  # type: ignore[no-untyped-def]
        return reader.read([entry for entry in taken if getattr(entry[1], "viewer", None) == viewer])

    small = Fold(DEFAULT, empty_world(), 8, load)
    for start in range(0, len(TOWN), 7):
        part = TOWN[start : start + 7]
        small.take(part)
        taken.extend(part)
    assert small.world.digest() == whole


def test_more_viewers_at_once_than_there_is_room_for_is_refused_untouched() -> None:
    small = Fold(DEFAULT, empty_world(), 3, nothing)
    before = small.world.digest()
    with pytest.raises(ValueError, match="30 viewers at once, room for 3"):
        small.take(TOWN)
    assert small.world.digest() == before


def test_rows_of_an_origin_that_is_not_in_the_journal_teach_nothing() -> None:
    foreign = [
        (index, msgspec.structs.replace(record, origin="elsewhere") if isinstance(record, Impression) else record)
        for index, record in TOWN
    ]
    fold = fold_town(foreign)
    assert head(fold, "taught") == 0
    assert head(fold, "refused") == sum(isinstance(record, Impression) for _, record in TOWN)
    assert head(fold, "items") == 0


def test_a_viewer_teaches_no_more_than_the_cap_in_a_day() -> None:
    cap = DEFAULT.learning.daily_cap
    fold = fold_town(TOWN[:200])
    before = head(fold, "taught")
    day = START // DAY * DAY + 10 * DAY
    fold.take([seen(k, 5, 5 * (k % 100), day + k) for k in range(cap + 40)])
    assert head(fold, "taught") - before <= cap
    fold.take([seen(9_000, 5, 0, day + DAY)])
    assert head(fold, "taught") - before == cap + 1


def test_an_exact_repeat_teaches_once() -> None:
    fold = fold_town(TOWN[:200])
    before = head(fold, "taught")
    fold.take([seen(k, 5, 10, START + 10**9) for k in range(3)])
    assert head(fold, "taught") - before == 1


def test_what_nothing_touches_is_forgotten_and_its_rows_are_used_again() -> None:
    fold = fold_town(TOWN)
    items, entities = head(fold, "items"), head(fold, "entities")
    far = START + (DEFAULT.learning.expire_after + 2) * DAY
    fold.take([seen(0, 3, 5, far)])
    assert head(fold, "free_items") == items - 1
    assert head(fold, "free_entities") == entities - 2
    assert item_of(fold, 5) >= 0
    assert item_of(fold, 10) == -1
    fold.take([seen(1, 3, 10, far + 1)])
    assert item_of(fold, 10) >= 0
    assert head(fold, "items") == items


def test_admission_waits_for_as_many_impressions_as_the_release_says() -> None:
    late = msgspec.structs.replace(DEFAULT, learning=msgspec.structs.replace(DEFAULT.learning, admit_after=3))
    fold = Fold(late, empty_world(), 1000, nothing)
    fold.take([entry for entry in TOWN if not isinstance(entry[1], Impression)])
    for k in range(3):
        assert item_of(fold, 10) == -1
        fold.take([seen(k, 4, 10, START + k)])
    assert item_of(fold, 10) == 0


def test_no_row_of_the_world_is_keyed_by_a_viewer(whole: bytes) -> None:
    """Other viewer ids, the same world to the last bit."""
    renamed = [
        (index, msgspec.structs.replace(record, viewer=record.viewer + 10**9) if hasattr(record, "viewer") else record)
        for index, record in TOWN
    ]
    assert any(isinstance(record, Viewer) for _, record in renamed)
    assert fold_town(renamed).world.digest() == whole


def test_nothing_that_is_hashed_is_nan_or_infinite() -> None:
    fold = fold_town(TOWN)
    for name in fold.world.tables._fields:
        table = getattr(fold.world.tables, name)[: fold.world.rows(name)]
        for field in table.dtype.names:
            assert np.isfinite(table[field]).all(), f"{name}.{field}"


def test_learning_tells_who_likes_what() -> None:
    """In the made-up town odd viewers like even tags: the rank must have found out more than chance."""
    from plainview.feed.pipeline import SCORERS
    from tests.conformance.test_stages import inputs_of, some_rows

    fold = fold_town(town(impressions=6000))
    rows = np.sort(some_rows(fold, 1))
    tags = fold.world.tables.tag["id"][fold.world.tables.video["tags"][rows, 0]]
    right = 0
    for viewer in range(20):
        rank = SCORERS["attention"].predict(inputs_of(fold, viewer), rows)[:, 0]
        liked = (tags + viewer) % 2 == 0
        right += rank[liked].mean() > rank[~liked].mean()
    assert right >= 17
