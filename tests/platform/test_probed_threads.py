"""Every thread that ranks or folds is probed before it does; one that fails does neither."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from plainview.feed.probe import ProbeFailed, probe
from plainview.platform import learner, serving
from tests.platform.played import application, play


def test_threads_that_rank_and_the_one_that_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probed: dict[str, set[str]] = {"serving": set(), "learner": set()}

    def counting(room: str) -> None:
        probe()
        probed[room].add(threading.current_thread().name)

    monkeypatch.setattr(serving, "probe", lambda: counting("serving"))
    monkeypatch.setattr(learner, "probe", lambda: counting("learner"))
    with application(tmp_path / "home") as running:
        play(running, 30, threads=3)
    assert len(probed["serving"]) == 3
    assert "learner" in probed["learner"]


def test_a_thread_that_fails_ranks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with application(tmp_path / "home") as running:

        def failing() -> None:
            raise ProbeFailed("this thread rounds upward")

        monkeypatch.setattr(serving, "probe", failing)
        with pytest.raises(ProbeFailed):
            play(running, 3)
        assert not list(running.journal.of_kind("page"))
