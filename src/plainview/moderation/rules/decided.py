"""The decisions of one log by their numbers: each is of one decision on one video, which a lift names again."""

from __future__ import annotations

from typing import NamedTuple

from plainview.moderation.rules.pack import Rules
from plainview.records import Decision


class _Taken(NamedTuple):
    """What a number stands for since it was first written down."""

    video: int
    sealed: bool
    """Whether its policy is: nothing of what happened is public then."""


class Decided:
    """What is decided so far."""

    def __init__(self) -> None:
        self._taken: dict[int, _Taken] = {}

    def why_misnumbered(self, decision: Decision) -> str:
        """Why the decision may not have its number where it comes next; empty where it may."""
        taken = self._taken.get(decision.decision)
        if decision.effect == "restrict":
            return "" if taken is None else f"its number is that of one on video {taken.video}, and is never used again"
        if taken is None or taken.video != decision.video:
            return f"it lifts a decision of that number on video {decision.video}, and nobody took one"
        if taken.sealed and decision.ground:
            return "it lifts a decision by a sealed policy: its ground is empty, since that is public"
        return ""

    def is_about(self, decision: Decision) -> bool:
        """Whether it is on the video that its number stands for; a number that is new stands for this one's."""
        taken = self._taken.get(decision.decision)
        return taken is None or taken.video == decision.video

    def take(self, decision: Decision, rules: Rules | None) -> None:
        """Take in one that was written down, whether it may stand there or not; `rules` are those in force."""
        policy = None if rules is None else rules.pack.policy(decision.policy)
        self._taken.setdefault(decision.decision, _Taken(decision.video, policy is not None and policy.sealed))
