"""What may enter a hashed array, and where chance comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.feed.configuration import DEFAULT
from plainview.feed.kernels.arithmetic import exp, log, settle, sigmoid
from plainview.feed.pipeline import Pipeline
from plainview.feed.ranking import Asked, Ranked, rank
from plainview.feed.tables import LAYOUTS
from plainview.feed.world import World
from plainview.learning.fold import Fold, empty_world
from plainview.records import Request
from plainview.records.fields import to_text
from tests.exactness.test_cuts import RECORDS, WHOLE
from tests.feed.towns import START, nothing

PIPELINE = Pipeline.of(DEFAULT)
EPOCH = bytes(32)

finite = st.floats(-(2.0**100), 2.0**100, width=32)


def floats(world: World) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Every floating-point column of the world's tables, rows in use."""
    found = {}
    for name, layout in LAYOUTS.items():
        table = getattr(world.tables, name)[: world.rows(name)]
        for field in layout.names or ():
            if table[field].dtype.kind == "f":
                found[f"{name}.{field}"] = table[field]
    return found


def page(viewer: int = 1, *, release: bytes = bytes(32), epoch: bytes = EPOCH, n: int = 0, **fields: object) -> Ranked:
    fold = Fold(DEFAULT, empty_world(), 1000, nothing)
    fold.take([one for one in RECORDS if getattr(one[1], "viewer", viewer) == viewer])
    request = {
        "surface": 1, "region": "US", "age": "18+", "mode": "personal", "limit": 10, "nonce": to_text(bytes(16)),
        "acknowledged": 0,
    } | fields  # fmt: skip
    session = str(request.pop("session", to_text(bytes(16))))
    asked = Asked(Request(**request), session, n, START + 60_000_000, 0)  # type: ignore[arg-type]
    return rank(PIPELINE, release, WHOLE, epoch, fold.residents.row(viewer), asked)


def test_all_floats_of_the_world_are_float32_finite_and_never_subnormal() -> None:
    columns = floats(WHOLE)
    assert len(columns) > 10
    tiny = np.finfo(np.float32).tiny
    for name, column in columns.items():
        assert column.dtype == np.float32, name
        assert np.all(np.isfinite(column)), name
        assert not np.any((column != 0) & (np.abs(column) < tiny)), name


def test_all_floats_of_a_trace_are_float32_and_finite() -> None:
    trace = page().trace
    assert len(trace.scored) > 10
    for column in (trace.parts, trace.values):
        assert column.dtype == np.float32
        assert np.all(np.isfinite(column))


@given(finite)
def test_functions_of_float32_are_float32_and_finite(x: float) -> None:
    value = np.float32(x)
    for function in (exp, sigmoid, settle):
        result = np.array([function(value)])
        # Numba hands a float32 back as a Python float: it must be one that float32 holds exactly.
        assert result.astype(np.float32).astype(float)[0] == result[0]
        assert np.isfinite(result[0])
    if value >= np.finfo(np.float32).tiny:
        assert np.isfinite(log(value))


@pytest.mark.parametrize(
    "other",
    [
        {"nonce": to_text(b"\1" * 16)},
        {"session": to_text(b"\1" * 16)},
        {"n": 1},
        {"epoch": b"\1" * 32},
        {"release": b"\1" * 32},
    ],
    ids=lambda other: next(iter(other)),
)
def test_chance_comes_from_release_epoch_nonce_session_and_n_alone(other: dict[str, object]) -> None:
    here, again, there = page(), page(), page(**other)  # type: ignore[arg-type]
    assert here.items == again.items
    assert here.trace.digest() == again.trace.digest()
    # The exploration slot draws (what is fresh is all found by other sources here).
    assert here.trace.digest() != there.trace.digest()
