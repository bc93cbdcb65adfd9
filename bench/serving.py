"""The real server as a child process, for benches: started, measured from outside, stopped."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from plainview.cli.demo.children import HOST, free_port
from plainview.records.fields import to_text

__all__ = ["HOST", "Server", "free_port"]

_TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """`plainview serve` on one home. Its bytecode is kept in `cache`, its kernels there too or in `kernels`.

    `program` is the module that is run as `plainview`.
    """

    def __init__(self, home: Path, cache: Path, kernels: Path | None = None, *, program: str = "plainview.cli") -> None:
        self._home = home
        self._program = program
        self._cache = cache
        self._kernels = cache / "kernels" if kernels is None else kernels
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = 600) -> float:
        """Seconds until a page could be asked for. Raises RuntimeError where the server ends before."""
        environment = os.environ | {
            "NUMBA_CACHE_DIR": str(self._kernels),
            "PYTHONPYCACHEPREFIX": str(self._cache / "bytecode"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", self._program, "serve", "--home", str(self._home), "--port", str(self.port)]
        began = time.perf_counter()
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        while time.perf_counter() - began < patience:
            if self._process.poll() is not None:
                raise RuntimeError(self.state)
            try:
                urllib.request.urlopen(f"http://{HOST}:{self.port}/health", timeout=5).read()
                return time.perf_counter() - began
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"no answer within {patience} s")

    def first_page(self, viewer: int) -> None:
        """The first page of a new session."""
        session, nonce = to_text(secrets.token_bytes(16)), to_text(secrets.token_bytes(16))
        path = f"/v1/feed?viewer={viewer}&session={session}&n=0&nonce={nonce}"
        urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=30).read()

    @property
    def state(self) -> str:
        """Whether it runs; where it has ended by itself, how, and what it said."""
        if self._process is None:
            return "the server was stopped"
        status = self._process.poll()
        if status is None:
            return "the server runs"
        assert self._process.stderr is not None
        return f"the server has ended ({status}): {self._process.stderr.read().decode(errors='replace')}"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """As an operator does. Returns the exit status; 0 where it was stopped before."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        return self._ended()

    def kill(self) -> None:
        """As a power cut does. Raises RuntimeError where it has ended by itself before."""
        if self._process is not None:
            if self._process.poll() is not None:
                raise RuntimeError(self.state)
            self._process.kill()
            self._ended()

    def _ended(self) -> int:
        assert self._process is not None
        status = self._process.wait(120)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None
        return status

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self, name: str = "VmHWM") -> int:
        """Bytes: the peak of the resident set, or VmRSS for what it is now."""
        for line in self._proc("status").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"/proc has no {name}")

    def load(self, kind: str, **plan: Any) -> dict[str, Any]:
        """Run `bench.load` as a process of its own; its result, with `server_cpu_seconds` added."""
        before = self.cpu_seconds()
        text = json.dumps(plan | {"kind": kind, "host": HOST, "port": self.port})
        done = subprocess.run([sys.executable, "-m", "bench.load", text], stdout=subprocess.PIPE, check=True)
        result: dict[str, Any] = json.loads(done.stdout)
        return result | {"server_cpu_seconds": self.cpu_seconds() - before}

    def _proc(self, name: str) -> str:
        if self._process is None:
            raise ProcessLookupError("the server does not run")
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
