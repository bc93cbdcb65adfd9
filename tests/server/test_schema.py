"""Requests drawn from the OpenAPI schema, good and bad: no answer is one that the schema does not name."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from litestar import Litestar
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from plainview.server.app import make_app
from tests.platform.towns import open_town, populate

# Schemathesis' test client leaves streams to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROUTES = {
    "GET /health", "GET /metrics", "GET /v1/feed", "GET /v1/pages/{index}", "GET /v1/pages/{index}/proof",
    "GET /v1/videos/{video_id}", "GET /log/{path}",
    "GET /v1/acts", "POST /v1/acts", "GET /v1/acts/{index}/proof", "POST /v1/audit/records",
    "GET /v1/orders", "GET /v1/charters", "GET /v1/releases/{digest}", "GET /v1/policies",
    "POST /v1/events", "POST /v1/settings", "POST /v1/videos", "POST /v1/viewers",
}  # fmt: skip


GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
PLAIN = {"GET /health", "GET /metrics", "GET /log/{path}", "GET /v1/orders", "GET /v1/charters"}
"""Without parameters and body there is nothing to get wrong."""
CASES = [(route, mode) for route in sorted(ROUTES) for mode in (GOOD, BAD) if mode == GOOD or route not in PLAIN]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Litestar]:
    """A platform of its own: what is sent to it is anything."""
    with (
        open_town(tmp_path_factory.mktemp("drawn") / "home") as application,
        ThreadPoolExecutor(4) as pool,
        ThreadPoolExecutor(1) as slow,
    ):
        populate(application)
        yield make_app(application, pool, slow)


@pytest.fixture(scope="module")
def operations(app: Litestar) -> dict[str, schemathesis.APIOperation]:
    schema = schemathesis.openapi.from_asgi("/schema/openapi.json", app)
    return {operation.label: operation for operation in (one.ok() for one in schema.get_all_operations())}


def test_requests_are_drawn_for_every_route(operations: dict[str, schemathesis.APIOperation]) -> None:
    assert set(operations) == ROUTES


@pytest.mark.parametrize(("route", "mode"), CASES, ids=lambda value: str(getattr(value, "value", value)))
def test_answers_are_those_of_the_schema(
    operations: dict[str, schemathesis.APIOperation], route: str, mode: GenerationMode
) -> None:
    @given(case=operations[route].as_strategy(generation_mode=mode))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def run(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    run()
    gc.collect()
