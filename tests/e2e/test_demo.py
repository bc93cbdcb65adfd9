"""The whole of it, as somebody meets it who has just installed it: `plainview demo`."""

from __future__ import annotations

import os
import re
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


def test_the_whole_arrangement_is_played_and_comes_out(tmp_path: Path) -> None:
    place = tmp_path / "town"
    done = demo("--seconds", 2, "--seed", 3, "--directory", place)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    for act in ("charter", "licence", "submission", "build", "result", "approval", "revocation"):
        assert re.search(rf"^   record +[0-9,]+  {act}\b", said, re.MULTILINE), said
    assert "all identical, bit for bit" in said
    assert re.search(r"found after [0-9.]+ s: computed again, record [0-9,]+ is not what the log has: ", said)
    assert "Proven: only that records " in said
    assert "Service goes on, on the baseline: " in said
    assert "They are the very pages that the partner's program had found" in said
    assert "Everything came out as it must." in said
    assert f"plainview serve --home {place / 'home'} --port " in said
    # What was replayed had nothing but the journal.
    home = place / "home"
    assert not (home / "objects").exists()
    assert not (home / "projections").exists()
    assert (home / "journal.sqlite").exists()


@pytest.mark.parametrize(
    ("number", "children"), [(signal.SIGINT, 1), (signal.SIGTERM, 2), (signal.SIGHUP, 1), (signal.SIGKILL, 1)]
)
def test_all_that_it_started_ends_with_it_however_it_ends(
    number: signal.Signals, children: int, tmp_path: Path
) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "plainview.cli", "demo"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None,
    )
    while len(started := working(tmp_path)) < children:
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(number)
    running.wait()
    while working(tmp_path) & started:
        time.sleep(0.01)
    if number != signal.SIGKILL:
        assert running.returncode == 130
        assert list(tmp_path.iterdir()) == []


def working(place: Path) -> set[str]:
    """Processes that were given something below `place` to work on."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if f"{place}/".encode() in file.read_bytes():
                found.add(file.parent.name)
    return found
