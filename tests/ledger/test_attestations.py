from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.ledger.acts import Build, Result
from plainview.ledger.attestations import Attested, apart, check_evidence
from plainview.ledger.charters import Charter, Party
from plainview.ledger.errors import PolicyError
from tests.ledger.chartered import CHARTER, KEYS, PARTIES
from tests.ledger.licensed import FIRST, GOLDEN, SECOND, START, build, digest, result


def builders(
    index: int, *names: str, cpu: str = "A", golden: bytes = GOLDEN, release: bytes = FIRST
) -> Attested[Build]:
    return Attested(index, build(release, cpu, golden), frozenset(KEYS[name].key for name in names))


def auditors(index: int, *names: str, passed: bool = True, release: bytes = FIRST) -> Attested[Result]:
    return Attested(index, result(release, passed), frozenset(KEYS[name].key for name in names))


BUILDS = (builders(2, "builder-1"), builders(3, "builder-2", cpu="B"))
PASSED = (auditors(4, "auditor"),)
WITHOUT = tuple(party for party in PARTIES if party.key != KEYS["builder-1"].key)


def test_two_builders_on_two_models_agree_and_an_auditor_has_passed_it() -> None:
    others = (builders(5, "builder-3", release=SECOND, golden=digest("other")), builders(6, "builder-3"))
    failed = auditors(7, "auditor", passed=False, release=SECOND)
    assert check_evidence(FIRST, (*BUILDS, *others), (*PASSED, failed), CHARTER, START) == (GOLDEN, (2, 3, 4, 6))


@pytest.mark.parametrize(
    ("builds", "results", "message"),
    [
        ((), PASSED, "0 of 2 builders have attested to it, each on another model of CPU"),
        (BUILDS[:1], PASSED, "1 of 2 builders"),
        ((BUILDS[0], builders(3, "builder-2")), PASSED, "1 of 2 builders"),
        ((BUILDS[0], builders(3, "builder-2", cpu="a")), PASSED, "1 of 2 builders"),
        ((builders(2, "builder-1", cpu="X 1"), builders(3, "builder-2", cpu="x  1")), PASSED, "1 of 2 builders"),
        ((BUILDS[0], builders(3, "builder-1", cpu="B")), PASSED, "1 of 2 builders"),
        ((builders(2, "builder-1", "builder-2", "builder-3"),), PASSED, "1 of 2 builders"),
        ((BUILDS[0], builders(3, "builder-2", cpu="B", release=SECOND)), PASSED, "1 of 2 builders"),
        (
            (*BUILDS, builders(5, "builder-3", golden=digest("other"))),
            PASSED,
            "disagree on the .* 2, .* 5$",
        ),
        ((*BUILDS, builders(5, "builder-1", golden=digest("other"))), PASSED, "disagree on the golden vectors"),
        (BUILDS, (), "0 of 1 auditors have passed it"),
        (BUILDS, (auditors(4, "auditor", release=SECOND),), "0 of 1 auditors"),
        (BUILDS, (*PASSED, auditors(8, "auditor", passed=False)), "it failed the suite 'quality' at index 8"),
        (BUILDS, (auditors(3, "auditor", passed=False), *PASSED), "it failed the suite 'quality' at index 3"),
    ],
)
def test_what_no_approval_rests_on(
    builds: tuple[Attested[Build], ...], results: tuple[Attested[Result], ...], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        check_evidence(FIRST, builds, results, CHARTER, START)


def test_who_is_no_builder_any_more_counts_neither_for_nor_against() -> None:
    charter = replace(CHARTER, parties=WITHOUT)
    with pytest.raises(PolicyError, match="1 of 2 builders"):
        check_evidence(FIRST, BUILDS, PASSED, charter, START)
    wrong = builders(1, "builder-1", golden=digest("other"))
    third = builders(5, "builder-3", cpu="C")
    with pytest.raises(PolicyError, match="disagree"):
        check_evidence(FIRST, (wrong, BUILDS[1], third), PASSED, CHARTER, START)
    assert check_evidence(FIRST, (wrong, BUILDS[1], third), PASSED, charter, START).indexes == (3, 4, 5)


def test_all_keys_that_the_auditors_quorum_asks_for_have_passed_it() -> None:
    parties = (*PARTIES, Party("auditor", KEYS["new"].key))
    charter: Charter = replace(CHARTER, parties=parties, quorums=(1, 1, 2, 2, 2))
    with pytest.raises(PolicyError, match=re.escape("1 of 2 auditors have passed it")):
        check_evidence(FIRST, BUILDS, (*PASSED, auditors(5, "auditor")), charter, START)
    assert check_evidence(FIRST, BUILDS, (*PASSED, auditors(5, "new")), charter, START).indexes == (2, 3, 4, 5)


@given(st.sets(st.tuples(st.sampled_from(list(KEYS)[:5]), st.sampled_from("ABCDE")), max_size=9))
def test_apart_is_the_largest_choice_of_keys_and_models(pairs: set[tuple[str, str]]) -> None:
    most = max(
        size
        for size in range(6)
        for some in itertools.combinations(pairs, size)
        if len({key for key, _ in some}) == len({model for _, model in some}) == size
    )
    assert apart((KEYS[key].key, model) for key, model in sorted(pairs)) == most
