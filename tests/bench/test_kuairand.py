"""The command: figures, plugging in, the placebo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import kuairand
from bench.clean_protocol import REGIMES
from bench.impression_log import Log
from bench.peers.clean_features import CleanFeatures
from bench.peers.popularity import Popularity
from tests.bench.logs import FIRST, random_log


def ranker(log: Log, seed: int) -> Popularity:
    return Popularity(log, seed, "rate")


features = CleanFeatures


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has the bench find a synthetic log instead of a data set."""
    file = tmp_path / "interactions.parquet"
    file.write_bytes(b"stands for the data")
    monkeypatch.setattr(kuairand, "load", lambda folder: (random_log(), [file]))
    return tmp_path


def figures(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict[str, object]]:
    window = ["--test-from", str(FIRST + 3), "--test-to", str(FIRST + 4)]
    kuairand.main([*window, "--json", *options])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["figure"]: line for line in lines}


def test_every_figure_with_its_best_peer(read: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = figures(capsys, "--ranker", f"{__name__}:ranker", "--features", f"{__name__}:features")
    names = [
        f"{view}{name}.{regime}"
        for regime in REGIMES
        for view in ("", "session.")
        for name in ("primary", "gauc", "ndcg5")
    ]
    assert set(found) == {*names, *(f"guard.primary.{regime}" for regime in REGIMES)}
    for name in names:
        assert 0 < found[name]["value"] <= 1  # type: ignore[operator]
        assert found[name]["peer"]


def test_without_a_ranker_only_peers_are_measured(read: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--ranker",
        "bench.nothing:there",
        "--features",
        "bench.nothing:there",
        "--regimes",
        "frozen",
        "--placebo",
    )
    found = figures(capsys, *options)
    assert found["primary.frozen"]["value"] is None
    assert "placebo: times shuffled" in str(found["primary.frozen"]["protocol"])
    assert "no ranker at bench.nothing:there" in str(found["primary.frozen"]["protocol"])
    assert "primary.daily" not in found


def test_a_ranker_that_cannot_be_imported_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_ranker.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        kuairand.plugged("broken_ranker:ranker")
    assert kuairand.plugged("bench.kuairand:nothing_of_that_name") is None
