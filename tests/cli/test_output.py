"""Commands in processes of their own, whose standard output cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = {"full": "No space left on device", "closed": "Bad file descriptor"}


def printing(place: str, *arguments: object, **environment: str) -> tuple[int, str]:
    """Exit code and what was said on standard error."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "plainview.cli", *map(str, arguments)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ | environment,
            preexec_fn=(lambda: os.close(1)) if place == "closed" else None,
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("verify", "--help")])
def test_it_is_told_in_one_sentence(arguments: tuple[str, ...], unbuffered: str, place: str) -> None:
    code, said = printing(place, *arguments, PYTHONUNBUFFERED=unbuffered)
    assert (code, said) == (2, f"error: standard output cannot be written ({PLACES[place]}): give it another place\n")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", PLACES)
def test_replay_has_a_code_of_its_own_for_it(place: str, served: Path) -> None:
    code, said = printing(place, "replay", "--all", "--home", served)
    assert (code, said) == (1, f"error: standard output cannot be written ({PLACES[place]}): give it another place\n")


def test_a_reader_who_has_read_enough_is_told_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "plainview.cli", "verify", "--help"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "\\udcff█\n"), ("ascii", "\\udcff\\u2588\n")])
def test_what_its_encoding_has_not_is_escaped(encoding: str, shown: str) -> None:
    script = r"from plainview.cli.output import watch_output; watch_output(2); print('\udcff\u2588')"
    environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, shown.encode(), b"")
