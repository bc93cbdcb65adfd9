from __future__ import annotations

import gzip
import http.server
import socket
import time
from collections.abc import Iterator

import pytest

from plainview.http import fetching
from plainview.http.fetching import FetchError, fetch
from tests.http.servers import serving, speaking

PLAIN = bytes(range(256)) * 4
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/plain": (200, {}, PLAIN),
    "/gzip": (200, {"content-encoding": "gzip"}, gzip.compress(PLAIN)),
    "/empty": (200, {"content-encoding": "gzip"}, gzip.compress(b"")),
    "/bomb": (200, {"content-encoding": "gzip"}, gzip.compress(bytes(10_000_000))),
    "/cut": (200, {"content-encoding": "gzip"}, gzip.compress(PLAIN)[:-9]),
    "/more": (200, {"content-encoding": "gzip"}, gzip.compress(PLAIN) + b"x"),
    "/no-gzip": (200, {"content-encoding": "gzip"}, PLAIN),
    "/br": (200, {"content-encoding": "br"}, PLAIN),
    "/moved": (301, {"location": "/plain"}, b""),
    "/file": (301, {"location": "file:///etc/passwd"}, b""),
    "/gone": (410, {}, b""),
    "/busy": (503, {}, b"later"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = ANSWERS.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/plain", PLAIN),
        ("/gzip", PLAIN),
        ("/empty", b""),
        ("/gone", None),
        ("/nothing", None),
    ],
)
def test_what_is_served(url: str, path: str, expected: bytes | None) -> None:
    assert fetch(url + path, len(PLAIN)) == expected


@pytest.mark.parametrize(
    ("path", "limit", "message"),
    [
        ("/plain", 1023, "more than 1,023 bytes"),
        ("/gzip", 1023, "more than 1,023 bytes"),
        ("/bomb", 1024, "more than"),
        ("/cut", 1024, "cut off"),
        ("/more", 1024, "something follows"),
        ("/no-gzip", 1024, "not the gzip"),
        ("/br", 1024, "encoded as 'br'"),
        ("/moved", 1024, "answers 301; give the address that it leads to"),
        ("/file", 1024, "answers 301"),
        ("/busy", 1024, "answers 503"),
    ],
)
def test_what_cannot_be_used(url: str, path: str, limit: int, message: str) -> None:
    with pytest.raises(FetchError, match=message) as error:
        fetch(url + path, limit)
    assert path in str(error.value)


@pytest.mark.parametrize(
    "address",
    ["", "thesis", "file:///etc/passwd", "http://", "http://exa mple/", "http://h:x/", "http://[", "ftp://h/x"],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(FetchError, match="begins with http"):
        fetch(address, 10)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"\x1b[31m\r\n\r\n", "BadStatusLine"),
        (b"", "no answer"),
        (b"HTTP/1.1 503 \x1b[31m\r\n\r\n", "answers 503$"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "IncompleteRead"),
    ],
)
def test_what_a_server_says_does_not_reach_the_terminal(answer: bytes, message: str) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(answer)

    with speaking(speak) as url, pytest.raises(FetchError, match=message) as error:
        fetch(url, 10)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"])
def test_an_answer_that_drips_is_waited_for_no_longer(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 0.5)
    heard: list[int] = []

    def speak(connection: socket.socket) -> None:
        connection.sendall(start)
        for number in range(100):
            connection.sendall(b"H")
            heard.append(number)
            time.sleep(0.1)

    with speaking(speak) as url, pytest.raises(FetchError, match=r"no answer \(not within 0.5 s\)"):
        fetch(url, 10_000)
    assert len(heard) < 30


def test_a_host_that_no_name_can_have() -> None:
    with pytest.raises(FetchError, match="no answer"):
        fetch(f"http://{'a' * 70}.example/", 10)


def test_nobody_there() -> None:
    with pytest.raises(FetchError, match="no answer"):
        fetch("http://127.0.0.1:1/", 10)


def test_what_failed_is_hung_up_on_at_once() -> None:
    """Also where the error, and what it came from, is kept for a while."""
    heard: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.0 200 OK\r\ncontent-length: 9\r\n\r\nshort")
        connection.shutdown(socket.SHUT_WR)
        heard.append(connection.recv(1))

    with speaking(speak) as url, pytest.raises(FetchError, match="IncompleteRead") as error:
        fetch(url, 10)
    assert error.value.__cause__ is not None
    assert heard == [b""]


@pytest.mark.parametrize("size", [b"-1", b"ffffffffffffffff"])
def test_an_answer_without_end_is_read_no_further_than_may_be(size: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 5)

    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + size + b"\r\n")
        while True:
            connection.sendall(bytes(10_000))

    with speaking(speak) as url, pytest.raises(FetchError, match="more than 10 bytes"):
        fetch(url, 10)
