"""Policies as the journal has them, and decisions as a page's explanation names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Draft
from plainview.platform.policies import decided, policies_of
from plainview.platform.releases import installed, installed_digest
from plainview.records.fields import to_text
from tests.platform.stepping import platform
from tests.records.decisions import lifting, restricting


def test_what_is_not_of_the_journal_is_none(tmp_path: Path) -> None:
    with platform(tmp_path / "home") as running:
        ours = installed().policies.decode()
        assert policies_of(running.journal, None) == policies_of(running.journal, installed_digest()) == ours
        assert policies_of(running.journal, to_text(bytes(32))) is None


def test_a_decision_is_named_by_what_its_policy_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(tmp_path / "home") as running:
        first = running.journal.size
        running.append(restricting(1, 5), restricting(2, 6, "DE"), lifting(1, 5), restricting(3, 7))
        found = decided(running.journal, {1, 2, 9}, first + 3)
        assert [(one.index, one.decision.decision, one.title) for one in found] == [
            (first, 1, "Spam"),
            (first + 1, 2, "Unlawful somewhere"),
        ]
        assert decided(running.journal, {3}, first + 3) == []  # it came later
        assert decided(running.journal, (), first + 3) == []
        monkeypatch.setattr("plainview.journal.decisions.DecisionGate.check", lambda *_: "")
        (planted,) = running.journal.append([Draft(replace(restricting(4, 8), policy="because"))])
        (one,) = decided(running.journal, {4}, running.journal.size)
        assert (one.index, one.title) == (planted.index, "")  # type: ignore[union-attr]
