from __future__ import annotations

import json
import os
import random
import urllib.request
from argparse import Namespace
from pathlib import Path

import pytest

from bench.journals import Size, build
from bench.load import Session
from bench.log_cost import measure
from bench.serving import HOST, Server
from plainview.platform.home import Home
from plainview.platform.releases import CACHE


@pytest.mark.timeout(900)
def test_both_servers_are_asked_and_compared(tmp_path: Path) -> None:
    options = Namespace(videos=200, seconds=0.5, rounds=2, seed=1)
    figures = {figure.figure: figure.value for figure in measure(tmp_path, options)}
    assert figures["log_cost.rate"] > 0  # type: ignore[operator]
    assert figures["log_cost.rate.unlogged"] > 0  # type: ignore[operator]
    assert figures["log_cost.share.least"] <= figures["log_cost.share"] <= figures["log_cost.share.most"] < 1  # type: ignore[operator]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("program", "logs"), [("plainview.cli", True), ("bench.unlogged", False)])
def test_of_the_two_one_has_no_log(tmp_path: Path, cache: Path, program: str, logs: bool) -> None:
    home = Home(tmp_path / "home")
    build(home, Size(200, 50, 50, 400), 1)
    with Server(home.path, cache, Path(os.environ[CACHE]), program=program) as server:
        server.start()
        page = Session(0, random.Random(1)).path()
        with urllib.request.urlopen(f"http://{HOST}:{server.port}{page}") as answer:
            assert bool(json.load(answer)["receipt"]["promise"]) is logs
