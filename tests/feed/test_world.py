"""The world: one copy follows another by deltas, to the same digest."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.feed.kernels.idmap import find
from plainview.feed.world import MAPPED, World
from plainview.learning.fold import empty_world
from tests.feed.towns import fold_town, town


def test_a_copy_that_applies_the_deltas_has_the_same_digest() -> None:
    records = town(videos=60, viewers=20, impressions=900)
    fold, follower = fold_town([]), empty_world()
    for start in range(0, len(records), 131):
        fold.take(records[start : start + 131])
        follower.apply(fold.world.cut())
        assert follower.digest() == fold.world.digest()


def test_a_snapshot_is_the_whole_world() -> None:
    fold = fold_town(town())
    twin = fold.world.copy()
    assert twin.digest() == fold.world.digest()
    for name in MAPPED:
        for world in (fold.world, twin):
            table = getattr(world.tables, name)[: world.rows(name)]
            found = [find(getattr(world.maps, name), getattr(world.tables, name), wanted) for wanted in table["id"]]
            assert found == list(range(len(table)))


def test_a_cut_clears_the_marks() -> None:
    fold = fold_town(town())
    assert fold.world.cut()
    assert fold.world.cut() == {}


def test_a_copy_goes_on_by_itself() -> None:
    fold = fold_town(town())
    twin, before = fold.world.copy(), fold.world.digest()
    fold.take(town(seed=2, videos=1)[-50:])
    assert twin.digest() == before != fold.world.digest()


def test_the_digest_sees_every_byte_in_use() -> None:
    fold = fold_town(town())
    before = fold.world.digest()
    for name in fold.world.tables._fields:
        table = getattr(fold.world.tables, name)[: fold.world.rows(name)]
        if len(table) == 0:
            continue
        raw = table.view(np.uint8)
        raw[-1] ^= 1
        assert fold.world.digest() != before, name
        raw[-1] ^= 1
    assert fold.world.digest() == before


@pytest.mark.parametrize("wrong", ["rows", "data", "order"])
def test_a_delta_that_does_not_fit_changes_nothing(wrong: str) -> None:
    fold = fold_town(town())
    delta = fold.world.cut()
    if wrong == "rows":
        delta["video.rows"] = delta["video.rows"].astype(np.int64)
    elif wrong == "data":
        delta["head.data"] = delta["head.data"][:, :-1]
    else:
        delta["video.rows"] = delta["video.rows"][::-1].copy()
    follower = empty_world()
    before = follower.digest()
    with pytest.raises(ValueError, match="delta"):
        follower.apply(delta)
    assert follower.digest() == before


def test_growth_keeps_what_was_there() -> None:
    world = World()
    world.tables.weight["value"][:3] = (1, 2, 3)
    world.reserve({"video": 5000, "tag": 900})
    assert world.tables.weight["value"][:3].tolist() == [1, 2, 3]
    assert len(world.tables.video) >= 5000
    assert world.videos == 0
