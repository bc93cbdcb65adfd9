from __future__ import annotations

from pathlib import Path

import pytest

from bench import journal


def test_every_figure_is_there_with_its_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "BATCHES", {20: 3, 1: 4})
    monkeypatch.setattr(journal, "THREADS", 3)
    monkeypatch.setattr(journal, "EACH", 5)
    figures = journal.measure(tmp_path, seed=1)
    names = [f"journal.append.{size}.{what}" for size in (20, 1) for what in ("rate", "p50", "p99", "cpu")]
    names += [f"journal.append.grouped.{what}" for what in ("p50", "p99", "rate")]
    assert [figure.figure for figure in figures] == names
    assert all(figure.value and figure.value > 0 for figure in figures)
    assert all(figure.peer_value for figure in figures if "grouped" not in figure.figure)
    assert len({figure.data_digest for figure in figures}) == 1
