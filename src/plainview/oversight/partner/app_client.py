"""A platform as an app asks it: registering, pages, and what was watched. Nothing that comes is believed here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from plainview.http.asking import AskError, ask
from plainview.http.fetching import FetchError
from plainview.http.fetching import content as content_of
from plainview.oversight.partner.browser import browser_headers
from plainview.oversight.partner.opening import BUSY, Unanswered

TIMEOUT = 10.0
"""Seconds for an answer."""
LIMIT = 1 << 20
"""Bytes of an answer that are read."""


class Odd(Exception):
    """The platform answered something that it should not, and what."""


class App:
    """The API below a URL. Each call raises Unanswered, and Odd for any status but 200 and what is no JSON object."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/v1/"

    def register(self, told: dict[str, Any]) -> None:
        """Register a viewer, by what `keys.client_viewer` has signed."""
        viewer = self._ask("viewers", told)[1].get("viewer")
        if viewer != told["viewer"]:
            raise Odd(f"registered as viewer {told['viewer']}, it was given the number {viewer!a:.40}")

    def page(self, **parameters: Any) -> tuple[bytes, dict[str, Any]]:
        """A page of the feed: the answer's bytes, and what they say."""
        return self._ask(f"feed?{urlencode(parameters)}", None)

    def view(self, events: list[dict[str, Any]]) -> list[int | None]:
        """The index of each event that was taken."""
        results = self._ask("events", {"events": events})[1].get("results")
        if not isinstance(results, list) or len(results) != len(events):
            raise Odd(f"{len(events)} events were sent, and the results are not as many")
        indexes = [one.get("index") if isinstance(one, dict) else None for one in results]
        return [index if type(index) is int else None for index in indexes]

    def _ask(self, path: str, content: dict[str, Any] | None) -> tuple[bytes, dict[str, Any]]:
        body = None if content is None else msgspec.json.encode(content)
        headers = browser_headers(self._url, "api", posting=body is not None)
        try:
            answer = ask(self._url + path, LIMIT, TIMEOUT, body, headers)
        except AskError as error:
            raise Unanswered(str(error)) from error
        what = path.partition("?")[0]
        if answer.status in BUSY:
            raise Unanswered(f"{self._url}{what}: answers {answer.status}")
        data = answer.data
        try:
            data = content_of(what, answer, LIMIT)
            found = msgspec.json.decode(data)
        except (FetchError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if answer.status not in (200, 207) or not isinstance(found, dict):
            raise Odd(f"{what} answers {answer.status} ({data[:200]!a})")
        return data, found
