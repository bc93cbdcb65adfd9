"""Whoever lies is found out, by a partner that sees only HTTP. Each attack is a server of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.attacks import attack
from bench.dishonest_server import ATTACKS
from tests.server.clients import KERNELS

QUICK = ("weight", "counter", "rows")
"""Those that run with all tests; the others by `make soak`."""


@pytest.mark.parametrize("name", [pytest.param(one, marks=() if one in QUICK else pytest.mark.soak) for one in ATTACKS])
def test_it_is_found(name: str, tmp_path: Path, cache: Path) -> None:
    outcome = attack(name, tmp_path, cache, KERNELS)
    assert outcome.seconds is not None, outcome.found
