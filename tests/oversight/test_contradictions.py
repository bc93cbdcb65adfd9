from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, MICRO, Configuration, Diversity, Exploration, Ordered, Spacing, Weight
from plainview.feed.heads import HEADS
from plainview.oversight.contradictions import number
from plainview.oversight.explanations import explain
from plainview.records import Item, Page
from plainview.records.fields import Mode
from tests.conformance.test_stages import order
from tests.feed.experimented import experiment
from tests.oversight.ranked import ranked_page
from tests.oversight.test_explanations import of, with_item

SLOT = DEFAULT.exploration.slot
EXPERIMENTS = (experiment("calm", ("a", 300_000, {"like": 2 * MICRO}), ("b", 300_000, {"like": 0, "share": -MICRO})),)
ORDERS = (order(1, 25, regions=("US",)), order(2, 30))


def found(page: Page, configuration: Configuration = DEFAULT) -> dict[int, tuple[str, ...]]:
    """What cannot be so, by the video's place from 0."""
    said = explain(page, configuration)
    assert said.page_findings == ()
    return {one.place - 1: one.findings for one in said.videos if one.findings}


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Any selectors in any order, with any settings that only take off; any weights."""
    ordered = draw(st.booleans())
    selectors = draw(st.permutations(DEFAULT.selectors[:-1]))[: draw(st.integers(0, 3))]
    share = st.integers(0, MICRO)
    weights = draw(st.dictionaries(st.sampled_from(HEADS), st.integers(-40 * MICRO, 40 * MICRO)))
    return replace(
        DEFAULT,
        value=tuple(Weight(head=head, weight=weight) for head, weight in weights.items()),
        sources=DEFAULT.sources if ordered else DEFAULT.sources[:-1],
        selectors=(*selectors, "ordered") if ordered else tuple(selectors),
        ordered=Ordered(slot=draw(st.integers(0, 12))),
        experiments=draw(st.sampled_from([(), EXPERIMENTS])),
        spacing=Spacing(decay=draw(share), floor=draw(share)),
        diversity=Diversity(pool=draw(st.integers(1, 150)), penalty=draw(st.integers(0, 3 * MICRO))),
        exploration=Exploration(
            slot=draw(st.integers(0, 12)), pool=draw(st.integers(1, 70)), newcomers=draw(st.integers(0, 30))
        ),
    )


@given(
    st.just(DEFAULT) | configurations(),
    st.integers(0, 40),
    st.sampled_from(["personal", "personal", "plain"]),
    st.integers(1, 30),
    st.sampled_from(["US", "DE", "ZZ", "AT"]),
    st.binary(min_size=16, max_size=16),
)
def test_no_page_of_the_pipelines_contradicts_itself(
    configuration: Configuration, viewer: int, mode: Mode, limit: int, region: str, nonce: bytes
) -> None:
    page = ranked_page(configuration, viewer, mode, limit, region, nonce, ORDERS)
    assert found(page, configuration) == {}


def parts(item: Item, **changed: float) -> tuple[int, ...]:
    return tuple(of(changed[head]) if head in changed else bits for head, bits in zip(HEADS, item.parts, strict=True))


def swapped(page: Page, one: int, other: int) -> Page:
    items = list(page.items)
    items[one], items[other] = items[other], items[one]
    return replace(page, items=tuple(items))


CHANGES: list[tuple[Callable[[Page], Page], int, str]] = [
    (
        lambda page: with_item(page, 1, parts=parts(page.items[1], report=1.0)),
        1,
        "nothing in this release adds",
    ),
    (lambda page: with_item(page, 1, value=of(50.0)), 1, "nothing in this release adds"),
    (lambda page: with_item(page, SLOT, value=page.items[SLOT].value + 1), SLOT, ", and its predictions count "),
    (lambda page: with_item(page, SLOT, value=page.items[SLOT].value - 1), SLOT, ", and its predictions count "),
    (lambda page: with_item(page, 0, value=of(number(page.items[0].value) - 0.01)), 0, "nothing stands before it"),
    (lambda page: with_item(page, 6, parts=parts(page.items[6], rank=200.0)), 6, ", and those of the first video "),
    (lambda page: swapped(page, 1, 7), 2, "the higher one comes first"),
    (lambda page: with_item(page, 2, video=page.items[1].video, value=page.items[1].value), 2, "the higher one comes"),
    (lambda page: with_item(page, SLOT, propensity=of(0.3)), SLOT, "no even draw among at most 64"),
    (lambda page: with_item(page, SLOT, propensity=of(1 / 65)), SLOT, "no even draw among at most 64"),
    (lambda page: with_item(page, SLOT, propensity=1), SLOT, "no even draw among at most 64"),
    (lambda page: with_item(page, SLOT, propensity=0), SLOT, "no even draw among at most 64"),
    (lambda page: with_item(page, SLOT, propensity=of(float("nan"))), SLOT, "no even draw among at most 64"),
    (lambda page: swapped(page, SLOT, 7), 7, "what is drawn comes to place 5"),
    (lambda page: with_item(page, 1, propensity=of(0.5)), 1, "a propensity of 0.5, and it was not drawn"),
    (lambda page: with_item(page, 1, source="paid"), 1, "no source of this release is called paid"),
    (lambda page: with_item(page, 1, selector="paid"), 1, "no selector of this release is called paid"),
    (lambda page: with_item(page, 1, selector="list"), 1, "no selector of this release is called list"),
    (lambda page: with_item(page, 1, parts=()), 1, "0 predictions; this release makes 10 of each video"),
    (lambda page: with_item(page, 1, value=of(float("nan"))), 1, "infinite, or NaN"),
    (lambda page: with_item(page, 1, parts=parts(page.items[1], like=float("inf"))), 1, "infinite, or NaN"),
    (lambda page: with_item(page, 1, parts=parts(page.items[1], report=3e38)), 1, "infinite, or NaN"),
]


@pytest.mark.parametrize(("change", "at", "says"), CHANGES)
def test_what_cannot_be_so(change: Callable[[Page], Page], at: int, says: str) -> None:
    page = ranked_page()
    assert page.items[SLOT].selector == "exploration"
    assert any(says in text for text in found(change(page))[at])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"source": "similar"}, "no source called similar"),
        ({"parts": (of(0.5),)}, "on a plain page nothing is"),
        ({"value": of(0.5)}, "on a plain page nothing is"),
        ({"selector": "value"}, "on a plain page nothing is"),
        ({"propensity": of(0.5)}, "on a plain page nothing is"),
    ],
)
def test_what_cannot_be_so_on_a_plain_page(changed: dict[str, Any], says: str) -> None:
    (text,) = found(with_item(ranked_page(mode="plain"), 2, **changed))[2]
    assert says in text


def test_another_weight_is_found() -> None:
    weights = [replace(one, weight=one.weight + (one.head == "long_view") * 1000) for one in DEFAULT.value]
    assert found(ranked_page(), replace(DEFAULT, value=tuple(weights)))


def test_settings_by_which_a_value_could_rise_judge_no_value() -> None:
    odd = replace(DEFAULT, diversity=replace(DEFAULT.diversity, penalty=-MICRO))
    said = explain(ranked_page(odd), odd)
    assert any(one.value > (one.sum or 0.0) + 0.01 for one in said.videos)
    assert not said.judged
    assert not explain(ranked_page(), replace(DEFAULT, selectors=("exploration", "spacing"))).judged
    assert explain(ranked_page(), DEFAULT).judged
