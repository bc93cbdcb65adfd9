"""Asking for records: slow, cut-off and lying answers are told apart."""

from __future__ import annotations

import gzip
import http.server
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plainview.journal.frames import Frame, encode_frames
from plainview.ledger.access_requests import parse_access_request
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_note
from plainview.oversight.partner.opening import PATH, Records, Unanswered, Withheld
from plainview.oversight.partner.requests import Requests
from tests.http.servers import serving
from tests.ledger.chartered import KEYS
from tests.ledger.logs import ORIGIN

AUDITOR = KEYS["auditor"]
FRAMES = [Frame("page", bytes(32), b"{}"), Frame("viewer", bytes(32), b"{}")]


class Server(http.server.ThreadingHTTPServer):
    """Answers what it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status, self.data, self.headers = 200, encode_frames(5, [one.encode() for one in FRAMES]), {}
        self.length: int | None = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(self.server.length or len(self.server.data)))
        self.end_headers()
        self.wfile.write(self.server.data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(server := Server()):
        yield server


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    return Requests(tmp_path / "requests")


@pytest.fixture
def records(server: Server, requests: Requests) -> Records:
    drawn = iter(range(100))
    return Records(
        f"http://127.0.0.1:{server.server_port}/", ORIGIN, AUDITOR, requests, lambda: 1_790_000_000_000, lambda: 7.0,
        lambda size: next(drawn).to_bytes(size, "big"),
    )  # fmt: skip


def test_each_request_is_signed_anew(server: Server, records: Records, requests: Requests) -> None:
    assert records.open(5, 9) == FRAMES
    assert records.open(5, 7) == FRAMES
    nonces = set()
    for path, body in server.asked:
        assert path == PATH
        note = parse_note(body["note"].encode())
        open_note(note, [AUDITOR.key])
        request = parse_access_request(note.text)
        assert (request.log, request.purpose, request.first) == (ORIGIN, "audit", 5)
        assert request.time == 1_790_000_000_000
        nonces.add(request.nonce)
        assert requests.made(request.digest())
    assert len(nonces) == 2
    assert len(requests.unseen(8.0)) == 2


def test_gzip_is_read(server: Server, records: Records) -> None:
    server.data, server.headers = gzip.compress(server.data), {"content-encoding": "gzip"}
    assert records.open(5, 9) == FRAMES


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_who_may_answer_later_is_asked_again(server: Server, records: Records, status: int) -> None:
    server.status, server.data = status, b'{"message":"the disk is full"}'
    with pytest.raises(Unanswered, match=f"answers {status} .*the disk is full"):
        records.open(5, 9)


def test_an_answer_that_breaks_off(server: Server, records: Records) -> None:
    server.length = len(server.data) + 10
    with pytest.raises(Unanswered, match="IncompleteRead"):
        records.open(5, 9)


def test_nobody_is_there(server: Server, records: Records) -> None:
    server.server_close()
    server.shutdown()
    with pytest.raises(Unanswered, match="no answer"):
        records.open(5, 9)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 301])
def test_who_says_no_withholds(server: Server, records: Records, status: int) -> None:
    server.status, server.data = status, b'{"message":"note: \\u001b[31mno auditor"}'
    with pytest.raises(Withheld, match=f"answers {status} .*no auditor") as error:
        records.open(5, 9)
    assert "\x1b" not in str(error.value)


def test_who_says_no_nested_too_deep_withholds(server: Server, records: Records) -> None:
    server.status, server.data = 403, b"[" * 100_000
    with pytest.raises(Withheld, match=r"answers 403 .*\[\["):
        records.open(5, 9)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"sorry", "cannot be read: records: the first line"),
        (encode_frames(5, [one.encode() for one in FRAMES])[:-1], "cannot be read: records: end at byte"),
        (encode_frames(4, [one.encode() for one in FRAMES]), "answers records 4 until 6, asked for 5 until 6"),
        (encode_frames(5, [one.encode() for one in FRAMES]), "answers records 5 until 7, asked for 5 until 6"),
        (encode_frames(5, []), "answers records 5 until 5"),
    ],
)
def test_what_is_no_answer_withholds(server: Server, records: Records, data: bytes, told: str) -> None:
    server.data = data
    with pytest.raises(Withheld, match=told):
        records.open(5, 6)


def test_a_bomb_is_not_unpacked(server: Server, records: Records) -> None:
    server.data, server.headers = gzip.compress(bytes(20 * 2**20)), {"content-encoding": "gzip"}
    with pytest.raises(Withheld, match="more than"):
        records.open(5, 9)
