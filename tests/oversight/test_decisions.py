"""Decisions of a log, held against the policies in force where they stand, by whoever has its entries."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.ledger.errors import ProofError
from plainview.oversight.decisions import Deciding
from plainview.records import Decision, Release
from plainview.records.leaf import public_leaf
from tests.journal.drafts import approved
from tests.moderation.rules.packs import PACK, REGIONS, decision
from tests.records.decisions import lifting

RELEASE = approved().record
assert isinstance(RELEASE, Release)
OTHER = approved(pack=replace(PACK, version=4)).record
UNREAD = replace(RELEASE, policies="{}")
GOOD = decision("law", "geo_disabled", ("DE",))


def take(*records: Release | Decision) -> Deciding:
    log = Deciding()
    for index, record in enumerate(records):
        log.take(index, public_leaf("release" if isinstance(record, Release) else "decision", record))
    return log


def test_what_is_within_the_policies_in_force_is_counted() -> None:
    assert take(RELEASE, GOOD, lifting(4, 7), decision("quiet", "removed")).within == 3
    assert take(RELEASE, GOOD, OTHER, lifting(4, 7)).within == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((GOOD,), "entry 0: the decision is by no policy in force: no policies are in force"),
        ((RELEASE, GOOD, OTHER, GOOD), "entry 3: the decision is by no policy in force: it is by the policies "),
        ((RELEASE, UNREAD, GOOD), "entry 2: the decision is by no policy in force: no policies are in force"),
        ((RELEASE, decision("because", "removed")), "entry 1: .* has no policy because"),
        ((RELEASE, replace(GOOD, pack="A" * 43)), "entry 1: .*it is by the policies AAAA"),
        ((RELEASE, replace(lifting(4, 7), policy="spam")), "entry 1: .*a lift names no policy"),
        ((RELEASE, decision("law", "geo_disabled", ("AT",))), "entry 1: .*it names AT"),
        ((RELEASE, decision("anywhere", "geo_disabled", REGIONS)), "entry 1: .*which is everybody"),
    ],
)
def test_any_other_is_told(records: tuple[Release | Decision, ...], said: str) -> None:
    with pytest.raises(ProofError, match=said):
        take(*records)


def test_what_says_that_it_is_one_and_is_none() -> None:
    for kind, record in (("release", RELEASE), ("decision", GOOD)):
        entry = public_leaf(kind, record).replace(b'"time":', b'"time" :', 1)
        with pytest.raises(ProofError, match=f"entry 5: is no {kind}"):
            Deciding().take(5, entry)


def test_other_entries_are_passed_over() -> None:
    log = Deciding()
    log.take(0, b"entry")
    assert log.within == 0
