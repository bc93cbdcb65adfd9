from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.oversight.controls.verdicts import State
from tests.oversight.controls.town import Case, Town, check, row_of

CASES = [
    Case(21, lambda town: replace(town.evidence, opened=0), "no record was opened to the partner"),
    Case(21, lambda town: replace(town.evidence, opened=town.evidence.size - town.evidence.size // 10 - 1),
         "mirrored only those below record"),
    Case(21, lambda town: town.found("opening"), "the partner found"),
    Case(21, lambda town: town.found("re-run", "journal: body"), "the partner found"),
]  # fmt: skip
NEVER = dict.fromkeys(range(22, 30), State.NOT_MET) | {25: State.NOT_APPLICABLE}
"""What this version does not do."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.said[:40]}")
def test_what_is_met_can_be_not_met(town: Town, case: Case) -> None:
    check(town, case)


def test_a_copy_may_be_a_little_behind(town: Town) -> None:
    size = town.evidence.size
    behind = replace(town.evidence, opened=size - size // 10)
    assert {row_of(behind, number).verdict.state for number in (8, 14, 21, 32)} == {State.MET}
    large = replace(town.evidence, size=100_000, opened=99_000)
    assert row_of(large, 21).verdict.state is State.MET
    assert row_of(replace(large, opened=98_999), 21).verdict.state is State.NOT_MET


@pytest.mark.parametrize("number", NEVER)
def test_what_is_not_done_is_not_met(town: Town, number: int) -> None:
    assert row_of(town.evidence, number).verdict.state is NEVER[number]
