"""`plainview oversee run` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.serving import free_port


class Partner:
    """The partner's program on a directory, of whose lines `said` are all that it printed."""

    def __init__(self, directory: Path, charter: str, url: str, kernels: Path) -> None:
        self._directory, self._charter, self._url, self._kernels = directory, charter, url, kernels
        self.port = free_port()
        self.said: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [
            sys.executable, "-m", "plainview.cli", "oversee", "run", str(self._directory), f"--charter={self._charter}",
            "--url", self._url, "--port", str(self.port), "--every", "0.2", "--rerun-every", "2", "--sample", "20",
            "--canaries", "3", "--canary-every", "0.5",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, env=os.environ | {"NUMBA_CACHE_DIR": str(self._kernels)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._hear, args=(self._process,), daemon=True).start()
        self.hears("answers at")

    def hears(self, words: str, seconds: float = 60) -> str:
        """The first line with these words, once it is said."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.said):
                if words in line:
                    return line
            time.sleep(0.05)
        raise AssertionError(f"{words!r} was not said: {self.said}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def _hear(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip("\n"))
        process.stdout.close()
