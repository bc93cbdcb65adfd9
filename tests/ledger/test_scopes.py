from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.scopes import MILLION, Scope, read_scope
from tests.ledger.strategies import scopes

ALL = Scope(None, None, MILLION)
SOME = Scope(("GB", "US"), (0, 7), 250_000)


def read(text: str) -> Scope:
    lines = Lines(text, "act")
    scope = read_scope(lines)
    lines.end()
    return scope


def test_a_scope_reads_as_it_is_written() -> None:
    assert SOME.lines() == ["regions GB,US", "surfaces 0,7", "share 250000"]
    assert ALL.lines() == ["regions all", "surfaces all", "share 1000000"]


@given(scopes)
def test_what_is_written_comes_back(scope: Scope) -> None:
    assert read("\n".join(scope.lines())) == scope


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("regions US,GB\nsurfaces all\nshare 1", "regions: at least one, each once and in ascending order, or `all`"),
        ("regions US,US\nsurfaces all\nshare 1", "in ascending order"),
        ("regions us\nsurfaces all\nshare 1", "'us' is not two capital letters"),
        ("regions \nsurfaces all\nshare 1", "'' is not two capital letters"),
        ("regions all,US\nsurfaces all\nshare 1", "'all' is not two capital letters"),
        ("regions all\nsurfaces 1,0\nshare 1", "surfaces: at least one"),
        ("regions all\nsurfaces 256\nshare 1", "256 is not from 0 to 255"),
        ("regions all\nsurfaces 00\nshare 1", "act, line 2: '00' is not a decimal"),
        ("regions all\nsurfaces all\nshare 0", "share: 0 is not from 1 to 1000000"),
        ("regions all\nsurfaces all\nshare 1000001", "share: 1000001 is not from 1 to 1000000"),
        ("surfaces all\nregions all\nshare 1", "act, line 1: 'surfaces all' is not `regions`"),
        ("regions all\nsurfaces all", "act, line 3: the end is not `share`"),
        ("regions all\nsurfaces all\nshare 1\n", "act, line 4: '' where the end should be"),
    ],
)
def test_what_is_no_scope(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=re.escape(message)):
        read(text)


def test_what_no_act_can_say() -> None:
    for regions, surfaces in (((), None), (None, ()), (("USA",), None), (None, (-1,))):
        with pytest.raises(FormatError):
            Scope(regions, surfaces, 1)


@pytest.mark.parametrize(
    ("region", "surface", "draw", "reason"),
    [
        ("US", 0, 249_999, None),
        ("GB", 7, 0, None),
        ("DE", 0, 0, "not for region 'DE'"),
        ("US", 1, 0, "not for surface 1"),
        ("US", 0, 250_000, "for draws below 250000 of 1000000, not for 250000"),
        ("US", 0, -1, "for draws below 250000 of 1000000, not for -1"),
    ],
)
def test_what_a_scope_leaves_out(region: str, surface: int, draw: int, reason: str | None) -> None:
    assert SOME.leaves_out(region, surface, draw) == reason
    assert (ALL.leaves_out(region, surface, draw) is None) == (draw >= 0)


@pytest.mark.parametrize(
    ("scope", "beyond"),
    [
        (SOME, None),
        (Scope(("US",), (7,), 1), None),
        (Scope(None, (0,), 1), "regions all"),
        (Scope(("DE", "GB", "JP"), (0,), 1), "regions DE,JP"),
        (Scope(("GB",), None, 1), "surfaces all"),
        (Scope(("GB",), (0, 1), 1), "surfaces 1"),
        (Scope(("GB",), (0,), 250_001), "a share of 250001"),
    ],
)
def test_what_exceeds_a_scope(scope: Scope, beyond: str | None) -> None:
    assert scope.exceeds(SOME) == beyond
    assert scope.exceeds(ALL) is None


@given(scopes, scopes, st.data())
def test_within_is_for_nothing_that_the_other_is_not_for(scope: Scope, other: Scope, data: st.DataObject) -> None:
    regions = st.sampled_from([*(scope.regions or ()), *(other.regions or ()), "ZZ"])
    surfaces = st.sampled_from([*(scope.surfaces or ()), *(other.surfaces or ()), 255])
    draws = st.sampled_from([0, scope.share - 1, scope.share, other.share - 1, other.share])
    asked = data.draw(st.tuples(regions, surfaces, draws))
    if scope.exceeds(other) is None and scope.leaves_out(*asked) is None:
        assert other.leaves_out(*asked) is None
