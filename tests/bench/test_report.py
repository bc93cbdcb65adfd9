from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from bench.report import Figure, arguments, data_digest, machine, percentile, print_figures, release_digest
from plainview.records.fields import to_text

FIGURES = [
    Figure(
        figure=f"feed.p{percent}",
        value=12.5 * percent,
        unit="ms",
        peer="another" if percent == 50 else "",
        peer_value=99.0 if percent == 50 else None,
        protocol="100 pages, one caller",
        data_digest="d" * 43,
        release_digest="r" * 43,
        seed=7,
    )
    for percent in (50, 99)
]


def test_json_is_one_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(FIGURES, as_json=True)
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [list(line) for line in lines] == [
        ["figure", "value", "unit", "peer", "peer_value", "protocol", "data_digest", "release_digest", "seed"]
    ] * 2
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
        "r" * 43,
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


def test_a_data_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    expected = to_text(hashlib.sha256(b"plainview/files/v1\0a\x003\0oneb\x003\0two").digest())
    assert data_digest([tmp_path / "b", tmp_path / "a"]) == expected
    (tmp_path / "a").rename(tmp_path / "c")
    assert data_digest([tmp_path / "b", tmp_path / "c"]) != expected


def test_percentiles_are_samples() -> None:
    samples = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(samples, percent) for percent in (0, 20, 21, 50, 99, 100)] == [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]
    with pytest.raises(ValueError, match="at least one sample"):
        percentile([], 50)


def test_there_is_a_release_digest() -> None:
    assert len(release_digest()) == 43
