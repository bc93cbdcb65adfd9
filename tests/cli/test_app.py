from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import plainview
from plainview.cli import main
from plainview.platform import releases
from tests.cli.homes import invoke, one_line
from tests.platform.forging import execute, flip


def test_every_command_is_listed() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for name in ("demo", "evaluate", "feed", "import", "mirror", "replay", "serve", "verify", "witness"):
        assert f" {name} " in result.output


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"plainview {plainview.__version__}\n")


def test_help_needs_nothing_heavy() -> None:
    script = "import sys, plainview.cli.app; print(*{'litestar', 'numba', 'numpy', 'sqlalchemy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_commands_of_their_own_app_take_their_own_help_and_options() -> None:
    for command, said in (("import", "kuairand"), ("serve", "--port"), ("evaluate", "--batch")):
        for asked in ("--help", "-h"):
            output = invoke(command, asked).output
            assert said in output
            assert re.search(r"--help +-h ", output)
            assert "completion" not in output
    result = invoke("import", "nothing-like-it")
    assert result.exit_code == 2


def test_a_mistyped_command_is_a_sentence() -> None:
    result = invoke("reply")
    assert result.exit_code == 2
    assert "No such command" in result.output


@pytest.mark.parametrize(("command", "broken"), [("mirror", "mirror._opened"), ("verify", "verify._policy")])
@pytest.mark.parametrize("error", [RuntimeError("a mistake"), ModuleNotFoundError("a module", name="plainview.x")])
def test_a_mistake_of_the_program_is_no_verdict(
    command: str, broken: str, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    module = import_module(f"plainview.cli.{command}")
    monkeypatch.setattr(module, broken.partition(".")[2], fail)
    monkeypatch.setattr(sys, "argv", ["plainview", command, "file", "--policy", "policy"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert str(error) in said


def test_the_module_runs_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plainview.cli", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("plainview ")


@pytest.mark.parametrize(
    "command", [("replay", "--all"), ("evaluate",), ("feed", "1"), ("import", "kuairand", "nowhere"), ("serve",)]
)
def test_kernels_are_never_taken_from_the_data_directory(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Path] = []
    monkeypatch.setattr(releases, "kernel_cache", kept.append)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").touch()  # so that no command gets far
    invoke(*command, "--home", home)
    assert kept
    assert set(kept) == {tmp_path / "cache" / "plainview" / "kernels"}


def test_no_home_is_told_in_a_sentence(tmp_path: Path) -> None:
    for command in (["replay", "--all"], ["evaluate"], ["feed", "1"]):
        result = invoke(*command, "--home", tmp_path / "nothing")
        assert result.exit_code == 2, command
        assert one_line(result).startswith("error: ")
        assert str(tmp_path) in result.stderr


@pytest.mark.parametrize(
    "command", [("replay", "--all"), ("evaluate",), ("feed", "1"), ("import", "kuairand", "x"), ("serve",)]
)
def test_a_home_that_is_a_file_is_told_in_a_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.touch()
    result = invoke(*command, "--home", home)
    assert result.exit_code == 2
    assert f"error: {home} cannot be used as data directory (it is a file)" in one_line(result)


def test_a_missing_record_is_told_with_what_to_do_once(served: Path) -> None:
    execute(served, "DELETE FROM records WHERE idx BETWEEN 90 AND 95")
    said = one_line(invoke("evaluate", "--home", served))
    assert said.startswith("error: record 90, index: records 90 to 95 are missing. ")
    assert said.count("restore") == 1


@pytest.mark.parametrize("command", [("serve",), ("feed", "1"), ("evaluate",)])
@pytest.mark.parametrize("index", [0, 2])
def test_a_damaged_record_is_named_with_what_to_do(command: tuple[str, ...], index: int, served: Path) -> None:
    flip(served, index, "body", 99)
    result = invoke(*command, "--home", served)
    assert result.exit_code == 2
    said = one_line(result)
    assert f"error: record {index}, " in said
    assert said.endswith("on this directory names all that differs; restore the journal from a copy")
