from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.moderation.rules.decisions import why_beyond
from plainview.records.fields import AGE_BANDS, to_text
from tests.moderation.rules.packs import IN_FORCE, PACK, REGIONS, decision

WITHIN = [
    ("spam", "removed", (), ()),
    ("spam", "fyf_ineligible", (), ()),
    ("law", "geo_disabled", ("DE",), ()),
    ("law", "geo_disabled", ("FR", "DE"), ()),
    ("anywhere", "geo_disabled", ("US", "ZZ"), ()),
    ("anywhere", "geo_disabled", REGIONS[1:], ()),
    ("young", "age_restricted", REGIONS, ("13-15",)),
    ("teens", "age_restricted", ("DE",), ("13-15",)),
    ("young", "age_restricted", (), ("unknown", "13-15", "16-17")),
    ("young", "age_restricted", ("US",), ("16-17",)),
    ("quiet", "removed", (), ()),
]
BEYOND = [
    ("", "removed", (), (), "it names no policy, and whatever restricts is by one"),
    ("spams", "removed", (), (), "version 3 of the policies has no policy spams"),
    ("spam", "", (), (), "policy spam does not allow the restriction (none named); it allows removed, fyf_ineligible"),
    ("spam", "geo_disabled", ("DE",), (), "policy spam does not allow the restriction geo_disabled"),
    ("label", "removed", (), (), "policy label does not allow the restriction removed; it allows none"),
    ("spam", "removed", ("DE",), (), "removed holds everywhere and for everybody, and it names regions or age bands"),
    ("spam", "fyf_ineligible", (), ("13-15",), "fyf_ineligible holds everywhere and for everybody"),
    ("law", "geo_disabled", (), (), "geo_disabled holds in the regions that it names, and it names none"),
    ("law", "geo_disabled", ("DE",), ("13-15",), "geo_disabled holds for everybody in its regions"),
    ("law", "geo_disabled", ("DE", "US"), (), "allows geo_disabled in the regions DE, FR, AT, and it holds in US"),
    ("law", "geo_disabled", ("DE", "ZZ"), (), "allows geo_disabled in the regions DE, FR, AT, and it holds in ZZ"),
    ("young", "age_restricted", (), (), "age_restricted holds for the age bands that it names, and it names none"),
    ("young", "age_restricted", (), ("16-17", "18+"), "age_restricted holds for viewers below 18, and it names 18+"),
    ("teens", "age_restricted", (), ("13-15",), "allows age_restricted in the regions DE, and it holds in all"),
    ("teens", "age_restricted", ("DE",), ("13-15", "16-17"), "in the age bands 13-15, and it holds in 16-17"),
    ("law", "geo_disabled", ("AT",), (), "it names AT, and the release tells no such region from ZZ"),
    ("anywhere", "geo_disabled", ("US", "AT", "XX"), (), "it names AT, XX, and the release tells no such region"),
    ("young", "age_restricted", ("AT",), ("13-15",), "it names AT, and the release tells no such region from ZZ"),
    ("anywhere", "geo_disabled", REGIONS, (), "it names all of the release, which is everybody"),
    ("anywhere", "geo_disabled", ("AT", *REGIONS), (), "it names AT, and the release tells no such region"),
]


@pytest.mark.parametrize("made", WITHIN, ids=str)
def test_what_its_policy_allows_is_within(made: tuple[str, Any, tuple[str, ...], Any]) -> None:
    assert why_beyond(IN_FORCE, decision(*made)) == ""


@pytest.mark.parametrize(("code", "restriction", "regions", "ages", "said"), BEYOND)
def test_what_it_does_not_is_beyond(
    code: str, restriction: Any, regions: tuple[str, ...], ages: Any, said: str
) -> None:
    assert said in why_beyond(IN_FORCE, decision(code, restriction, regions, ages))


def test_a_sealed_policy_says_nothing_in_public() -> None:
    said = why_beyond(IN_FORCE, decision("quiet", "removed", ground="who it was"))
    assert said == "policy quiet is sealed: its decisions have an empty ground, since that is public"
    assert why_beyond(IN_FORCE, decision("spam", "removed", ground="the same ten times")) == ""


def test_it_is_by_the_policies_in_force_and_no_others() -> None:
    other = to_text(bytes(32))
    assert why_beyond(IN_FORCE, decision("spam", "removed", pack=other)) == (
        f"it is by the policies {other}, and version 3 is in force, {IN_FORCE.name.digest}"
    )


def test_what_follows_from_the_regions_alone_is_not_said_where_they_are_not_known() -> None:
    unknown = IN_FORCE._replace(regions=())
    for regions in (("AT",), REGIONS, ("AT", *REGIONS)):
        made = decision("anywhere", "geo_disabled", regions)
        assert (why_beyond(unknown, made), bool(why_beyond(IN_FORCE, made))) == ("", True)


def test_a_lift_needs_no_policy_and_names_none() -> None:
    assert why_beyond(IN_FORCE, decision("", "", effect="lift")) == ""
    for named in (
        decision("spam", "", effect="lift"),
        decision("", "removed", effect="lift"),
        decision("", "", effect="lift", pack=IN_FORCE.name.digest),
    ):
        assert why_beyond(IN_FORCE, named).startswith("a lift names no policy and no restriction")


def test_a_lift_is_for_everybody() -> None:
    for narrowed in (decision("", "", ("DE",), effect="lift"), decision("", "", (), ("13-15",), effect="lift")):
        assert why_beyond(IN_FORCE, narrowed).startswith("a lift names no regions and no age bands")


@given(
    st.sampled_from([one.code for one in PACK.policies]),
    st.sampled_from(["removed", "fyf_ineligible", "geo_disabled", "age_restricted"]),
    st.lists(st.sampled_from([*REGIONS, "AT"]), unique=True).map(tuple),
    st.lists(st.sampled_from(AGE_BANDS), unique=True).map(tuple),
)
def test_an_adult_somewhere_is_touched_only_where_the_policy_says_so(
    code: str, restriction: Any, regions: tuple[str, ...], ages: Any
) -> None:
    """Written out again: who is 18 loses a video everywhere only by removal, and else only in named regions."""
    made = decision(code, restriction, regions, ages)
    if why_beyond(IN_FORCE, made):
        return
    policy = PACK.policy(code)
    assert policy is not None
    assert restriction in {one.restriction for one in policy.allows}
    adults = not ages or "18+" in ages
    if adults and not regions:
        assert restriction in ("removed", "fyf_ineligible")
    if adults and regions:
        assert restriction == "geo_disabled"
        assert set(regions) < set(REGIONS)
