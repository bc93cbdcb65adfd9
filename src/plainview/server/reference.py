"""The API's reference as one page of HTML: no script, and nothing fetched from anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader
from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin
from markupsafe import Markup, escape


class Reference(OpenAPIRenderPlugin):
    """Draws the OpenAPI schema for people, at the schema's own address."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page, in UTF-8."""
        json = self.get_openapi_json_route(request)
        return _templates.get_template("reference.html").render(schema=openapi_schema, json=json).encode()


def _coded(text: str) -> Markup:
    """What stands in backticks, as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _together(answers: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any] | None, list[str]]]:
    """Answers that say the same: their description, their schema if they have one, and their statuses."""
    found: dict[tuple[str, str], tuple[str, dict[str, Any] | None, list[str]]] = {}
    for status, answer in sorted(answers):
        schema = next((content["schema"] for content in answer.get("content", {}).values()), None)
        kind = schema if schema is not None and "$ref" in schema else None
        said = answer["description"]
        found.setdefault((said, str(kind)), (said, kind, []))[2].append(status)
    return list(found.values())


_templates = Environment(
    loader=PackageLoader("plainview.server"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_templates.filters |= {"coded": _coded, "together": _together}
