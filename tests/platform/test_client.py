from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from plainview.platform.client import Client, ClientError
from tests.http.servers import serving


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[Any]] = set()
    hang_up: ClassVar[bool] = False

    def _answer(self, status: int, data: bytes) -> None:
        self.connections.add(self.client_address)
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = self.hang_up

    def do_GET(self) -> None:
        if self.path == "/refused":
            self._answer(409, b'{"error":"out_of_turn","message":"n: page 1 is next"}')
        elif self.path == "/html":
            self._answer(200, b"<html>")
        elif self.path == "/number":
            self._answer(404, b"5")
        else:
            self._answer(200, json.dumps({"path": self.path}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, json.dumps({"body": json.loads(body), "type": self.headers["content-type"]}).encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the base class
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Echo.connections.clear()
    Echo.hang_up = False
    with serving(HTTPServer(("127.0.0.1", 0), Echo)) as url:
        yield url


def test_get_and_post_over_one_connection(url: str) -> None:
    with Client(url) as client:
        assert client.get("/v1/feed", n=0, mode=None, session="a b") == {"path": "/v1/feed?n=0&session=a+b"}
        assert client.get("/health") == {"path": "/health"}
        assert client.post("/v1/events", {"events": []}) == {"body": {"events": []}, "type": "application/json"}
    assert len(Echo.connections) == 1


def test_a_connection_that_the_server_closed_is_opened_again(url: str) -> None:
    Echo.hang_up = True
    with Client(url) as client:
        for _ in range(3):
            assert client.get("/x") == {"path": "/x"}
    assert len(Echo.connections) == 3


def test_what_the_server_refuses_is_raised_in_its_words(url: str) -> None:
    with Client(url) as client:
        with pytest.raises(ClientError, match="page 1 is next") as refused:
            client.get("/refused")
        assert (refused.value.status, refused.value.error) == (409, "out_of_turn")
        for path in ("/html", "/number"):
            with pytest.raises(ClientError, match="does not answer in JSON"):
                client.get(path)


def test_nobody_there() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(ClientError, match="no answer from") as gone:
        client.get("/health")
    assert gone.value.status == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://x", "http://", "localhost:8000", "http://x/path", "http://x?y", "http://x#y", "http://me@x", "http://:80",
        "http://exa mple:80", "http://x:0", "http://x:99999", "http://x:y", "http://[::1", "http://a..b",
        f"http://{'x' * 64}",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="not the address of a server"):
        Client(url)
