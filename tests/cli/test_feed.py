from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from plainview.feed.heads import HEADS
from tests.cli.homes import invoke, one_line
from tests.platform.played import application

SESSION = "AAAAAAAAAAAAAAAAAAAAAA"


def test_a_page_of_a_home_that_nobody_serves(served: Path) -> None:
    result = invoke("feed", "5", "--limit", "4", "--session", SESSION, "--home", served)
    assert result.exit_code == 0, result.output
    assert "page 0 of session" in result.output
    receipt = int(result.output.partition("receipt ")[2].split()[0])
    assert f"plainview replay {receipt}" in result.output
    # It was served: it has a receipt, and comes out again.
    assert invoke("replay", receipt, "--home", served).exit_code == 0


def test_json_is_what_the_server_answers(served: Path) -> None:
    answer = json.loads(invoke("feed", "5", "--limit", "4", "--json", "--home", served).stdout)
    assert len(answer["videos"]) == 4
    assert list(answer["videos"][0]["parts"]) == list(HEADS)
    assert answer["mode"] == "personal"
    plain = json.loads(invoke("feed", "5", "--mode", "plain", "--json", "--home", served).stdout)
    assert plain["mode"] == "plain"
    assert plain["videos"][0]["parts"] == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["999999"], "viewer 999999 is not known"),
        (["5", "--n", "3", "--session", SESSION], "page 2"),
        (["5", "--session", "short"], "session"),
    ],
)
def test_what_cannot_be_asked_is_told(served: Path, arguments: list[str], says: str) -> None:
    result = invoke("feed", *arguments, "--home", served)
    assert result.exit_code == 2
    assert says in one_line(result)


def test_a_mode_that_is_none(served: Path) -> None:
    result = invoke("feed", "5", "--mode", "loud", "--home", served)
    assert result.exit_code == 2
    assert "neither personal nor plain" in result.output


class Answering(BaseHTTPRequestHandler):
    """Answers what a test has put there."""

    answer: ClassVar[tuple[int, Any]] = (200, {})
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, content = self.answer
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the base class
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Answering.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Answering) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def page() -> dict[str, Any]:
    return {
        "viewer": 5, "session": SESSION, "n": 0, "mode": "personal",
        "videos": [
            {
                "video": {"id": 8, "caption": "[b]x", "creator": 2}, "source": "fresh", "selector": "exploration",
                "value": 0.5, "propensity": 0.25, "parts": dict.fromkeys(HEADS, 0.1) | {"like": 0.9},
            }
        ],
        "receipt": {"index": 77},
    }  # fmt: skip


def test_a_server_is_asked_at_its_address(server: str) -> None:
    Answering.answer = (200, page())
    result = invoke("feed", "5", "--url", server, "--limit", "3")
    assert result.exit_code == 0, result.output
    asked = parse_qs(urlsplit(Answering.asked[0]).query)
    assert (asked["viewer"], asked["limit"], asked["n"]) == (["5"], ["3"], ["0"])
    assert "mode" not in asked
    assert "[b]x" in result.output
    assert "exploration (1 in 4)" in result.output
    assert "like 90%" in result.output


def test_what_the_server_refuses_is_told_in_its_words(server: str) -> None:
    Answering.answer = (404, {"error": "unknown_viewer", "message": "viewer 5 is not known: register them"})
    result = invoke("feed", "5", "--url", server)
    assert result.exit_code == 2
    assert one_line(result) == "error: viewer 5 is not known: register them"


def test_no_server_and_no_address() -> None:
    result = invoke("feed", "5", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert "no answer from http://127.0.0.1:9" in one_line(result)
    assert "not the address of a server" in one_line(invoke("feed", "5", "--url", "ftp://x"))


def test_while_the_home_is_served_its_server_is_asked(
    served: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answering.answer = (200, page())
    monkeypatch.setattr(sys.modules["plainview.cli.feed"], "URL", server)
    with application(served):
        result = invoke("feed", "5", "--home", served)
    assert result.exit_code == 0, result.output
    assert "receipt 77" in result.output
