from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plainview.cli import serve
from plainview.cli.demo import dishonest
from plainview.feed.configuration import DEFAULT
from plainview.feed.heads import HEADS
from plainview.feed.pipeline import Pipeline
from plainview.platform import serving

HONEST = Pipeline.of(DEFAULT)


def test_it_ranks_otherwise_once_the_file_is_there_and_in_one_personal_page_of_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = tmp_path / "switch"
    served: list[list[str]] = []
    weighed: list[Any] = []
    monkeypatch.setattr(serving, "rank", lambda pipeline, *_: weighed.append(pipeline.weights))
    monkeypatch.setattr(serve, "app", lambda arguments, **_: served.append(arguments))
    monkeypatch.setattr(sys, "argv", ["dishonest", str(switch), "--port", "1"])
    dishonest.main()
    assert served == [["--port", "1"]]

    def ranked(mode: str, times: int) -> int:
        """How many pages of so many were not ranked by the weights of the manifest."""
        weighed.clear()
        for _ in range(times):
            vars(serving)["rank"](HONEST, b"", None, b"", None, SimpleNamespace(request=SimpleNamespace(mode=mode)))
        return sum(weights != HONEST.weights for weights in weighed)

    assert ranked("personal", 20) == 0
    switch.touch()
    assert ranked("plain", 20) == 0
    assert ranked("personal", 20) == 2
    other = next(weights for weights in weighed if weights != HONEST.weights)
    changed = [head for head, here, there in zip(HEADS, HONEST.weights, other, strict=True) if here != there]
    assert changed == ["share"]
