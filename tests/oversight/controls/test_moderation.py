from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.verdicts import State
from tests.oversight.controls.test_serving import counted, verified
from tests.oversight.controls.town import Case, Town, check, row_of


def lifted(town: Town) -> Evidence:
    """What is lifted was never decided on that video."""
    one = town.of("decision")[-1]
    return town.with_({one.index: replace(one.record, video=6)})


CASES = [
    Case(32, lifted, "lifts decision 9, which nobody took on that video"),
    Case(32, lambda town: town.where(verifications=()), "shows by re-running them"),
    Case(32, lambda town: verified(town, root=bytes(32)), "verifies another log than this"),
    Case(32, lambda town: counted(town, differing=1), "1 differ and 0 could not be re-run"),
    Case(32, lambda town: counted(town, inconclusive=1), "0 differ and 1 could not be re-run"),
    Case(32, lambda town: verified(town, pages=1, identical=1), "verifies 1 page below record"),
    Case(32, lambda town: town.found("opening"), "the partner found"),
    Case(32, lambda town: town.found("draw"), "the partner found"),
    Case(32, lambda town: town.found("re-run", "filter: ineligible"), "the partner found"),
    Case(32, lambda town: town.found("re-run", "bounds: ineligible"), "the partner found"),
    Case(32, lambda town: town.found("re-run", "retrieval: popular"), "the partner found"),
]
NEVER = dict.fromkeys((30, 31, 33, 34, 35, 36, 37), State.NOT_MET)
"""What this version does not do."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.said[:40]}")
def test_what_is_met_can_be_not_met(town: Town, case: Case) -> None:
    check(town, case)


@pytest.mark.parametrize("number", NEVER)
def test_what_is_not_done_is_not_met_where_it_matters(town: Town, number: int) -> None:
    assert row_of(town.evidence, number).verdict.state is NEVER[number]
    undecided = town.with_({one.index: None for one in town.of("decision")})
    expected = State.NOT_MET if number == 34 else State.NOT_APPLICABLE
    assert row_of(undecided, number).verdict.state is expected
