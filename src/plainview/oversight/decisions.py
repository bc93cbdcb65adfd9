"""Moderation decisions of a log, held against the policies in force: both are public, so anybody with a copy can."""

from __future__ import annotations

from plainview.ledger.errors import LedgerError, ProofError
from plainview.moderation.rules.decisions import why_beyond
from plainview.moderation.rules.pack import Rules, rules_of
from plainview.oversight.public_entries import is_of_kind, public_record
from plainview.records import Decision, Release


class Deciding:
    """The releases and decisions of one log as they come, in index order."""

    def __init__(self) -> None:
        self.within = 0
        """Decisions that are within the policies in force where they stand."""
        self._rules: Rules | None = None

    def take(self, index: int, entry: bytes) -> None:
        """The log's entry of that index is next. Raises ProofError for a decision that may not be, and for what is no
        release or decision and says that it is one."""
        try:
            if is_of_kind("release", entry):
                self.release(public_record("release", Release, entry))
            elif is_of_kind("decision", entry) and (why := self._why(entry)):
                raise ProofError(f"the decision is by no policy in force: {why}")
        except LedgerError as error:
            raise ProofError(f"entry {index}: {error}") from error

    def release(self, record: Release) -> str:
        """It takes charge: why nothing can be decided by its policies; empty where something can."""
        self._rules = None
        try:
            self._rules = rules_of(record)
        except ValueError as error:
            return str(error)
        return ""

    def decision(self, record: Decision) -> str:
        """Why it may not stand here; empty where it may."""
        why = "no policies are in force" if self._rules is None else why_beyond(self._rules, record)
        self.within += not why
        return why

    def _why(self, entry: bytes) -> str:
        return self.decision(public_record("decision", Decision, entry))
