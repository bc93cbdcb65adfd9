from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plainview.moderation.rules.restrictions import covers, mask
from plainview.records.fields import AGE_BANDS
from tests.moderation.rules.packs import REGIONS, decision

ANY = (*REGIONS, "AT", "CH")
"""Two that the release does not name."""


def numbered(region: str) -> int:
    return REGIONS.index(region) if region in REGIONS else 0


@given(
    st.lists(st.sampled_from(ANY), unique=True).map(tuple),
    st.lists(st.sampled_from(AGE_BANDS), unique=True).map(tuple),
)
def test_what_is_ranked_and_what_is_fenced_are_one_rule(regions: tuple[str, ...], ages: tuple[str, ...]) -> None:
    made = decision("spam", "removed", regions, ages)
    bits = mask(made, numbered)
    for region in ANY:
        for place, age in enumerate(AGE_BANDS):
            assert covers(made, region, age, REGIONS) is bool(bits >> (4 * numbered(region) + place) & 1)


def test_a_mask_of_everything_is_all_bits_of_64() -> None:
    assert mask(decision("spam", "removed"), numbered) == -1
    assert mask(decision("law", "geo_disabled", ("US",)), numbered) == 0b1111 << 4
    assert mask(decision("law", "geo_disabled", ("AT",)), numbered) == 0b1111


def test_where_no_regions_are_known_each_is_itself() -> None:
    austria = decision("law", "geo_disabled", ("AT",))
    assert [covers(austria, one, "18+", ()) for one in ("AT", "ZZ", "CH")] == [True, False, False]
    assert [covers(austria, one, "18+", REGIONS) for one in ("AT", "ZZ", "CH", "DE")] == [True, True, True, False]
