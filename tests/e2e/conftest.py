"""A server whose log a real witness cosigns, and a browser: of each module its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from bench.serving import Server
from plainview.ledger.policies import Policy, Witness
from plainview.oversight.witness.directory import make_directory
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from tests.e2e.app import Platform
from tests.oversight.witness.processes import Process, tell_of
from tests.platform.homes import amendment, charter_of
from tests.platform.parties import Parties
from tests.platform.towns import open_town, populate
from tests.server.clients import KERNELS, Client

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VIDEOS = 400


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("app") / "home"
    with open_town(home) as town:
        populate(town, VIDEOS)
    logs = charter_of(home).policy.logs
    (key,) = make_directory(home.with_name("witness"), "north.example", ml_dsa_44=False)
    tell_of(home.with_name("witness"), *(log.key for log in logs))
    witness = Process(home.with_name("witness"))
    with ExitStack() as stack:
        witness.start()
        stack.callback(witness.end)
        north = Witness("north", key, f"http://127.0.0.1:{witness.port}")
        adopt(Home(home), amendment(home, policy=Policy(logs, (north,), (), "north")))
        server = Server(home, cache, KERNELS)
        server.start()
        stack.callback(server.stop)
        client = Client(server.port)
        stack.callback(client.close)
        yield Platform(f"http://127.0.0.1:{server.port}/", client, Parties(home))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is here: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()
