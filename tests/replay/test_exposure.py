from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.learning.ranker import Placed
from plainview.records import History, Impression, Page, Record, Video
from plainview.replay.exposure import NEW, Catalogue, Concentration, Shown, Tally, concentration, exposures
from tests.records.examples import EXAMPLES


def video(number: int, creator: int, *tags: int, region: str = "US") -> Record:
    return replace(EXAMPLES["video"], video=number, creator=creator, tags=tags, region=region)


def page(*videos: int) -> Record:
    example = EXAMPLES["page"]
    assert isinstance(example, Page)
    return replace(example, items=tuple(replace(example.items[0], video=one) for one in videos))


def placed(number: int) -> Placed:
    return Placed(number, "popular", "value")


def tally(*shown: tuple[int, tuple[int, ...], str]) -> Tally:
    made = Tally()
    for creator, tags, region in shown:
        made.count(Shown(creator, creator > 5, tags, region, "popular", "ordered" if creator == 3 else "value"))
    return made


def test_shares_and_their_differences_in_order() -> None:
    found = exposures(
        tally((1, (7,), "US"), (1, (7, 8), "US"), (2, (), "DE"), (9, (8,), "US")),
        tally((1, (7,), "US"), (3, (7, 8), "US"), (3, (8, 8), "DE"), (2, (), "DE")),
    )
    assert [(row.id, row.a, row.b, row.difference) for row in found.creators] == [
        (3, 0, 2, 0.5), (1, 2, 1, -0.25), (9, 1, 0, -0.25), (2, 1, 1, 0.0),
    ]  # fmt: skip
    assert [(row.id, row.share_a, row.share_b) for row in found.tags] == [(7, 0.5, 0.5), (8, 0.5, 0.5)]
    assert [(row.id, row.difference) for row in found.regions] == [("DE", 0.25), ("US", -0.25)]
    assert [(row.id, row.difference) for row in found.selectors] == [("ordered", 0.5), ("value", -0.5)]
    assert [row.id for row in found.sources] == ["popular"]
    new = found.new_creators
    assert (new.a, new.b, new.difference) == (1, 0, -0.25)
    assert (found.impressions_a, found.impressions_b) == (4, 4)


def test_pages_of_other_lengths_are_compared_by_shares() -> None:
    found = exposures(tally((1, (), "US"), (2, (), "US")), tally((1, (), "US")))
    assert [(row.id, row.difference) for row in found.creators] == [(1, 0.5), (2, -0.5)]


def test_nothing_shown_is_nothing() -> None:
    found = exposures(Tally(), Tally())
    assert (found.creators, found.impressions_a, found.concentration_a) == ((), 0, Concentration(0.0, 0.0))


@pytest.mark.parametrize(
    ("impressions", "gini", "top"),
    [([5, 5, 5, 5], 0.0, 0.25), ([0, 0, 0, 8], 0.75, 1.0), ([1, 2, 3], 0.222222, 0.5), ([], 0.0, 0.0), ([0], 0.0, 0.0)],
)
def test_concentration(impressions: list[int], gini: float, top: float) -> None:
    assert concentration(impressions) == Concentration(gini, top)
    assert concentration(impressions[::-1]) == Concentration(gini, top)


def test_the_top_is_one_in_a_hundred() -> None:
    assert concentration([1] * 198 + [51, 51]).top == 0.34


@given(st.lists(st.tuples(st.integers(0, 4), st.just(()), st.sampled_from(("US", "DE"))), min_size=1))
def test_shares_are_of_one_whole(shown: list[tuple[int, tuple[int, ...], str]]) -> None:
    found = exposures(tally(*shown), tally((0, (), "US")))
    for rows in (found.creators, found.regions, found.sources, found.selectors):
        assert sum(row.share_a for row in rows) == pytest.approx(1, abs=1e-5)
        assert sum(row.difference for row in rows) == pytest.approx(0, abs=1e-5)
        assert sum(row.a for row in rows) == found.impressions_a == len(shown)


def test_a_creator_is_new_until_shown_often_enough_in_all_their_videos() -> None:
    catalogue = Catalogue()
    catalogue.take(0, video(1, 50, 3))
    catalogue.take(1, video(2, 50))
    assert isinstance(EXAMPLES["impression"], Impression)
    assert isinstance(EXAMPLES["history"], History)
    for index in range(2, NEW - 1):  # 97 of them
        catalogue.take(index, replace(EXAMPLES["impression"], video=1))
    catalogue.take(NEW - 1, replace(EXAMPLES["history"], past=((2, 0), (99, 0))))
    catalogue.take(NEW, page(2))
    catalogue.take(NEW + 1, page(1))
    catalogue.take(NEW + 2, page(1))
    assert [catalogue.shown(index, placed(1)).new for index in (NEW, NEW + 1, NEW + 2)] == [True, True, False]  # type: ignore[union-attr]
    assert catalogue.shown(NEW, placed(99)) is None


def test_a_video_is_what_it_was_last_written_down_as() -> None:
    catalogue = Catalogue()
    catalogue.take(0, video(1, 50, 3))
    assert catalogue.shown(1, placed(1)) == Shown(50, True, (3,), "US", "popular", "value")
    catalogue.take(1, video(1, 50, 4, 5, region="FR"))
    assert catalogue.shown(2, Placed(1, "fresh", "exploration")) == Shown(
        50, True, (4, 5), "FR", "fresh", "exploration"
    )
    assert isinstance(video(1, 50), Video)
