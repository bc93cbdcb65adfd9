"""Experiments: who is in which arm, and what that changes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.feed import experiments
from plainview.feed.configuration import DEFAULT, MICRO, Configuration, Experiment, Weight
from plainview.feed.heads import HEADS
from plainview.feed.pipeline import Pipeline, value
from plainview.records.digests import arm_draw
from tests.feed.experimented import experiment
from tests.feed.test_orders import NOW, lived, ranked

CALM = experiment("calm", ("likes", 300_000, {"like": 3 * MICRO}), ("shares", 200_000, {"share": -5 * MICRO}))
LONG = experiment("long", ("long", 500_000, {"long_view": 2 * MICRO, "watched": 0}), salt=b"\1" * 16)
BOTH = replace(DEFAULT, experiments=(CALM, LONG))
viewers = st.integers(0, 2**53 - 1)


def drawn(one: Experiment, viewer: int) -> int:
    """The draw, written out again. Salts of tests are a byte sixteen times."""
    salt = b"\1" * 16 if one is LONG else bytes(16)
    hashed = hashlib.sha256(b"plainview/arm/v1\0" + salt + one.name.encode() + viewer.to_bytes(8, "big")).digest()
    return int.from_bytes(hashed[:8], "big") * 1_000_000 // 2**64


@given(viewers)
def test_a_viewer_is_where_salt_experiment_and_id_put_them(viewer: int) -> None:
    calm, long = experiments.places(BOTH, viewer, NOW)
    draw = drawn(CALM, viewer)
    assert calm == (2 if draw < 300_000 else 3 if draw < 500_000 else 1)
    assert long == (2 if drawn(LONG, viewer) < 500_000 else 1)
    assert experiments.names(BOTH, (calm, long)) == (
        f"calm:{('control', 'likes', 'shares')[calm - 1]}",
        f"long:{('control', 'long')[long - 1]}",
    )


@given(viewers)
def test_an_arm_has_the_draws_below_its_share(viewer: int) -> None:
    draw = drawn(CALM, viewer)
    for share, place in ((draw, 1), (draw + 1, 2)):
        one = configured(experiment("calm", ("likes", share, {})))
        assert experiments.places(one, viewer, NOW) == (place,)


def test_arms_have_their_shares_and_experiments_know_nothing_of_each_other() -> None:
    placed = [experiments.places(BOTH, viewer, NOW) for viewer in range(4000)]
    for share, calm in ((0.5, 1), (0.3, 2), (0.2, 3)):
        assert abs(sum(one[0] == calm for one in placed) / 4000 - share) < 0.03
        assert abs(sum(one == (calm, 2) for one in placed) / 4000 - share / 2) < 0.03


def test_an_experiment_runs_from_its_beginning_to_before_its_end() -> None:
    one = replace(DEFAULT, experiments=(replace(CALM, begins=10, until=20), LONG))
    running = {now: experiments.names(one, experiments.places(one, 3, now)) for now in (9, 10, 19, 20)}
    assert [len(running[now]) for now in (9, 10, 19, 20)] == [1, 2, 2, 1]
    assert running[9] == running[20] == running[10][1:]


@pytest.mark.parametrize(
    ("places", "changed"),
    [
        ((), {}),
        ((0, 0), {}),
        ((1, 1), {}),
        ((2, 1), {"like": 3}),
        ((3, 0), {"share": -5}),
        ((2, 2), {"like": 3, "long_view": 2, "watched": 0}),
    ],
)
def test_an_arm_counts_its_own_weights_and_no_others(places: tuple[int, ...], changed: dict[str, float]) -> None:
    found = dict(zip(HEADS, experiments.weights(BOTH, places), strict=True))
    released = dict(zip(HEADS, Pipeline.of(BOTH).weights, strict=True))
    assert found == released | {head: np.float32(weight) for head, weight in changed.items()}


def test_a_page_is_ranked_by_the_arms_of_its_viewer() -> None:
    fold, seen = lived(), set()
    for viewer in range(12):
        page, without = ranked(fold, BOTH, viewer=viewer), ranked(fold, viewer=viewer)
        places = experiments.places(BOTH, viewer, NOW)
        weights = np.array(experiments.weights(BOTH, places), np.float32)
        assert page.arms == experiments.names(BOTH, places)
        assert page.trace.arms.tolist() == list(places)
        assert page.trace.weights.tobytes() == weights.tobytes()
        assert page.trace.values.tobytes() == value(page.trace.parts, weights).tobytes()
        assert page.trace.parts.tobytes() == without.trace.parts.tobytes()
        assert (page.items == without.items) == (places == (1, 1))
        seen.add(places)
    assert len(seen) > 3
    assert (1, 1) in seen


def test_a_plain_page_is_the_same_whoever_asks() -> None:
    fold = lived()
    pages = [ranked(fold, BOTH, "plain", viewer=viewer) for viewer in (4, 5, 6, 7)]
    assert {(page.arms, page.items, page.trace.digest()) for page in pages} == {
        ((), pages[0].items, pages[0].trace.digest())
    }
    assert pages[0].trace.digest() == ranked(fold, DEFAULT, "plain", viewer=4).trace.digest()


def configured(*table: Experiment, **fields: object) -> Configuration:
    return replace(DEFAULT, experiments=table, **fields)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (configured(CALM, replace(LONG, name="calm")), "an experiment is named twice"),
        (configured(experiment("x", ("a", 1, {}), ("a", 1, {}))), "experiment x: an arm is named twice"),
        (configured(experiment("x", ("control", 1, {}))), "experiment x: an arm is named twice, or control"),
        (configured(replace(CALM, salt="AAAA")), "experiment calm: its salt has 3 bytes, not 16"),
        (configured(replace(CALM, until=0)), "experiment calm: it ends at 0, and begins at 0"),
        (configured(experiment("x", ("a", 600_000, {}), ("b", 400_001, {}))), "more than 1000000 millionths"),
        (configured(experiment("x", ("a", 1, {"dwell": 1}))), "experiment x, arm a: no head is called 'dwell'"),
        (configured(CALM, experiment("x", ("a", 1, {"like": 1}))), "experiment x: it weighs like, and so does calm"),
        (configured(value=(Weight(head="dwell", weight=1),)), "configuration: no head is called 'dwell'"),
        (configured(value=(Weight(head="like", weight=1),) * 2), "configuration: a head is named twice"),
        (
            configured(replace(CALM, arms=(replace(CALM.arms[0], value=CALM.arms[0].value * 2),))),
            "experiment calm, arm likes: a head is named twice",
        ),
    ],
)
def test_a_table_that_cannot_be_followed(configuration: Configuration, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pipeline.of(configuration)


def test_one_after_the_other_they_may_weigh_the_same() -> None:
    early, late = replace(CALM, until=100), replace(CALM, name="later", begins=100)
    assert Pipeline.of(configured(early, late)).configuration.experiments == (early, late)


def test_a_whole_million_is_in_arms_and_nobody_in_control() -> None:
    one = configured(experiment("x", ("a", 999_999, {}), ("b", 1, {})))
    assert {experiments.places(one, viewer, NOW) for viewer in range(500)} == {(2,)}


def test_a_salt_has_16_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes, not 15"):
        arm_draw(bytes(15), "x", 1)
