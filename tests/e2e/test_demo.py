"""The whole of it, as somebody meets it who has just installed it: `plainview demo`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
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
    assert (
        f"all their keys were made here, each in a directory of its own in {tmp_path / 'town-parties'}" in done.stdout
    )
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_its_server_ends_with_it_however_it_ends(number: signal.Signals, tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "plainview.cli", "demo"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None,
    )
    while not (servers := serving(tmp_path)):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(number)
    running.wait()
    while serving(tmp_path) == servers:
        time.sleep(0.01)
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == []


def serving(place: Path) -> set[str]:
    """Processes that serve a data directory below `place`."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if f"\0serve\0--home\0{place}/".encode() in file.read_bytes():
                found.add(file.parent.name)
    return found
