from __future__ import annotations

import signal
import subprocess
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.homes import invoke


@pytest.mark.parametrize("code", [0, 1, 2])
def test_it_ends_as_its_replay_does(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = import_module("plainview.cli.demo")
    monkeypatch.setattr(demo, "_agree", lambda *_: None)
    monkeypatch.setattr(demo, "_serving", lambda *_: nullcontext("http://127.0.0.1:1"))
    monkeypatch.setattr(demo, "_play", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, code))
    assert invoke("demo", "--home", tmp_path / "town").exit_code == code
