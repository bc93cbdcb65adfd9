from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.report import Figures, arguments, machine, percentile, print_figures
from plainview.platform.releases import installed_digest

FIGURES = Figures("feed", "d" * 43, 7)
FIGURES.add("p50", 625.0, "ms", "100 pages, one caller", "another", 99.0)
FIGURES.add("p99", 1237.5, "ms", "100 pages, one caller")


def test_json_is_one_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(FIGURES, as_json=True)
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [list(line) for line in lines] == [
        ["figure", "value", "unit", "peer", "peer_value", "protocol", "data_digest", "release_digest", "seed"]
    ] * 2
    assert [line["figure"] for line in lines] == ["feed.p50", "feed.p99"]
    assert {line["release_digest"] for line in lines} == {installed_digest()}
    assert [line["value"] for line in lines] == [625.0, 1237.5]
    assert [line["peer_value"] for line in lines] == [99.0, None]
    assert captured.err.startswith("machine: cpu ")


def test_the_table_has_everything_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(FIGURES, as_json=False)
    shown = capsys.readouterr().out
    for part in (
        "feed.p50",
        "625",
        "1,238",
        "ms",
        "another",
        "99",
        "protocol 1: 100 pages",
        installed_digest(),
        "d" * 43,
        "seed: 7",
    ):
        assert part in shown
    assert "protocol 2" not in shown
    assert "machine: cpu " in shown


def test_the_machine() -> None:
    found = machine()
    assert list(found) == ["cpu", "cores", "memory", "python", "numpy", "numba"]
    assert all(found.values())


def test_what_every_bench_takes() -> None:
    options = arguments("what it measures", seed=3).parse_args(["--json", "--data", "somewhere"])
    assert (options.json, options.data, options.seed) == (True, Path("somewhere"), 3)
    assert arguments("what it measures").parse_args([]).data is None


def test_percentiles_are_samples() -> None:
    samples = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(samples, percent) for percent in (0, 20, 21, 50, 99, 100)] == [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]
    with pytest.raises(ValueError, match="at least one sample"):
        percentile([], 50)
