from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from bench import memory
from bench.memory import MIB, Sample, slope


@pytest.mark.timeout(900)
def test_memory_is_watched_and_the_journal_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "IN_SESSION", 20)
    options = Namespace(videos=200, viewers=50, seconds=2, rate=10, seed=1)
    first: list[str] = []
    second: list[str] = []
    figures = {figure.figure: figure for figure in memory.measure(tmp_path, options, first.append)}
    assert figures["memory.peak"].value >= figures["memory.load"].value >= figures["memory.anonymous"].value > 10  # type: ignore[operator]
    assert figures["memory.failed"].value == 0
    assert figures["memory.growth"].value is not None
    again = memory.measure(tmp_path, options, second.append)
    assert {figure.data_digest for figure in again} == {figures["memory.peak"].data_digest}
    assert "Writing records: 851 of 851" in first
    assert not any("Writing" in line for line in second)


def test_a_journal_left_unfinished_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.sqlite").touch()
    options = Namespace(videos=200, viewers=50, seconds=2, rate=10, seed=1)
    with pytest.raises(RuntimeError, match="was left unfinished"):
        memory.measure(tmp_path, options, print)


def test_the_slope_is_that_of_the_line_through_all_samples() -> None:
    line = [Sample(seconds, (100 + seconds) * MIB, 100 * MIB) for seconds in range(60)]
    assert slope(line, "resident") == pytest.approx(3600)
    assert slope(line, "anonymous") == pytest.approx(0)
    assert slope(line[:1], "resident") is None
