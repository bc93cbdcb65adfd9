"""The numbers of decisions: each is used once, and a lift names one that was."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from plainview.moderation.rules.decided import Decided
from plainview.moderation.rules.pack import Rules
from plainview.records import Decision
from tests.moderation.rules.packs import IN_FORCE, decision
from tests.records.decisions import lifting

SPAM = decision("spam", "removed")
QUIET = decision("quiet", "removed")
USED = "its number is that of one on video 7, and is never used again"


def after(*taken: Decision, rules: Rules | None = IN_FORCE) -> Decided:
    """What is decided once these were written down."""
    made = Decided()
    for one in taken:
        made.take(one, rules)
    return made


@pytest.mark.parametrize("taken", [(SPAM,), (SPAM, lifting(4, 7)), (SPAM, replace(SPAM, video=8))])
def test_a_number_is_used_once(taken: tuple[Decision, ...]) -> None:
    decided = after(*taken)
    for video in (7, 8):
        assert decided.why_misnumbered(replace(SPAM, video=video)) == USED
    assert decided.why_misnumbered(replace(SPAM, decision=5)) == ""


def test_a_lift_names_a_decision_that_was_taken_on_that_video() -> None:
    assert after(SPAM).why_misnumbered(lifting(4, 7)) == ""
    for decided, lift in (
        (after(), lifting(4, 7)),
        (after(SPAM), lifting(5, 7)),
        (after(SPAM), lifting(4, 8)),
        (after(SPAM, replace(SPAM, video=8)), lifting(4, 8)),
    ):
        said = f"it lifts a decision of that number on video {lift.video}, and nobody took one"
        assert decided.why_misnumbered(lift) == said


def test_the_end_of_a_sealed_policys_decision_says_nothing_in_public() -> None:
    told = replace(lifting(4, 7), ground="who it was")
    assert after(QUIET).why_misnumbered(lifting(4, 7)) == ""
    assert after(QUIET).why_misnumbered(told) == (
        "it lifts a decision by a sealed policy: its ground is empty, since that is public"
    )
    assert after(SPAM).why_misnumbered(told) == ""
    assert after(QUIET, SPAM).why_misnumbered(told)  # it stays the first's
    assert after(QUIET, rules=None).why_misnumbered(told) == ""  # nobody knows then


def test_what_a_number_is_about() -> None:
    """As the fold has it: the video of whatever came first with it."""
    decided = after(SPAM)
    other = replace(SPAM, video=8)
    assert decided.is_about(SPAM)
    assert not decided.is_about(other)
    assert decided.is_about(replace(other, decision=5))
    decided.take(other, IN_FORCE)
    assert not decided.is_about(other)
