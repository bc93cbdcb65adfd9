"""What has to hold before a command imports any kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.platform.bytecode import NotAsWritten
from plainview.platform.releases import NotAsLocked
from tests.cli.homes import invoke, one_line


@pytest.mark.parametrize(
    ("check", "error"),
    [
        ("releases.check_locked", NotAsLocked("numpy 0.1 is installed, not 2.1")),
        ("bytecode.check_bytecode", NotAsWritten(Path("ranking.py"), "it is not its source's", Path("__pycache__"))),
    ],
)
def test_nothing_runs_but_the_release(
    check: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(f"plainview.platform.{check}", fails)
    result = invoke("evaluate", "--home", tmp_path)
    assert result.exit_code == 2
    assert one_line(result) == f"error: {error}"
