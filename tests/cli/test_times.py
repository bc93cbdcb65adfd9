from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.cli.errors import CommandError
from plainview.cli.times import milliseconds
from plainview.ledger.spelling import TIME_LIMIT, moment


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2027-01-01", 1_798_761_600_000),
        ("1970-01-01", 0),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("2026-12-31T18:00Z", 1_798_740_000_000),
        ("2026-12-31T18:00:00+01:00", 1_798_736_400_000),
        ("2026-12-31T18:00:00.005-00:30", 1_798_741_800_005),
        ("1798761600000", 1_798_761_600_000),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140_000),
    ],
)
def test_each_time_is_read_in_one_way(text: str, time: int) -> None:
    assert milliseconds(text) == time


@given(st.integers(0, TIME_LIMIT))
def test_a_moment_is_exact_to_the_millisecond(time: int) -> None:
    day, clock, _ = moment(time).split()
    assert milliseconds(f"{day}T{clock}Z") == time


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2027", "20271231", "179876160000", "2027-1-1", "2027-01", "2027-W01", "2027-W01-1",
        "2026-12-31T18:00:00", "2026-12-31 18:00:00Z", "2026-12-31T18Z", "2026-12-31T18:00:00z",
        "2026-12-31T18:00:00.5Z",
        "2026-12-31T18:00:00 Z", "+1798761600000", "1798761600000.0", "1_798_761_600_000", " 2027-01-01",
        "2027-01-01\n", "\u0662\u0660\u0662\u0667-01-01",
    ],
)  # fmt: skip
def test_what_could_mean_two_things_is_asked_back(text: str) -> None:
    with pytest.raises(CommandError, match=r"is no time: write a date as 2026-12-31 .*Z or .*13 digits or more"):
        milliseconds(text)


@pytest.mark.parametrize("text", ["2027-02-29", "2026-12-31T24:30Z", "0000-01-01", "2026-12-31T18:00+24:00"])
def test_what_no_calendar_has(text: str) -> None:
    with pytest.raises(CommandError, match="is no time that a calendar has"):
        milliseconds(text)
