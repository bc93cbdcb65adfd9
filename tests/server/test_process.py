"""The real server as a process: killed at any moment, stopped, started again."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from bench.serving import Server
from plainview.platform.home import Home
from plainview.records import Event, Page
from plainview.records.fields import DASHES, to_text
from tests.platform.homes import begun
from tests.platform.towns import token
from tests.server.clients import KERNELS, VIEWERS, Client, Viewer

VIDEOS = 200


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
