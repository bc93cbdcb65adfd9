"""What the demo starts beside itself: the operator's server, the partner's program, each a process of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, NamedTuple

HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Said(NamedTuple):
    """A line that a process printed."""

    at: float
    """Unix seconds."""
    line: str


class Child:
    """A module run by this Python until `end`, which ends in any case when this process does."""

    def __init__(self, module: str, arguments: Sequence[str], **environment: str) -> None:
        self.said: list[Said] = []
        """What it printed, on either output."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | environment,
            preexec_fn=end_with_parent,
        )
        assert self._process.stdout is not None
        self._hearing = threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True)
        self._hearing.start()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def heard(self, words: str, since: float = 0.0) -> Said | None:
        """The first line with these words that it printed after `since`, in Unix seconds."""
        return next((one for one in list(self.said) if one.at >= since and words in one.line), None)

    def last(self, words: str = "") -> str:
        """The last line with these words; empty where there is none."""
        return next((one.line for one in reversed(list(self.said)) if words in one.line), "")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Have it stop: its exit code. One that does not within a minute, or while nobody waits for it, is killed."""
        self._process.send_signal(number)
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._process.wait()
        self._hearing.join()
        return self._process.returncode

    def _hear(self, output: IO[str]) -> None:
        with output:
            for line in output:
                if line := line.strip():
                    self.said.append(Said(time.time(), line))


def end_with_parent() -> None:
    """In a child: SIGTERM for it when this process ends, however it does (prctl(2))."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """A port of this machine's that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
