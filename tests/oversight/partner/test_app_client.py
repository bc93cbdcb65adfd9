from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from plainview.oversight.partner.app_client import App, Odd
from plainview.oversight.partner.browser import browser_headers
from tests.platform.signing import of_viewer
from tests.records.examples import token

ANSWER = b'{"viewer": 7}'


class Platform(BaseHTTPRequestHandler):
    """Answers everything alike, and remembers how it was asked."""

    asked: list[dict[str, str]] = []  # noqa: RUF012
    data = gzip.compress(ANSWER)

    def do_GET(self) -> None:
        self.asked.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("content-encoding", "gzip")
        self.send_header("content-length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def app() -> Iterator[App]:
    with HTTPServer(("127.0.0.1", 0), Platform) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield App(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_it_asks_as_a_browser_does(app: App) -> None:
    Platform.asked.clear()
    app.register(of_viewer(7).told(token(1), "US", "18+", "personal"))
    assert app.page(viewer=7) == (ANSWER, {"viewer": 7})
    sent, asked = Platform.asked
    assert sent.items() >= browser_headers(app._url, "api", posting=True).items()
    assert asked.items() >= browser_headers(app._url, "api").items()
    assert set(asked) - set(browser_headers(app._url, "api")) == {"host"}


def test_a_viewer_who_is_given_another_number_is_odd(app: App) -> None:
    with pytest.raises(Odd, match="registered as viewer 8, it was given the number 7"):
        app.register(of_viewer(8).told(token(1), "US", "18+", "personal"))


def test_what_is_not_the_gzip_it_says_is_odd(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "data", b"none")
    with pytest.raises(Odd, match="answers 200"):
        app.page(viewer=7)


def test_json_that_is_nested_too_deep_is_odd(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "data", gzip.compress(b"[" * 100_000))
    with pytest.raises(Odd, match="answers 200"):
        app.page(viewer=7)
