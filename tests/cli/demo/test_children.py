from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plainview.cli.demo.children import Child

PRINTS = "import sys, time; print('one', flush=True); print('two', file=sys.stderr, flush=True); time.sleep(600)"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that prints two lines and waits."""
    (tmp_path / "waiting.py").write_text(PRINTS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return "waiting"


def test_what_it_prints_is_heard_on_either_output(module: str) -> None:
    began = time.time()
    child = Child(module, [])
    while len(child.said) < 2:
        assert child.code is None
        time.sleep(0.01)
    assert [one.line for one in child.said] == ["one", "two"]
    assert (child.last(), child.last("on")) == ("two", "one")
    heard = child.heard("tw")
    assert heard is not None
    assert heard.at >= began
    assert child.heard("tw", heard.at + 1) is None
    assert child.heard("three") is None
    assert child.end() == child.code != 0


def test_one_that_has_ended_can_be_ended(tmp_path: Path, module: str) -> None:
    (tmp_path / "waiting.py").write_text("raise SystemExit(3)")
    child = Child(module, [])
    while child.code is None:
        time.sleep(0.01)
    assert (child.end(), child.end()) == (3, 3)


def test_it_ends_when_who_started_it_is_killed(tmp_path: Path, module: str) -> None:
    starts = (
        "from plainview.cli.demo.children import Child; import time\n"
        f"child = Child({module!r}, [])\n"
        "while not child.said: time.sleep(0.01)\n"
        "print(child._process.pid, flush=True)\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = Path("/proc", parent.stdout.readline().strip(), "cmdline")
    assert b"waiting" in child.read_bytes()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    while child.exists() and b"waiting" in child.read_bytes():
        time.sleep(0.01)
