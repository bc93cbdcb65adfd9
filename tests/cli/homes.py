"""A home with a served journal for the commands' tests, and a way to run commands in this process."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from plainview.cli.app import app


def invoke(*arguments: object, **environment: str) -> Result:
    """Run `plainview ARGUMENTS`."""
    env = {"COLUMNS": "160", "TERM": "dumb", "NO_COLOR": "1"} | environment
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)


def one_line(result: Result) -> str:
    """What a failed command said on standard error: one line, no traceback."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    (line,) = result.stderr.strip().splitlines()
    assert "Traceback" not in result.output
    return line


def unset(_: Any) -> None:
    """In place of `kernel_cache`: these tests' kernels were imported long ago."""
