"""The app that a browser is served: another one is told, and a release that takes over is not."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.oversight.partner.following import Taken
from plainview.oversight.partner.opening import Unanswered
from plainview.oversight.partner.served_app import ServedApp
from plainview.platform.releases import installed
from plainview.records import Release, encode
from plainview.records.fields import to_text
from plainview.replay.bundles import ui_digest
from tests.http.servers import serving
from tests.records.examples import TIME, digest

INDEX = b'<link rel="icon" href="marks/seal.svg"><link rel="stylesheet" href="app.css"><script src="main.js"></script>'
FILES = {"index.html": INDEX, "app.css": b"p {}\n", "main.js": b"go();\n", "marks/seal.svg": b"<svg/>\n"}
DELAY = 5.0


def taken(index: int, files: dict[str, bytes]) -> Taken:
    manifest = encode(replace(installed().manifest, ui=to_text(ui_digest(files)))).decode()
    return Taken(index, Release(time=TIME, name="baseline", digest=digest(1), manifest=manifest, policies=""))


class Platform:
    """What a browser is served; it may be changed."""

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.status = 302
        self.location: str | None = None
        self.asked: list[str] = []
        self.taken_for: dict[str, str] = {}
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                platform.asked.append(self.path)
                platform.taken_for[self.path.rpartition("/")[2]] = self.headers["sec-fetch-dest"]
                place = f"/ui/{to_text(ui_digest(platform.files))}/"
                if self.path == "/":
                    self.send_response(platform.status)
                    self.send_header("location", platform.location or f"{place[1:]}index.html")
                    data = b""
                else:
                    data = platform.files.get(self.path.removeprefix(place), b"")
                    self.send_response(200 if data else 404)
                if len(data) > 20:
                    data = gzip.compress(data)
                    self.send_header("content-encoding", "gzip")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.handler = Handler


@pytest.fixture
def platform() -> Platform:
    return Platform()


class Case:
    def __init__(self, url: str) -> None:
        self.now = 0.0
        self.size = 100
        self.app = ServedApp(url, lambda: self.now)

    def look(self, taken: Taken, *, later: bool = True) -> Any:
        """As the log goes on, and time with it."""
        found = self.app.look(taken, self.size, DELAY)
        if later:
            self.now += DELAY
            self.size += 1
        return found


@pytest.fixture
def case(platform: Platform) -> Iterator[Case]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), platform.handler)) as url:
        yield Case(url)


def test_the_app_of_the_release_in_charge(platform: Platform, case: Case) -> None:
    assert [case.look(taken(7, FILES)) for _ in range(4)] == [None] * 4
    names = {path.rpartition("/")[2] for path in platform.asked}
    assert names == {"", "index.html", "app.css", "main.js", "seal.svg"}
    assert platform.taken_for == {
        "": "document", "index.html": "document", "app.css": "style", "main.js": "script", "seal.svg": "image",
    }  # fmt: skip


def test_one_file_that_is_another(platform: Platform, case: Case) -> None:
    platform.files["main.js"] = b"lie();\n"
    found = [case.look(taken(7, FILES)) for _ in range(3)]
    assert found[:2] == [None, None]
    otherwise = found[2]
    assert otherwise.digest == to_text(ui_digest(platform.files))
    said, *files = otherwise.detail.split("\n")
    named = to_text(ui_digest(FILES))
    assert said == f"its digest is {otherwise.digest}, and the release of record 7, which is in charge, has {named}"
    assert f"{hashlib.sha256(platform.files['main.js']).hexdigest()} main.js" in files
    assert len(files) == len(FILES)


def test_it_is_told_of_once_although_it_is_taken_back(platform: Platform, case: Case) -> None:
    platform.files["main.js"] = b"lie();\n"
    case.look(taken(7, FILES))
    platform.files = dict(FILES)
    assert case.look(taken(7, FILES)) is None
    assert case.look(taken(7, FILES)) is not None
    assert [case.look(taken(7, FILES)) for _ in range(3)] == [None] * 3


def test_not_before_the_log_has_gone_on(platform: Platform, case: Case) -> None:
    platform.files["main.js"] = b"lie();\n"
    assert [case.look(taken(7, FILES), later=False) for _ in range(4)] == [None] * 4
    case.now += DELAY
    assert [case.look(taken(7, FILES), later=False) for _ in range(4)] == [None] * 4
    case.size += 1
    assert case.look(taken(7, FILES)) is not None


def test_a_release_that_takes_over(platform: Platform, case: Case) -> None:
    """Its app is served before the log that is here shows that it is in charge."""
    later = FILES | {"main.js": b"go(2);\n"}
    platform.files = later
    assert case.look(taken(7, FILES)) is None
    assert [case.look(taken(300, later)) for _ in range(4)] == [None] * 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": 200}, "/ answers 200, and does not lead to ui/DIGEST/index.html"),
        ({"location": "https://other.example/ui/x/index.html"}, "/ answers 302, and does not lead to"),
        ({"location": "ui/other/index.html"}, "index.html answers 404"),
        ({"files": {**FILES, "index.html": b'<script src="https://other.example/x.js">'}}, "names 'https://other"),
        ({"files": {**FILES, "index.html": b'<script src="../x.js">'}}, "names '../x.js', which is no file of an app"),
        ({"files": {**FILES, "index.html": b'<script src="x.js">'}}, "x.js answers 404"),
        ({"files": {"index.html": b"".join(b'<img src="%d.svg">' % at for at in range(201))}}, "names 201 files"),
        ({"files": {**FILES, "main.js": b"x" * 2_000_000}}, "main.js: more than 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_what_no_browser_can_open(platform: Platform, case: Case, change: dict[str, Any], told: str) -> None:
    for name, value in change.items():
        setattr(platform, name, value)
    found = [case.look(taken(7, FILES)) for _ in range(3)][2]
    assert found.digest == ""
    assert told in found.detail


def test_a_platform_that_is_busy_or_down(platform: Platform, case: Case) -> None:
    platform.status = 503
    with pytest.raises(Unanswered):
        case.look(taken(7, FILES))
    with pytest.raises(Unanswered):
        Case("http://127.0.0.1:9").look(taken(7, FILES))
