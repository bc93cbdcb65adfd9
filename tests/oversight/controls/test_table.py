from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from plainview.oversight.controls.bearing import BROKEN_PROMISE, MISBEHAVIOUR, bears_on
from plainview.oversight.controls.table import CONTROLS, NOT_BUILT, TOPICS, Control, rows
from plainview.oversight.controls.verdicts import KEPT, OWN_VIEWERS, State, cited, some
from plainview.oversight.findings import What
from tests.oversight.controls import test_algorithm, test_custody, test_moderation, test_overseeing, test_serving
from tests.oversight.controls.town import Town

GROUPS = (test_algorithm, test_serving, test_custody, test_moderation, test_overseeing)
TURNED = {case.number for group in GROUPS for case in group.CASES}
RANKED = ("retrieval: fresh", "filter: seen", "scoring: like", "scoring", "value", "selection: order", "trace")
"""Stages of a page that is not what its release computes."""
NEVER = {number for group in GROUPS for number in getattr(group, "NEVER", {})}


def test_there_are_44_in_the_order_of_their_topics() -> None:
    assert [control.number for control in CONTROLS] == list(range(1, 45))
    assert list(dict.fromkeys(control.topic for control in CONTROLS)) == list(TOPICS)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: str(control.number))
def test_each_that_can_be_met_can_be_not_met(control: Control) -> None:
    """By a case of its own; and what no case turns says that it is not done."""
    number, built = control.number, control.looks_at != NOT_BUILT
    assert (number in TURNED, number in NEVER) == (built, not built)


def test_what_is_cited_is_there_and_of_that_kind(town: Town) -> None:
    kinds = {one.index: one.kind for one in town.records}
    named = 0
    for row in rows(town.evidence):
        for one in row.verdict.records:
            if one.which == OWN_VIEWERS:
                assert (one.count > 0, one.first) == (True, ())
                continue
            assert 0 < len(one.first) == min(one.count, KEPT)
            assert list(one.first) == sorted(set(one.first))
            assert {kinds[index] for index in one.first} == {one.kind}, row.control.title
            named += one.count
        assert row.verdict.records or row.verdict.state is not State.MET
    assert named > 100


@pytest.mark.parametrize("what", [*get_args(What), MISBEHAVIOUR, BROKEN_PROMISE, "", "a kind of later"])
def test_every_finding_bears_on_a_control_that_it_turns(town: Town, what: str) -> None:
    evidence = town.found(what)
    (found,) = evidence.found
    bearing = {row.control.number for row in rows(evidence) if row.findings}
    assert bearing == bears_on(found)
    assert bearing
    assert {row.verdict.state for row in rows(evidence) if row.findings} == {State.NOT_MET}


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        ("bounds: closed", 2), ("bounds: epoch", 8), ("bounds: clock", 11), ("bounds: session", 16),
        ("bounds: order", 17), ("bounds: act", 39), ("bounds: charter", 39), ("epoch: delta", 8), ("event: key", 8),
        ("receipt: arms", 18), ("selection: order", 32), ("viewer state: digest", 32), ("setting: signature", 32),
        ("viewer: key", 20),
        *((stage, number) for stage in RANKED for number in (2, 17)),
    ],
)  # fmt: skip
def test_what_a_re_run_finds_bears_on_what_it_is_about(town: Town, stage: str, number: int) -> None:
    evidence = town.found("re-run", stage)
    assert {14, number} <= bears_on(evidence.found[0])
    assert rows(evidence)[number - 1].verdict.state is State.NOT_MET


@pytest.mark.parametrize(
    "stage", ["viewer state: digest", "epoch: delta", "receipt: policy", "event: key", "journal: body"]
)
def test_other_records_and_inputs_say_nothing_of_the_code(town: Town, stage: str) -> None:
    assert not {2, 17} & bears_on(town.found("re-run", stage).found[0])


def test_what_is_told_of_a_finding(town: Town) -> None:
    first, second = town.found("draw", file="a"), town.found("draw", file="b")
    both = replace(first, found=(*first.found, *second.found))
    row = rows(both)[13]
    assert row.verdict.said == "the partner found: something (a, and 1 more)"
    assert [one.file for one in row.findings] == ["a", "b"]


def test_records_are_counted_and_the_first_are_named() -> None:
    one = cited("page", [*range(KEPT + 5), 3])
    assert (one.count, one.first) == (KEPT + 5, tuple(range(KEPT)))
    assert (some(1, "page"), some(3204, "page"), some(0, "emergency", "emergencies")) == (
        "1 page", "3,204 pages", "0 emergencies",
    )  # fmt: skip
