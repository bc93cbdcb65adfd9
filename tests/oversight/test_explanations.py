"""Control 19: why a video is there is computed from the receipt."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Weight
from plainview.feed.heads import HEADS
from plainview.feed.pipeline import Pipeline, value
from plainview.oversight.explanations import Explanation, explain
from plainview.records import Item, Page
from tests.oversight.ranked import ranked_page

bits = st.integers(0, 2**32 - 1)


def of(number: float) -> int:
    """The bits of a number."""
    return int(np.float32(number).view(np.uint32))


def with_item(page: Page, at: int, **changed: Any) -> Page:
    items = [replace(item, **changed) if place == at else item for place, item in enumerate(page.items)]
    return replace(page, items=tuple(items))


def test_a_personal_page() -> None:
    page = ranked_page()
    said = explain(page, DEFAULT)
    assert (said.mode, said.profile, said.region, said.age, said.limit) == ("personal", True, "US", "18+", 10)
    assert (said.release, said.charter, said.policy, said.viewer_upto) == (page.release, 0, 7, 40)
    assert [one.video for one in said.videos] == [item.video for item in page.items]
    assert [one.place for one in said.videos] == list(range(1, 11))
    for one in said.videos:
        assert [each.head for each in one.predictions] == list(HEADS)
        assert one.found
        assert one.placed
    (drawn,) = (one for one in said.videos if one.selector == "exploration")
    assert drawn.place == DEFAULT.exploration.slot + 1
    assert drawn.placed.startswith(f"drawn by chance, 1 in {round(1 / drawn.propensity)}, among new videos")
    assert drawn.sum == drawn.value
    assert said.filters is not None
    assert [one.name for one in said.filters] == list(DEFAULT.filters)
    assert said.costs is not None
    assert len(said.costs) == 2


def test_what_a_page_rests_on_is_told() -> None:
    said = explain(replace(ranked_page(), grounds=(3, 12)), DEFAULT)
    assert (said.wanted, said.mode, said.grounds) == ("personal", "personal", (3, 12))
    said = explain(replace(ranked_page(mode="plain"), wanted="personal"), DEFAULT)
    assert (said.wanted, said.mode, said.grounds) == ("personal", "plain", ())


def test_a_plain_page_has_no_profile() -> None:
    said = explain(ranked_page(mode="plain"), DEFAULT)
    assert (said.mode, said.profile, said.costs, said.judged) == ("plain", False, (), True)
    assert [one.name for one in said.filters or ()] == [name for name in DEFAULT.filters if name != "seen"]
    assert {one.source for one in said.videos} == {"popular", "fresh"}
    for one in said.videos:
        assert (one.predictions, one.sum, one.findings) == ((), None, ())
        assert "you " not in one.found
        assert one.placed == "the next one in a list that knows nothing of you"


def test_where_a_video_is_popular() -> None:
    def where(region: str) -> set[str]:
        said = explain(ranked_page(mode="plain", region=region), DEFAULT)
        return {one.found for one in said.videos if one.source == "popular"}

    half_life = "watched long or liked by many of late (halved every 7 days)"
    assert where("DE") == {f"popular in DE or everywhere: {half_life}"}
    assert where("ZZ") == where("AT") == {f"popular everywhere: {half_life}"}


def test_without_the_release_nothing_is_weighed_or_found() -> None:
    page = with_item(ranked_page(), 1, source="elsewhere", value=of(99.0))
    said = explain(page, None)
    assert (said.filters, said.costs, said.judged) == (None, None, False)
    assert said.videos[1].found == "found by elsewhere"
    for one in said.videos:
        assert (one.sum, one.findings) == (None, ())
        assert [each.head for each in one.predictions] == list(HEADS)
        assert {(each.weight, each.counts) for each in one.predictions} == {(None, None)}
    short = with_item(page, 0, parts=(of(0.25), of(0.5)))
    assert [(each.head, each.predicted) for each in explain(short, None).videos[0].predictions] == [
        ("prediction 1", 0.25),
        ("prediction 2", 0.5),
    ]


@given(
    st.lists(bits, min_size=len(HEADS), max_size=len(HEADS)),
    st.dictionaries(st.sampled_from(HEADS), st.integers(-(10**9), 10**9)),
)
def test_the_sum_is_the_pipelines_to_the_bit(parts: list[int], terms: dict[str, int]) -> None:
    configuration = replace(DEFAULT, value=tuple(Weight(head=head, weight=weight) for head, weight in terms.items()))
    weights = np.array(Pipeline.of(configuration).weights, np.float32)
    item = Item(video=1, source="fresh", parts=tuple(parts), value=0, selector="value", propensity=of(1.0))
    page = replace(ranked_page(), items=(item,))
    (said,) = explain(page, configuration).videos
    assert said.sum is not None
    (there,) = value(np.array([parts], np.uint32).view(np.float32), weights)
    np.testing.assert_array_equal(np.float32(said.sum), there)  # of NaN there are many


def test_it_is_json_whatever_the_receipt_holds() -> None:
    page = with_item(ranked_page(), 0, parts=(of(float("nan")),) * len(HEADS), value=of(float("inf")))
    said = msgspec.json.decode(msgspec.json.encode(explain(page, DEFAULT)))
    assert said["videos"][0]["value"] is None
    assert said["videos"][0]["predictions"][0]["counts"] is None
    exact = explain(ranked_page(), DEFAULT)
    assert msgspec.json.decode(msgspec.json.encode(exact), type=Explanation) == exact
