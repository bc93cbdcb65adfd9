"""The whole of it, as somebody meets it who has just installed it: `plainview demo`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)


def demo(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plainview.cli", "demo", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "140"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_town_is_played_and_every_page_comes_out_again(tmp_path: Path) -> None:
    home = tmp_path / "town"
    done = demo("--seconds", 4, "--seed", 3, "--home", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "long views, personal" in done.stdout
    assert "long views, plain" in done.stdout
    closing = next(line for line in done.stdout.splitlines() if line.endswith("pages re-run, 100 % identical."))
    assert int(closing.split()[0].replace(",", "")) > 20
    assert f"plainview serve --home {home}" in done.stdout
    # What was replayed had nothing but the journal.
    assert not (home / "objects").exists()
    assert not (home / "projections").exists()
    assert (home / "journal.sqlite").exists()


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    done = demo("--home", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "precious").read_text() == "x"
