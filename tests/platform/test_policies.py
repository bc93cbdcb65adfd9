"""Policies as the journal has them, and decisions as a page's explanation names them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import Draft, Entry
from plainview.platform.policies import Decisions
from plainview.platform.reigns import release_of
from plainview.platform.releases import installed, installed_digest
from plainview.records.fields import to_text
from tests.platform.stepping import platform
from tests.records.decisions import lifting, restricting


def test_what_is_not_of_the_journal_is_none(tmp_path: Path) -> None:
    with platform(tmp_path / "home") as running:
        ours = installed().policies.decode()
        here = release_of(running.journal)
        assert here is not None
        assert here == release_of(running.journal, installed_digest())
        assert here.policies == ours
        assert release_of(running.journal, to_text(bytes(32))) is None


def test_a_decision_is_named_by_what_its_policy_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform(tmp_path / "home") as running:
        first = running.journal.size
        running.append(restricting(1, 5), restricting(2, 6, "DE"), lifting(1, 5), restricting(3, 7))
        decisions = Decisions(running.journal)
        found = decisions.named({1, 2, 9}, first + 3)
        assert [(one.index, one.decision.decision, one.title) for one in found] == [
            (first, 1, "Spam"),
            (first + 1, 2, "Unlawful somewhere"),
        ]
        assert decisions.named({3}, first + 3) == []  # it came later
        assert decisions.named((), first + 3) == []
        assert [one.index for one in decisions.named({1, 3}, first + 4)] == [first, first + 3]
        monkeypatch.setattr("plainview.journal.decisions.DecisionGate.check", lambda *_: "")
        (planted,) = running.journal.append([Draft(replace(restricting(4, 8), policy="because"))])
        (one,) = decisions.named({4}, running.journal.size)
        assert (one.index, one.title) == (planted.index, "")  # type: ignore[union-attr]


def test_a_decision_is_named_as_it_stood_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number again, past the fence: on the same video it replaces it; on another it changes nothing."""
    monkeypatch.setattr("plainview.journal.decisions.DecisionGate.check", lambda *_: "")
    with platform(tmp_path / "home") as running:
        first = running.journal.size
        decisions = Decisions(running.journal)
        running.append(restricting(1, 5, "DE"), restricting(1, 6), restricting(1, 5))
        for upto, index in ((3, 2), (2, 0), (1, 0), (99, 2)):  # whatever was asked before
            assert [one.index for one in decisions.named({1}, first + upto)] == [first + index]
        running.append(restricting(2, 7))
        assert [one.index for one in decisions.named({2}, first + 99)] == [first + 3]


def test_each_decision_and_release_is_read_once_however_often_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform(tmp_path / "home") as running, monkeypatch.context() as counting:
        running.append(*(restricting(number, number) for number in range(1, 21)))
        decisions, whole = Decisions(running.journal), running.journal.of_kind
        read: list[int] = []

        def counted(*given: Any, **named: Any) -> Iterator[Entry]:
            for entry in whole(*given, **named):
                read.append(entry.index)
                yield entry

        counting.setattr(running.journal, "of_kind", counted)
        for _ in range(3):
            assert len(decisions.named({3, 4}, running.journal.size)) == 2
        assert len(read) == len(set(read)) == 21
        running.append(restricting(21, 1))
        assert len(decisions.named({3, 21}, running.journal.size)) == 2
        assert len(read) == 22
