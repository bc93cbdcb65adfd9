"""Moderation decisions of a log, held against the policies in force: both are public, so anybody with a copy can.

What is asked here of a release and a decision is what the fence asks, and replay.
"""

from __future__ import annotations

import hashlib

from plainview.ledger.errors import LedgerError, ProofError
from plainview.ledger.standing import Standing
from plainview.moderation.rules.decided import Decided
from plainview.moderation.rules.decisions import why_beyond
from plainview.moderation.rules.pack import Rules, rules_of
from plainview.oversight.public_entries import is_of_kind, public_record
from plainview.records import Decision, Release
from plainview.records.fields import to_bytes, to_text


class Deciding:
    """The releases and decisions of one log as they come, in index order."""

    def __init__(self) -> None:
        self.within = 0
        """Decisions that are within the policies in force where they stand."""
        self._rules: Rules | None = None
        self._versions: dict[int, str] = {}
        """The digest that each version of the policies has had since it was first in force."""
        self._decided = Decided()

    def take(self, index: int, entry: bytes, standing: Standing | None) -> None:
        """The log's entry of that index is next, where that stands. Raises ProofError for a release or decision that
        may not stand there, and for what is none and says that it is one."""
        why = ""
        try:
            if is_of_kind("release", entry):
                why = self.release(public_record("release", Release, entry), standing)
            elif is_of_kind("decision", entry):
                why = self.decision(public_record("decision", Decision, entry))
        except LedgerError as error:
            raise ProofError(f"entry {index}: {error}") from error
        if why:
            raise ProofError(f"entry {index}: {why}")

    def release(self, record: Release, standing: Standing | None) -> str:
        """Why it may not take charge here; empty where it may. Where it may not, the one before it stays."""
        try:
            rules = rules_of(record)
        except ValueError as error:
            return f"release {record.digest}: {error}"
        version, digest = rules.name.version, rules.name.digest
        if (found := to_text(hashlib.sha256(record.manifest.encode()).digest())) != record.digest:
            return f"release {record.digest}: its manifest has digest {found}"
        if self._versions.get(version, digest) != digest:
            return (
                f"release {record.digest} may not take charge: version {version} of the policies is "
                f"{self._versions[version]} in this log, and is {digest} in it"
            )
        why = "" if standing is None else standing.why_not_in_charge(to_bytes(record.digest), record.time)
        if why:
            return f"release {record.digest} may not take charge: {why}"
        self._rules = rules
        self._versions[version] = digest
        return ""

    def decision(self, record: Decision) -> str:
        """Why it may not stand here; empty where it may."""
        if self._rules is None:
            why = "no policies are in force"
        else:
            why = why_beyond(self._rules, record) or self._decided.why_misnumbered(record)
        self._decided.take(record, self._rules)
        self.within += not why
        return f"decision {record.decision} is not within the policies in force: {why}" if why else ""
