from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from plainview.feed.heads import HEADS
from plainview.platform.acts import Acts
from plainview.platform.home import Home
from plainview.platform.releases import installed_digest
from plainview.records.fields import to_bytes
from tests.cli.homes import invoke, one_line
from tests.http.servers import serving
from tests.platform.homes import size_of
from tests.platform.parties import Parties
from tests.platform.played import application
from tests.platform.towns import now

SESSION = "AAAAAAAAAAAAAAAAAAAAAA"


def test_a_page_of_a_home_that_nobody_serves(served: Path) -> None:
    result = invoke("feed", "5", "--limit", "4", "--session", SESSION, "--home", served)
    assert result.exit_code == 0, result.output
    assert "page 0 of session" in result.output
    receipt = int(result.output.partition("receipt ")[2].split()[0])
    assert f"plainview replay {receipt} --home {served}" in result.output
    # It was served: it has a receipt, and comes out again.
    assert invoke("replay", receipt, "--home", served).exit_code == 0


def test_where_nothing_may_rank_the_baseline_says_so(played: Path, served: Path) -> None:
    parties = Parties(played)
    stop = parties.revocation(to_bytes(installed_digest()), size_of(served))
    with closing(Home(served).write()) as journal:
        acts = Acts(journal, now)
        assert not acts.submit(parties.signed(stop, "partner")).reason
    result = invoke("feed", "5", "--home", served)
    assert result.exit_code == 0, result.output
    assert "The baseline, and not what was wanted: release" in result.output
    assert "ended by the revocation at index" in result.output
    assert "(plain)" in result.output


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
        (["5", "--session", "short"], "error: session: send 16 random bytes in unpadded base64url: 22 characters"),
        (["5", "--n", str(2**32)], "error: n: send a whole number from 0 to 4294967295"),
    ],
)
def test_what_cannot_be_asked_is_told(served: Path, arguments: list[str], says: str) -> None:
    result = invoke("feed", *arguments, "--home", served)
    assert result.exit_code == 2
    assert says in one_line(result)


def test_a_server_has_its_own_data_directory(served: Path) -> None:
    result = invoke("feed", "5", "--url", "http://127.0.0.1:1", "--home", served)
    assert result.exit_code == 2
    assert "give --url or --home, not both" in " ".join(result.output.split())


def test_a_mode_that_is_none(served: Path) -> None:
    result = invoke("feed", "5", "--mode", "loud", "--home", served)
    assert result.exit_code == 2
    assert "neither personal nor plain" in result.output


class Answering(BaseHTTPRequestHandler):
    """Answers what a test has put there."""

    answer: ClassVar[tuple[int, Any]] = (200, {})
    instance: ClassVar[str] = ""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, content = self.answer if self.path != "/health" else (200, {"instance": self.instance})
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
    with serving(HTTPServer(("127.0.0.1", 0), Answering)) as url:
        yield url


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


@pytest.mark.parametrize("columns", ["20", "40", "99", "100", ""])
def test_nothing_of_a_page_is_cut_off_at_any_width(server: str, columns: str) -> None:
    shown = page()
    shown["videos"][0]["video"] = {"id": 2**53 - 1, "caption": "a[b] captionofonelongword", "creator": 2**53 - 2}
    Answering.answer = (200, shown)
    result = invoke("feed", "5", "--url", server, COLUMNS=columns)
    assert result.exit_code == 0, result.output
    output = result.output
    assert "…" not in output
    if columns in ("20", "40", "99"):
        said = "".join(output.split())
        for text in ("1a[b]captionofonelongword", f"video{2**53 - 1}ofcreator{2**53 - 2}",
                     "fresh,placedbyexploration(1in4)", "0.500:like90%,"):  # fmt: skip
            assert text in said


def test_of_a_page_without_videos_that_alone_is_said(server: str) -> None:
    Answering.answer = (200, page() | {"videos": []})
    first, second = invoke("feed", "5", "--url", server).output.splitlines()[:2]
    assert first == "No video is left to show: all were seen, or none is there yet."
    assert second.startswith("page 0 of session")


def test_where_nothing_has_begun_it_is_told_how_to(tmp_path: Path) -> None:
    said = one_line(invoke("feed", "5", "--home", tmp_path / "my data"))
    assert "no journal has begun here" in said
    assert f"`plainview charter local DIRECTORY --home '{tmp_path}/my data'`" in said


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


def test_while_the_home_is_served_its_server_is_asked(served: Path, server: str) -> None:
    Answering.answer = (200, page())
    with application(served) as running:
        running.home.announce(server)
        Answering.instance = running.home.instance
        result = invoke("feed", "5", "--home", served)
    assert result.exit_code == 0, result.output
    assert "receipt 77" in result.output


def test_the_server_of_another_home_is_never_asked_for_a_page(served: Path, server: str) -> None:
    Answering.answer = (200, page())
    Answering.instance = "another"
    with application(served) as running:
        running.home.announce(server)
        result = invoke("feed", "5", "--home", served)
    assert result.exit_code == 2
    assert f"{served} is being served, but not at {server} as seen from here" in one_line(result)
    assert Answering.asked == ["/health"]


def test_where_nobody_knows_its_server_the_address_is_asked_for(served: Path, server: str) -> None:
    Home(served).announce(server)  # by one that was killed
    with application(served):
        result = invoke("feed", "5", "--home", served)
    assert result.exit_code == 2
    assert "has this journal open for writing" in one_line(result)
    assert one_line(result).endswith("give its address with --url")
    assert Answering.asked == []


def test_an_answer_that_is_no_page_is_told(server: str) -> None:
    Answering.answer = (200, {"hello": "world"})
    assert "answers with something else than a page" in one_line(invoke("feed", "5", "--url", server))


def command(output: str, what: str) -> list[str]:
    """The arguments of the command that is named after `what`."""
    return shlex.split(output.partition(f"{what}: plainview ")[2].partition("\n")[0])


def test_the_next_page_it_names_is_asked_for_as_this_one_was(served: Path, server: str, tmp_path: Path) -> None:
    place = served.rename(tmp_path / "a [home]")
    result = invoke("feed", "5", "--mode", "plain", "--limit", "3", "--session", "-" + SESSION[1:], "--home", place)
    for n in (1, 2):
        result = invoke(*command(result.output, "next page"))
        assert result.exit_code == 0, result.output
        assert f"page {n} of session -{SESSION[1:]} (plain)" in result.output
    assert invoke(*command(result.output, "where its data is")).exit_code == 0
    Answering.answer = (200, page())
    assert command(invoke("feed", "5", "--url", server).output, "next page")[-2:] == ["--url", server]
