"""The headers of a request, by what a browser asks for."""

from __future__ import annotations

import pytest

from plainview.oversight.partner.browser import Destination, browser_headers, destination

URL = "https://feed.example/v1/feed"


@pytest.mark.parametrize(
    ("what", "accept", "fetched"),
    [
        ("document", "text/html,", ("document", "navigate", "none")),
        ("script", "*/*", ("script", "cors", "same-origin")),
        ("style", "text/css,", ("style", "no-cors", "same-origin")),
        ("image", "image/avif,", ("image", "no-cors", "same-origin")),
        ("api", "*/*", ("empty", "cors", "same-origin")),
    ],
)
def test_each_is_asked_for_as_what_it_is(what: Destination, accept: str, fetched: tuple[str, ...]) -> None:
    headers = browser_headers(URL, what)
    assert headers["accept"].startswith(accept)
    assert tuple(headers[f"sec-fetch-{part}"] for part in ("dest", "mode", "site")) == fetched
    assert headers["user-agent"].startswith("Mozilla/5.0")
    assert ("upgrade-insecure-requests" in headers) == ("sec-fetch-user" in headers) == (what == "document")
    assert headers["accept-encoding"] == "gzip", "what is not decoded is not asked for"
    assert "origin" not in headers


def test_what_is_sent_says_from_where() -> None:
    headers = browser_headers("http://127.0.0.1:8000/v1/events", "api", posting=True)
    assert (headers["origin"], headers["content-type"]) == ("http://127.0.0.1:8000", "application/json")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (URL, True),
        ("http://feed.example/v1/feed", False),
        ("http://10.0.0.1:8000/", False),
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]:8000/", True),
        ("http://localhost:8000/", True),
    ],
)
def test_what_for_is_said_only_where_a_browser_trusts_the_way(url: str, says: bool) -> None:
    assert any(name.startswith("sec-fetch-") for name in browser_headers(url, "api")) == says


def test_what_a_file_is_taken_for() -> None:
    names = ("index.html", "main.js", "app.css", "icon.svg")
    assert [destination(name) for name in names] == ["document", "script", "style", "image"]
