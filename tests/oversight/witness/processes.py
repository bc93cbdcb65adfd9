"""The real witness as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.serving import free_port
from plainview.ledger.keys import VerifierKey
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.policy_files import encode_policy
from plainview.oversight.witness.directory import LOGS, make_directory


class Process:
    """`plainview witness serve` on a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self) -> None:
        command = [sys.executable, "-m", "plainview.cli", "witness", "serve", str(self._directory)]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout
        self.said = []
        for line in self._process.stdout:
            self.said.append(line)
            if "answers at" in line:
                return
        raise AssertionError(self.said)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self._process
        self._process.send_signal(number)
        assert self._process.stdout
        self._process.stdout.close()
        return self._process.wait(30)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Status, content type and content."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, timeout=30) as answer:
                return answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read()


def tell_of(directory: Path, *logs: VerifierKey) -> None:
    """Have the witness in that directory know these keys of logs, from its next start on."""
    (directory / LOGS).write_bytes(encode_policy(Policy(tuple(map(Log, logs)), (), (), NO_QUORUM)))


@contextmanager
def two_witnesses(path: Path, log: VerifierKey) -> Iterator[list[tuple[Process, VerifierKey]]]:
    """Of that log, in `path`/w1 and w2, with their keys."""
    started = []
    for name in ("w1", "w2"):
        (key,) = make_directory(path / name, f"{name}.example", ml_dsa_44=False)
        tell_of(path / name, log)
        process = Process(path / name)
        process.start()
        started.append((process, key))
    yield started
    for process, _ in started:
        process.end()
