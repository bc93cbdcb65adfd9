from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Manifest
from plainview.moderation.rules.pack import name_of, read_pack
from plainview.oversight.controls.evidence import Evidence
from plainview.oversight.controls.verdicts import State
from plainview.records import decode, encode
from plainview.records.fields import to_text
from tests.oversight.controls.test_serving import counted, verified
from tests.oversight.controls.town import Case, Town, check, row_of


def lifted(town: Town) -> Evidence:
    """What is lifted was never decided on that video."""
    one = town.of("decision")[-1]
    return town.with_({one.index: replace(one.record, video=6)})


def decided(town: Town, **fields: Any) -> Evidence:
    """The first decision says something else."""
    one = town.of("decision")[0]
    return town.with_({one.index: replace(one.record, **fields)})


def disabled(town: Town, *regions: str) -> Evidence:
    """The first decision holds in these, by local law."""
    return decided(town, policy="local_law", restriction="geo_disabled", regions=regions)


def governed(town: Town, **fields: Any) -> Evidence:
    """The release's record has other fields."""
    one = town.of("release")[0]
    return town.with_({one.index: replace(one.record, **fields)})


def succeeded(town: Town, digest: str = "", **fields: Any) -> Evidence:
    """Another release came, under its digest or this one, with fewer policies, whose pack has these fields."""
    one = town.of("release")[0]
    pack = read_pack(one.record.policies.encode())
    other = replace(pack, policies=pack.policies[1:], **fields)
    manifest = encode(replace(decode(Manifest, one.record.manifest.encode()), policies=name_of(other)))
    made = replace(
        one.record,
        digest=digest or to_text(hashlib.sha256(manifest).digest()),
        manifest=manifest.decode(),
        policies=encode(other).decode(),
    )
    return town.with_({town.of("order")[-1].index: made})


def renumbered(town: Town) -> Evidence:
    """What was decided of one video has the number of a decision on another."""
    lift = town.of("decision")[-1]
    first = town.of("decision")[0].record
    return town.with_({lift.index: replace(first, time=lift.record.time, video=first.video + 1)})


CASES = [
    Case(30, lambda town: decided(town, policy="because"), "version 1 of the policies has no policy because"),
    Case(30, lambda town: decided(town, pack="A" * 43), "it is by the policies AAAA"),
    Case(30, lambda town: decided(town, policy=""), "is not within the policies in force: it names no policy"),
    Case(30, lambda town: decided(town, policy="gambling"), "policy gambling does not allow the restriction removed"),
    Case(30, lambda town: decided(town, regions=("US",)), "removed holds everywhere and for everybody"),
    Case(30, lambda town: disabled(town, "AT"), "it names AT, and the release tells no such region from ZZ",
         lambda town: disabled(town, "DE", "ZZ")),
    Case(30, lambda town: disabled(town, *DEFAULT.regions), "which is everybody", lambda town: disabled(town, "DE")),
    Case(30, lambda town: governed(town, policies="{}"), ": Pack: "),
    Case(30, lambda town: governed(town, manifest="{}"), ": no release's manifest"),
    Case(30, succeeded, "may not take charge: version 1 of the policies is "),
    Case(30, lambda town: succeeded(town, version=2), "may not take charge: "),
    Case(30, lambda town: succeeded(town, town.of("release")[0].record.digest, version=2), "its manifest has digest"),
    Case(30, renumbered, "is never used again"),
    Case(30, lifted, "and nobody took one"),
    Case(30, lambda town: town.found("re-run", "bounds: decision"), "the partner found"),
    Case(32, lambda town: decided(town, policy="because"), "is not within the policies in force"),
    Case(1, lambda town: governed(town, policies="{}"), "cannot be told: Pack: "),
    Case(32, lifted, "it lifts a decision of that number on video 6, and nobody took one"),
    Case(32, renumbered, "is never used again"),
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
]  # fmt: skip
NEVER = dict.fromkeys((31, 33, 34, 35, 36, 37), State.NOT_MET)
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


def test_without_decisions_policies_are_met_all_the_same(town: Town) -> None:
    undecided = row_of(town.with_({one.index: None for one in town.of("decision")}), 30).verdict
    assert (undecided.state, undecided.said) == (
        State.MET,
        "1 version of the policies, approved with the release that names it; 0 decisions, each within one of them",
    )
