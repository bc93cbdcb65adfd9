from __future__ import annotations

from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT
from plainview.feed.features import WATCH_LIMIT
from plainview.feed.heads import HEADS as PREDICTED
from plainview.feed.pipeline import FILTERS as KEEPING_OUT
from plainview.feed.pipeline import SELECTORS as SELECTING
from plainview.feed.pipeline import SOURCES as RETRIEVING
from plainview.oversight.words import COSTS, FILTERS, HEADS, PLAIN_SOURCES, SELECTORS, SOURCES, found
from tests.oversight.ranked import ranked_page


def test_every_component_has_words() -> None:
    assert HEADS.keys() == set(PREDICTED)
    assert FILTERS.keys() == KEEPING_OUT.keys()
    assert SOURCES.keys() == PLAIN_SOURCES.keys() == RETRIEVING.keys()
    assert SELECTORS.keys() == {"value", "list", *SELECTING}
    assert COSTS.keys() < SELECTING.keys()
    assert WATCH_LIMIT == 120_000  # the two minutes of `watched`


def test_numbers_are_the_releases() -> None:
    page = ranked_page()
    learning = replace(DEFAULT.learning, popular_half_life=86_400)
    few = replace(DEFAULT, learning=learning, exploration=replace(DEFAULT.exploration, newcomers=7))
    item = page.items[0]
    assert found(replace(item, source="fresh"), page.request, few).startswith("new, shown less than 7 times: ")
    assert found(replace(item, source="popular"), page.request, few).endswith(" of late (halved every day)")
    learning = replace(DEFAULT.learning, popular_half_life=5400)
    other = replace(DEFAULT, learning=learning)
    assert found(replace(item, source="popular"), page.request, other).endswith(" of late (halved every 90 minutes)")
    assert found(replace(item, source="fresh"), page.request, None).startswith("new: drawn by chance")
