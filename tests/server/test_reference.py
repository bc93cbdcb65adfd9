"""The reference that people read: whole, without script, and without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient


class _Page(HTMLParser):
    """What the page links to, names, and is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "srcset"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(client: TestClient[Litestar]) -> _Page:
    answer = client.get("/schema")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    return _Page(answer.text)


@pytest.fixture(scope="module")
def schema(client: TestClient[Litestar]) -> dict[str, Any]:
    return client.get("/schema/openapi.json").json()  # type: ignore[no-any-return]


def test_nothing_runs_and_nothing_is_fetched_from_elsewhere(page: _Page) -> None:
    assert not page.tags & {"script", "iframe", "img", "object", "embed"}
    assert {link for link in page.links if not link.startswith("#")} == {"data:,", "/schema/openapi.json"}


def test_every_link_within_leads_somewhere(page: _Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_all_that_can_be_asked_is_there(page: _Page, schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"] in page.ids
            assert f"{method.upper()} {path}" in page.text
            for parameter in operation.get("parameters", []):
                assert parameter["name"] in page.text
    assert set(schema["components"]["schemas"]) | {"NewEvent"} <= set(page.ids)


def test_fields_are_described_in_both(page: _Page, schema: dict[str, Any]) -> None:
    event = schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    receipt = schema["components"]["schemas"]["Receipt"]
    for said in (
        event["properties"]["events"]["items"]["properties"]["at"]["description"],
        receipt["properties"]["body"]["description"],
        receipt["description"],
        schema["paths"]["/v1/feed"]["get"]["description"],
    ):
        words = re.sub(r"\s+", " ", said.replace("`", ""))
        assert words in re.sub(r"\s+", " ", page.text)
