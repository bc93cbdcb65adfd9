"""The gate of moderation: no decision beyond the policies of the release in charge, and no page past a decision."""

from __future__ import annotations

from contextlib import suppress

from plainview.moderation.rules.decided import Decided
from plainview.moderation.rules.decisions import why_beyond
from plainview.moderation.rules.pack import Rules, rules_of
from plainview.moderation.rules.restrictions import covers
from plainview.records import Decision, Release
from plainview.records.fields import AgeBand


class DecisionGate:
    """What is decided so far, and by which policies the next decision is."""

    def __init__(self) -> None:
        self._rules: Rules | None = None
        """Of the release in charge; None before one is."""
        self._versions: dict[int, str] = {}
        """The digest that each version of the policies has had since it was first in force."""
        self._decided = Decided()
        self._restricted: dict[int, dict[int, Decision]] = {}

    def check(self, decision: Decision) -> str:
        """Why the decision may not be written down next; empty if it may."""
        if self._rules is None:
            return f"decision {decision.decision}: no release is in charge, by whose policies it could be taken"
        reason = why_beyond(self._rules, decision) or self._decided.why_misnumbered(decision)
        return f"decision {decision.decision}: {reason}" if reason else ""

    def check_pack(self, rules: Rules) -> str:
        """Why a release with these policies may not take charge; empty if it may."""
        version, digest = rules.name.version, rules.name.digest
        if (known := self._versions.get(version, digest)) != digest:
            return f"its policies are called version {version}, which is {known} in this log, and are {digest}"
        return ""

    def restricting(self, video: int, region: str, age: AgeBand) -> Decision | None:
        """One that keeps the video from such a viewer; None where none does."""
        active = self._restricted.get(video, {}).values()
        regions = () if self._rules is None else self._rules.regions
        return next((one for one in active if covers(one, region, age, regions)), None)

    def observe(self, record: Decision | Release) -> None:
        """Take in one that was appended; in index order."""
        if isinstance(record, Release):
            self._rules = None
            with suppress(ValueError):  # where nothing is judged
                self._rules = rules_of(record)
                self._versions.setdefault(self._rules.name.version, self._rules.name.digest)
        else:
            self._observe(record)

    def _observe(self, decision: Decision) -> None:
        self._decided.take(decision, self._rules)
        if not self._decided.is_about(decision):
            return  # the fold passes it over, too
        active = self._restricted.setdefault(decision.video, {})
        if decision.effect == "restrict":
            active[decision.decision] = decision
        else:
            active.pop(decision.decision, None)
        if not active:
            del self._restricted[decision.video]
