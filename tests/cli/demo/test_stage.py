from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from plainview.cli import act_answers
from plainview.cli.demo.children import Said
from plainview.cli.demo.scenes import charter
from plainview.cli.demo.stage import Missed, Rerun, Stage
from plainview.cli.errors import CommandError
from plainview.ledger.acts import Finding
from plainview.ledger.opening import verified_signatures
from plainview.platform.town import Moment


class Heard:
    """A process that said these lines; `code` is its exit code."""

    def __init__(self, *lines: str, code: int | None = None) -> None:
        self.code = code
        self.said = [Said(0.0, line) for line in lines]

    def last(self, words: str = "") -> str:
        return next((one.line for one in reversed(self.said) if words in one.line), "")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Its charter is signed; nobody serves, and its town plays for a second at most."""
    with ExitStack() as stack:
        made = Stage(Console(file=StringIO(), width=60), tmp_path, 1, 1, stack)
        charter.play(made)
        made.partner = Heard("it began")  # type: ignore[assignment]

        def plays(seconds: float, threads: int, told: Callable[[Moment], None], over: Callable[[], bool]) -> bool:
            arms = {"personal": 0, "plain": 0}
            told(Moment(1.0, 0, 0, 0, arms, arms, 0))
            return any(over() or time.sleep(0.01) for _ in range(100))

        made.town.play = plays  # type: ignore[method-assign,assignment]
        yield made


def said(stage: Stage) -> str:
    assert isinstance(stage.out.file, StringIO)
    return stage.out.file.getvalue()


def test_what_the_partner_says_is_read(stage: Stage) -> None:
    assert stage.rerun() == Rerun(0, 0, 0, "")
    stage.partner = Heard("records below 1,543 re-run: 1,027 pages, 1,025 identical")  # type: ignore[assignment]
    assert stage.rerun() == Rerun(1543, 1027, 1025, "")
    other = "records below 9 re-run: 2 pages, 1 identical, 1 of other releases not re-run"
    stage.partner = Heard(other, "draw 2 is announced")  # type: ignore[assignment]
    assert stage.rerun() == Rerun(9, 2, 1, ", 1 of other releases not re-run")


def test_what_takes_too_long_is_said_with_the_partners_last_words(stage: Stage) -> None:
    stage.until(lambda: True, "nothing")
    with pytest.raises(Missed, match=r"it did not come within 90 s\. The partner's program said last: it began"):
        stage.until(lambda: False, "it did not come")
    with pytest.raises(Missed, match="it did not come within 0 s"):
        stage.wait(lambda: False, "it did not come", 0)


def test_the_play_ends_where_a_process_does(stage: Stage) -> None:
    stage.partner = Heard("error: its disk is full", code=2)  # type: ignore[assignment]
    for step in (lambda: stage.play(1), lambda: stage.wait(lambda: False, "nothing")):
        with pytest.raises(CommandError, match="a process ended with code 2: error: its disk is full"):
            step()


def test_a_command_that_fails_is_said_with_its_last_line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/echo")
    assert stage.run("it", "show", "--all") == ["-m plainview.cli show --all"]
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Missed, match="it ended with code 1: it said nothing"):
        stage.run("it")


def test_an_act_is_signed_by_who_it_says_and_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    act = Finding(stage.charter.origin, bytes(32), 7, "it is not so")
    handed: list[Any] = []

    def hand_in(_: object, note: Any) -> SimpleNamespace:
        handed.append(note)
        return SimpleNamespace(index=12, counts=len(handed) == 1, reason="too early")

    monkeypatch.setattr(act_answers, "hand_in", hand_in)
    assert stage.say(act, "auditor", "partner") == 12
    roles = {party.key: party.role for party in stage.charter.parties}
    assert [roles[one.key] for one in verified_signatures(handed[0], list(roles))] == ["auditor", "partner"]
    assert "record     12  finding     signed by auditor and partner" in said(stage)
    with pytest.raises(Missed, match="the finding by auditor does not count: too early"):
        stage.say(act, "auditor")


def test_lines_are_folded_where_the_terminal_ends(stage: Stage) -> None:
    before = len(said(stage))
    stage.tell("word " * 30)
    lines = said(stage)[before:].splitlines()
    assert len(lines) > 1
    assert all(line.startswith("   word") and len(line) <= 60 and line == line.rstrip() for line in lines)
