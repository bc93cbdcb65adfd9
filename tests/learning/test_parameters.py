from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from plainview.feed.configuration import DEFAULT, GOLDEN
from plainview.feed.world import World
from plainview.learning.fold import empty_world
from plainview.learning.golden import golden, golden_digest
from plainview.learning.parameters import NONE, SHAPES, Parameters, learned, read_parameters
from plainview.records.arrays import pack_floats
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from tests.feed.towns import fold_town, town


@pytest.fixture(scope="module")
def taught() -> World:
    return fold_town(town()).world


def test_a_world_starts_from_what_another_learned(taught: World) -> None:
    parameters = read_parameters(pack_floats(learned(taught.tables)))
    world = empty_world(parameters)
    assert arrays_digest(learned(world.tables)) == arrays_digest(parameters)
    assert world.digest() != empty_world().digest()
    for table in ("bias", "group", "head_input", "head_surface", "ranking", "weight"):
        assert getattr(world.tables, table).tobytes() == getattr(taught.tables, table).tobytes()
    assert world.videos == 0


def test_none_is_where_it_starts_without() -> None:
    assert read_parameters(b"") is NONE
    assert empty_world(learned(empty_world().tables)).digest() == empty_world(NONE).digest() == empty_world().digest()


def test_they_are_a_copy(taught: World) -> None:
    world = empty_world()
    before = learned(world.tables)
    world.tables.ranking[0]["value"][0] = 7
    assert before["ranking.value"][0, 0] == 0


def test_golden_vectors_are_computed_with_them() -> None:
    parameters = dict(learned(empty_world().tables))
    assert to_text(golden_digest(golden(DEFAULT, parameters))) == GOLDEN
    parameters["weight.value"] = parameters["weight.value"] * np.float32(0.5)
    assert to_text(golden_digest(golden(DEFAULT, parameters))) != GOLDEN


def changed(name: str, change: Callable[[np.ndarray], object]) -> Callable[[dict[str, np.ndarray]], object]:
    return lambda arrays: arrays.__setitem__(name, change(arrays[name]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda arrays: arrays.pop("bias.value"), "'bias.value' is missing"),
        (lambda arrays: arrays.__setitem__("video.id", arrays["bias.value"]), "'video.id' is not wanted"),
        (lambda arrays: arrays.clear(), "is missing"),
        (changed("group.key", lambda one: one[1:]), r"group.key has shape \(287, 16\), not \(288, 16\)"),
        (changed("group.key", lambda one: one.reshape(16, 288)), r"group.key has shape \(16, 288\)"),
        *(
            (changed("group.key", lambda one, odd=odd: np.where(one == one[3, 2], np.float32(odd), one)), "no number")
            for odd in ("nan", "inf", "-inf", 1025, -1025)
        ),
        (changed("bias.precision", lambda one: one - 1), r"bias.precision has a value that is no number from 0 to"),
        (changed("bias.precision", lambda one: one + np.float32(2.0**61)), "no number from 0 to"),
    ],
)
def test_what_no_fold_leaves_is_refused(change: Callable[[dict[str, np.ndarray]], object], told: str) -> None:
    arrays: Parameters = learned(empty_world().tables)
    change(arrays)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=told):
        read_parameters(pack_floats(arrays))


def test_all_of_a_table_is_shared() -> None:
    assert SHAPES["group.query_precision"] == (288,)
    assert SHAPES["head_input.value"] == (48, 16)
    assert len(SHAPES) == 14
