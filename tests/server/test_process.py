"""The real server as a process: killed at any moment, started twice, stopped."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from bench.serving import Server
from plainview.platform.home import Home
from plainview.platform.releases import CACHE
from plainview.records import Event, Page
from plainview.records.fields import DASHES, to_text
from tests.platform.homes import begun
from tests.platform.towns import now, token

KERNELS = Path(os.environ[CACHE])
"""Those that this process uses, too: compiling them takes a minute."""
VIDEOS = 200
VIEWERS = range(1, 7)


@pytest.fixture(scope="module")
def cache(pytestconfig: pytest.Config) -> Path:
    """Where all servers of all test runs keep their bytecode."""
    return Path(pytestconfig.cache.mkdir("serve"))  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def populated(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A home with videos and viewers, brought in over HTTP."""
    home = tmp_path_factory.mktemp("process") / "home"
    begun(home)
    with Server(home, cache, KERNELS) as server:
        server.start()
        client = Client(server.port)
        for video in range(1, VIDEOS + 1):
            client.post("/v1/videos", {"video": video, "creator": video % 9, "duration": 9000})
        for viewer in VIEWERS:
            client.post("/v1/viewers", {"viewer": viewer})
        client.close()
    return home


@pytest.fixture
def server(populated: Path, cache: Path) -> Iterator[Server]:
    with Server(populated, cache, KERNELS) as server:
        server.start()
        yield server


class Client:
    """One connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, content: Any) -> Any:
        return self._ask("POST", path, json.dumps(content).encode())

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)


class Viewer(threading.Thread):
    """Asks for page after page and tells what it watched, until the server is gone."""

    def __init__(self, port: int, viewer: int) -> None:
        super().__init__()
        self.viewer = viewer
        self.pages: list[dict[str, Any]] = []
        self.events: list[tuple[int, str]] = []
        self.wrong: Exception | None = None
        self._client = Client(port)

    def run(self) -> None:
        try:
            while True:
                session = token()
                for n in range(6):
                    self._turn(session, n)
        except (OSError, HTTPException):
            pass  # the server was killed
        except (AssertionError, LookupError, ValueError) as error:
            self.wrong = error
        finally:
            self._client.close()

    def _turn(self, session: str, n: int) -> None:
        page = self._client.get(f"/v1/feed?viewer={self.viewer}&session={session}&n={n}&nonce={token()}&limit=5")
        self.pages.append(page["receipt"])
        events = [
            {
                "id": token(), "viewer": self.viewer, "page": page["receipt"]["index"], "position": position,
                "video": shown["video"]["id"], "action": "view", "watched": 9000, "at": now(),
            }
            for position, shown in enumerate(page["videos"])
        ]  # fmt: skip
        answer = self._client.post("/v1/events", {"events": events})
        self.events += [(result["index"], one["id"]) for result, one in zip(answer["results"], events, strict=True)]


def kill_under_load(home: Path, cache: Path, chance: random.Random) -> int:
    """One round; returns how many records were acknowledged before the kill, all of which are there."""
    with Server(home, cache, KERNELS) as server:
        server.start()
        viewers = [Viewer(server.port, viewer) for viewer in VIEWERS]
        for viewer in viewers:
            viewer.start()
        time.sleep(chance.uniform(0.2, 2.0))
        server.kill()
        for viewer in viewers:
            viewer.join()
    assert [viewer.wrong for viewer in viewers if viewer.wrong] == []
    reader = Home(home).read()
    for viewer in viewers:
        for receipt in viewer.pages:
            entry = reader.entry(receipt["index"])
            assert isinstance(entry.record, Page)
            assert entry.record.viewer == viewer.viewer
            assert to_text(entry.commitment or b"") == receipt["commitment"]
        for index, id_ in viewer.events:
            record = reader.entry(index).record
            assert isinstance(record, Event)
            assert (record.viewer, record.id) == (viewer.viewer, id_)
    assert sum(1 for _ in reader.read()) == reader.size
    reader.close()
    return sum(len(viewer.pages) + len(viewer.events) for viewer in viewers)


def whole(home: Path, cache: Path) -> None:
    """The server starts again, answers, and its epochs chain."""
    with Server(home, cache, KERNELS) as server:
        server.start()
        server.first_page(viewer=1)
    reader = Home(home).read()
    parent = None
    for entry in reader.of_kind("epoch"):
        epoch: Any = entry.record
        assert parent is None or epoch.parent == parent
        parent = epoch.digest
        last = epoch
    assert last.state != DASHES
    reader.close()


def test_killed_under_load_nothing_acknowledged_is_lost(populated: Path, cache: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    chance = random.Random(seed)
    assert sum(kill_under_load(populated, cache, chance) for _ in range(3)) > 0
    whole(populated, cache)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_fifty_times(populated: Path, cache: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    print("seed", seed)
    chance = random.Random(seed)
    assert sum(kill_under_load(populated, cache, chance) for _ in range(50)) > 1000
    whole(populated, cache)


def start(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    """A server that is not expected to come up."""
    command = [sys.executable, "-m", "plainview.cli", "serve", "--home", str(home), "--port", str(port)]
    environment = os.environ | {"COLUMNS": "500"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


def test_two_servers_on_one_home(populated: Path, server: Server) -> None:
    done = start(populated, server.port + 1)
    assert done.returncode == 2
    assert re.search(r"process \d+ has this journal open for writing; stop it, or use another directory", done.stderr)
    client = Client(server.port)
    assert client.get("/health")["status"] == "ok"
    client.close()


def test_it_says_in_its_home_where_it_listens(populated: Path, server: Server) -> None:
    end = time.monotonic() + 10
    while (found := Home(populated).server()) is None and time.monotonic() < end:
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


def test_a_chunk_spelt_wrong_is_the_clients_fault(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_it_keeps_a_snapshot(populated: Path, cache: Path, number: signal.Signals) -> None:
    with Server(populated, cache, KERNELS) as server:
        server.start()
        server.first_page(viewer=2)
        assert server.stop(number) == 0
    reader = Home(populated).read()
    last: Any = reader.entry(reader.size - 1).record
    assert last.state != DASHES
    assert last.upto == reader.size - 1
    assert Home(populated).epochs.snapshots()[0].epoch == last.epoch
    reader.close()


def test_a_page_is_the_same_after_a_restart(populated: Path, cache: Path) -> None:
    path = f"/v1/feed?viewer=3&session={token()}&n=0&nonce={token()}"
    pages = []
    for _ in range(2):
        with Server(populated, cache, KERNELS) as server:
            server.start()
            client = Client(server.port)
            pages.append(client.get(path))
            assert client.get(f"/v1/pages/{pages[0]['receipt']['index']}")["identical"]
            client.close()
    assert pages[0] == pages[1]
