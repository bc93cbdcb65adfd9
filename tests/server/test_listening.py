"""The real server as a process that listens: who else may not, and what it refuses before it is sent."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from bench.serving import Server
from plainview.platform.home import Home
from tests.platform.homes import begun
from tests.server.clients import KERNELS, Client


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("listening") / "home").path


@pytest.fixture(scope="module")
def server(home: Path, cache: Path) -> Iterator[Server]:
    with Server(home, cache, KERNELS) as server:
        server.start()
        yield server


def start(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A server that is not expected to come up."""
    command = [sys.executable, "-m", "plainview.cli", "serve", "--home", str(home), "--port", str(port)]
    environment = os.environ | {"COLUMNS": "500"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_two_servers_on_one_home(home: Path, server: Server) -> None:
    done = start(home, server.port + 1)
    assert done.returncode == 2
    assert re.search(r"process \d+ has this journal open for writing; stop it, or use another directory", done.stderr)
    client = Client(server.port)
    assert client.get("/health")["status"] == "ok"
    client.close()


def test_it_says_in_its_home_where_it_listens(home: Path, server: Server) -> None:
    end = time.monotonic() + 10
    while (found := Home(home).server()) is None and time.monotonic() < end:
        time.sleep(0.01)  # it answers a moment before
    client = Client(server.port)
    assert found == (f"http://127.0.0.1:{server.port}", client.get("/health")["instance"])
    client.close()


def test_two_servers_on_one_port(tmp_path: Path, server: Server) -> None:
    done = start(begun(tmp_path / "home").path, server.port)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{server.port}" in done.stderr
    assert "--port" in done.stderr


def test_a_directory_of_something_else(tmp_path: Path, server: Server) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = start(tmp_path, server.port + 1)
    assert done.returncode == 2
    assert "holds something else (thesis.txt)" in done.stderr


def test_ten_megabytes_are_refused_before_they_are_sent(server: Server) -> None:
    size = 10_000_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(f"POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode())
        connection.sendall(b" " * 1000)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(65536)
            assert part
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("size", [2_000_000, 10_000_000])
def test_who_sends_all_before_listening_hears_it_too(server: Server, size: int) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/v1/events", b" " * size)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"send smaller batches" in answer.read()
    connection.close()


def test_a_chunk_spelt_wrong_is_the_clients_fault(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
