from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import plainview
from tests.cli.homes import invoke, one_line


def test_every_command_is_listed() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for name in ("demo", "evaluate", "feed", "import", "replay", "serve"):
        assert f" {name} " in result.output


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"plainview {plainview.__version__}\n")


def test_help_needs_nothing_heavy() -> None:
    script = "import sys, plainview.cli; print(*{'litestar', 'numba', 'numpy', 'sqlalchemy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_commands_of_their_own_app_take_their_own_help_and_options() -> None:
    assert "kuairand" in invoke("import", "--help").output
    assert "--port" in invoke("serve", "--help").output
    result = invoke("import", "nothing-like-it")
    assert result.exit_code == 2


def test_a_mistyped_command_is_a_sentence() -> None:
    result = invoke("reply")
    assert result.exit_code == 2
    assert "No such command" in result.output


def test_the_module_runs_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("plainview ")


def test_the_home_of_a_mounted_app_is_found_for_its_kernels(tmp_path: Path) -> None:
    from plainview.cli import _home_in

    assert _home_in(["kuairand", "x", "--home", str(tmp_path)]) == tmp_path
    assert _home_in([f"--home={tmp_path}"]) == tmp_path
    assert _home_in(["--port", "1"]) is None


def test_no_home_is_told_in_a_sentence(tmp_path: Path) -> None:
    for command in (["replay", "--all"], ["evaluate"], ["feed", "1"]):
        result = invoke(*command, "--home", tmp_path / "nothing")
        assert result.exit_code == 2, command
        assert one_line(result).startswith("error: ")
        assert str(tmp_path) in result.stderr
