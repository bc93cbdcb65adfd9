from __future__ import annotations

import json
import os
import random
import time
import urllib.request
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from bench.journals import Size, build
from bench.load import Session
from bench.log_cost import interval, measure
from bench.serving import HOST, Server
from bench.unlogged import NOTICED, SWITCH
from plainview.platform.home import Home
from plainview.platform.log.publisher import INTERVAL
from plainview.platform.releases import CACHE


@pytest.mark.timeout(900)
def test_both_sides_are_asked_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "")  # restored afterwards: the bench sets it
    options = Namespace(videos=200, seconds=0.5, rounds=2, seed=1, control=False)
    figures = {figure.figure: figure.value or 0 for figure in measure(tmp_path, options)}
    for side in ("logged", "unlogged"):
        assert figures[f"log_cost.{side}.rate"] > 0
        assert figures[f"log_cost.{side}.cpu"] > 0
    assert figures["log_cost.share.low"] <= figures["log_cost.share"] <= figures["log_cost.share.high"] < 1


@pytest.mark.parametrize(("rounds", "outside"), [(2, 0), (5, 0), (6, 0), (9, 1), (16, 3), (20, 5)])
def test_an_interval_of_the_median_is_between_the_tabled_ranks(rounds: int, outside: int) -> None:
    assert interval(range(rounds, 0, -1)) == (1 + outside, rounds - outside)


@pytest.mark.timeout(900)
def test_the_log_is_switched_off_and_on(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch = tmp_path / "off"
    monkeypatch.setenv(SWITCH, str(switch))
    home = Home(tmp_path / "home")
    build(home, Size(200, 50, 50, 400), 1)
    switch.touch()
    with Server(home.path, cache, Path(os.environ[CACHE]), program="bench.unlogged") as server:
        server.start()
        session = Session(0, random.Random(1))

        def page() -> dict[str, Any]:
            with urllib.request.urlopen(f"http://{HOST}:{server.port}{session.path()}") as answer:
                return json.load(answer)["receipt"]  # type: ignore[no-any-return]

        def checkpoint() -> bytes:
            with urllib.request.urlopen(f"http://{HOST}:{server.port}/log/checkpoint") as answer:
                return answer.read()  # type: ignore[no-any-return]

        before = checkpoint()
        assert not page()["promise"]
        time.sleep(2 * INTERVAL)
        assert checkpoint() == before
        switch.unlink()
        time.sleep(4 * NOTICED)
        assert page()["promise"]
        deadline = time.monotonic() + 30
        while checkpoint() == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
