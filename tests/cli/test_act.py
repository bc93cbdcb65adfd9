"""`plainview act`, as the parties meet it: written, signed, handed in, shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from litestar.testing import TestClient
from typer.testing import Result

from plainview.ledger.acts import Admission, Emergency, Extension, Finding, Licence, Review, parse_act
from plainview.ledger.charters import digest_text
from plainview.ledger.scopes import Scope
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.replay.judged import Judged
from plainview.server.app import make_app
from tests.cli.homes import invoke, one_line
from tests.http.servers import serving
from tests.platform.homes import begun, charter_of, parties_of, size_of
from tests.platform.parties import Parties
from tests.platform.towns import SLOW, open_town

RELEASE = digest_text(b"\1" * 32)
LOG = "log.example/plainview"
ABOUT = ("--log", LOG, "--release", RELEASE, "--licence", 1, "--seen", 7)
DATA = ("--origin", "My data", "--data", RELEASE, "--terms", "ours")
TESTED = ("--log", LOG, "--release", RELEASE, "--suite", "quality", "--passed")
EPOCHS = ("--epoch-least", 5, "--epoch-most", 50)
URGED = ("--reason", "x", "--share", 5)
SPAN = ("--from", "2030-01-01", "--until", "2030-12-31T18:00:00Z")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    """A server of a new journal's acts, without a licence."""
    begun(home, licensed=False)
    with (
        open_town(home, cadence=SLOW) as town,
        ThreadPoolExecutor(2) as pool,
        TestClient(make_app(town, pool, pool)) as client,
    ):

        class Passing(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._give(client.get(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self._give(client.post(self.path, content=body))

            def _give(self, answer: object) -> None:
                self.send_response(answer.status_code)  # type: ignore[attr-defined]
                self.end_headers()
                self.wfile.write(answer.content)  # type: ignore[attr-defined]

            def log_message(self, *_: object) -> None:
                pass

        with serving(HTTPServer(("127.0.0.1", 0), Passing)) as url:
            yield url


def written(kind: str, file: Path, *options: object) -> Result:
    return invoke("act", kind, file, *options)


def test_a_release_is_licensed_tested_approved_and_stopped(home: Path, url: str, tmp_path: Path) -> None:
    """Two builders on two models of CPU attest to it besides: theirs is `plainview release attest`."""
    log, parties = charter_of(home).origin, Parties(home)
    about = ("--log", log, "--release", RELEASE)
    until = ("--from", parties.now + 60_000, "--until", "2039-12-31")

    def submitted(kind: str, *options: object, by: tuple[str, ...]) -> Result:
        file = tmp_path / kind
        made = written(kind, file, *options)
        assert made.exit_code == 0, made.output
        for name in by:
            signed = invoke("act", "sign", file, "--key", parties_of(home) / name / KEY)
            assert signed.exit_code == 0, signed.output
        return invoke("act", "submit", file, "--url", url)

    first = size_of(home)
    licensed = submitted("licence", "--log", log, *until, by=("licensor", "operator"))
    assert (licensed.exit_code, licensed.output) == (0, f"Record {first}: it counts.\n")
    again = invoke("act", "submit", tmp_path / "licence", "--url", url)
    assert (again.exit_code, again.output) == (0, f"Record {first}: it counts, and did already.\n")
    assert submitted("submission", *about, "--licence", 1, by=("licensor",)).exit_code == 0
    approval = (*about, "--licence", 1, "--seen", 4, *until, "--epoch-least", 100, "--epoch-most", 10_000)
    early = submitted("approval", *approval, by=("partner",))
    assert early.exit_code == 1
    assert f"Record {first + 2}: it was taken down and does not count. approval: 0 of 2 builders" in one_line(early)
    again = invoke("act", "submit", tmp_path / "approval", "--url", url)
    assert again.exit_code == 1
    assert f"Record {first + 2}: it was taken down before and does not count. approval: 0 of 2" in one_line(again)
    for build in parties.history()[2:4]:
        (tmp_path / "build").write_text(build.note)
        assert invoke("act", "submit", tmp_path / "build", "--url", url).exit_code == 0
    (tmp_path / "results").write_text("all well")
    told = ("--suite", "quality", "--passed", "--results", tmp_path / "results")
    assert submitted("result", *about, *told, by=("auditor",)).exit_code == 0
    assert invoke("act", "submit", tmp_path / "approval", "--url", url).output == f"Record {first + 6}: it counts.\n"
    stop = submitted("revocation", *about, "--seen", first + 7, "--reason", "it pushes one creator", by=("partner",))
    assert stop.output == f"Record {first + 7}: it counts.\n"
    shown = invoke("act", "show", "--url", url).output
    assert f"record {first + 2}, " in shown
    assert "does not count: approval: 0 of 2 builders" in shown
    assert "reason it pushes one creator" in shown
    assert shown.endswith("8 acts. What the server says of them is proven by the log alone.\n")
    journal = Home(home).read()
    (grant,) = Judged.of(journal).last.grants
    journal.close()
    assert grant.ended == f"the revocation at index {first + 7}"


def test_acts_say_what_their_options_say(tmp_path: Path) -> None:
    owed = ("--obligation", "2030-06-01 report", "--obligation", "2030-02-01T00:00:00+01:00 pay the fee")
    where = ("--region", "US", "--region", "GB", "--surface", 2, "--surface", 0, "--share", 500_000)
    licence = tmp_path / "licence"
    assert written("licence", licence, "--log", LOG, "--number", 3, *SPAN, *where, *owed).exit_code == 0
    act = parse_act(licence.read_text())
    assert isinstance(act, Licence)
    assert act.scope == Scope(("GB", "US"), (0, 2), 500_000)
    assert (act.number, act.begins, act.until, act.wind_down) == (
        3,
        1_893_456_000_000,
        1_924_970_400_000,
        2_592_000_000,
    )
    assert [(one.due, one.text) for one in act.obligations] == [
        (1_896_130_800_000, "pay the fee"), (1_906_502_400_000, "report")
    ]  # fmt: skip
    emergency, about = tmp_path / "emergency", ("--log", LOG, "--release", RELEASE, "--licence", 1, "--seen", 7)
    assert (
        written("emergency", emergency, *about, *SPAN, *EPOCHS, "--reason", "a shooting", "--share", 5).exit_code == 0
    )
    urgent = parse_act(emergency.read_text())
    assert isinstance(urgent, Emergency)
    assert (urgent.seen, urgent.scope, urgent.reason) == (7, Scope(None, None, 5), "a shooting")
    assert (urgent.epoch_least, urgent.epoch_most) == (5, 50)
    data, given = digest_text(b"\5" * 32), ("--terms", "CC BY-SA 4.0", "--rows", 12)
    assert (
        written("admission", tmp_path / "in", "--log", LOG, "--origin", "mine", "--data", data, *given).exit_code == 0
    )
    assert parse_act((tmp_path / "in").read_text()) == Admission(LOG, "mine", b"\5" * 32, "CC BY-SA 4.0", 12)
    assert written("review", tmp_path / "review", "--of", emergency, "--outcome", "none differs").exit_code == 0
    assert parse_act((tmp_path / "review").read_text()) == Review(LOG, urgent.digest(), "none differs")
    assert written("extension", tmp_path / "more", "--of", licence, "--until", "1924970400001").exit_code == 0
    assert parse_act((tmp_path / "more").read_text()) == Extension(LOG, act.digest(), 1_924_970_400_001)
    evidence, found = tmp_path / "evidence", tmp_path / "finding"
    evidence.write_bytes(b"as it is")
    said = ("--log", LOG, "--file", evidence, "--text", "page 7 differs")
    assert written("finding", found, *said, "--record", 7).exit_code == 0
    assert parse_act(found.read_text()) == Finding(LOG, sha256(b"as it is").digest(), 7, "page 7 differs")
    assert written("finding", tmp_path / "other", *said).exit_code == 0
    assert "  record none\n  text page 7 differs\n" in invoke("act", "show", tmp_path / "other").output
    shown = invoke("act", "show", licence).output
    assert "  regions GB,US\n" in shown
    assert f"  digest {digest_text(act.digest())}\n  signed by nobody\n" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("licence", "new", "--log", LOG, "--from", "soon", "--until", "2030-01-01"), "'soon' is no time"),
        (("licence", "new", "--log", LOG, "--from", "2030-01-02", "--until", "2030-01-01"), "is not after from"),
        (("licence", "new", "--log", LOG, *SPAN, "--obligation", "2030-02-01"), "a space, and what is owed"),
        (("licence", "new", "--log", LOG, *SPAN, "--region", "usa"), "two capital letters"),
        (("licence", "there", "--log", LOG, *SPAN), "is there already"),
        (("licence", "no/where", "--log", LOG, *SPAN), "cannot be written"),
        (("emergency", "new", *ABOUT, *SPAN, *EPOCHS[:3], 4, *URGED), "of 5 records at least and 4 at most"),
        (("admission", "new", "--log", LOG, *DATA, "--rows", 1), "'My data' is not 1 to 64 lower-case"),
        (("submission", "new", "--log", LOG, "--release", "x", "--licence", "1"), "digest"),
        (("review", "new", "--of", "there", "--outcome", "well"), "there: act: the last line has no newline"),
        (("extension", "new", "--of", "none", "--until", "2030-01-01"), "none: cannot be read"),
        (("result", "new", *TESTED, "--results", "none"), "none: cannot be read"),
        (("finding", "new", "--log", LOG, "--file", "none", "--text", "it differs"), "none: cannot be read"),
        (("finding", "new", "--log", LOG, "--file", "there", "--text", " "), "is not 1 to 2000 characters"),
        (("sign", "there", "--key", "none"), "there: act: the last line has no newline"),
        (("submit", "unsigned", "--url", "http://127.0.0.1:1"), "nobody has signed it"),
        (("submit", "signed", "--url", "http://127.0.0.1:1"), "no answer"),
        (("submit", "signed", "--url", "ftp://x"), "is not the address of a server"),
        (("show",), "give a FILE or --url"),
        (("show", "unsigned", "--url", "http://127.0.0.1:1"), "give a FILE or --url"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_writes_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").write_text("mine")
    written("licence", Path("unsigned"), "--log", LOG, *SPAN)
    written("licence", Path("signed"), "--log", LOG, *SPAN)
    invoke("charter", "key", "key", "--name", "me.example")
    assert invoke("act", "sign", "signed", "--key", "key").exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = invoke("act", *arguments)
    assert result.exit_code == 2
    assert said in one_line(result)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_who_signs_twice_has_signed_once(tmp_path: Path) -> None:
    file = tmp_path / "licence"
    written("licence", file, "--log", LOG, *SPAN)
    for name in ("one", "two", "one"):
        if not (tmp_path / name).exists():
            invoke("charter", "key", tmp_path / name, "--name", f"{name}.example")
        invoke("act", "sign", file, "--key", tmp_path / name)
    assert "signed by two.example, one.example" in invoke("act", "show", file).output


@contextmanager
def answering(got: object, posted: object = None) -> Iterator[str]:
    """A server that answers so, as JSON or in these bytes; by the path where it is a function."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._give(got)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._give(got if posted is None else posted)

        def _give(self, answer: object) -> None:
            if callable(answer):
                answer = answer(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Other)) as url:
        yield url


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A licence with two signatures."""
    file = tmp_path / "licence"
    written("licence", file, "--log", LOG, *SPAN)
    for name in ("me", "you"):
        invoke("charter", "key", tmp_path / name, "--name", f"{name}.example")
        invoke("act", "sign", file, "--key", tmp_path / name)
    return file


ANSWERS: list[object] = [
    {}, {"acts": 5, "next": None}, {"index": 5}, {"acts": []}, {"acts": [], "next": "5"}, {"acts": {}, "next": None},
    {"acts": [], "next": True}, {"index": "1", "fresh": True, "counts": True, "reason": ""}, [1], b"", b"<html>",
    b"[" * 100_000, b'{"acts":' * 50_000, b"\xff", b'{"acts":[],"next":1e999}',
    b'{"acts":[],"next":' + b"9" * 5_000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_another_server_is_told_apart(answer: object, signed: Path) -> None:
    with answering(answer) as url:
        for arguments in (("submit", signed, "--url", url), ("show", "--url", url)):
            result = invoke("act", *arguments)
            assert result.exit_code == 2
            assert "answers with something else" in one_line(result) or "does not answer in JSON" in one_line(result)


def test_what_a_server_refuses_cannot_steer_the_terminal(signed: Path) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(400)
            self.end_headers()
            self.wfile.write(json.dumps({"error": 5, "message": ["\x1b[2J"]}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Refusing)) as url:
        result = invoke("act", "submit", signed, "--url", url)
    assert result.exit_code == 2
    assert "x1b[2J" in result.output
    assert "\x1b[2J" not in result.output


def test_one_garbage_act_hides_no_other(signed: Path) -> None:
    good = {"index": 7, "time": 0, "note": signed.read_text(), "counts": True, "reason": ""}
    garbage = [
        1, None, [], {}, good | {"note": 5}, good | {"index": "7"}, good | {"time": 1.5}, good | {"counts": "no"},
        good | {"note": ""}, good | {"note": "hello"}, good | {"note": "\ud800"},
        good | {"note": "x\n\n\u2014 y AAAAAAAA\n"},
        good | {"note": good["note"].replace("act licence", "act \x1b[2J")},
        {name: value for name, value in good.items() if name != "reason"},
    ]  # fmt: skip
    strange = good | {"index": -(10**30), "time": -5, "counts": False, "reason": "\x1b[2J\ud800\n"}
    with answering({"acts": [*garbage, strange, good], "next": None}) as url:
        result = invoke("act", "show", "--url", url)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert sum("NOT READ" in line for line in lines) == len(garbage)
    assert lines.count("  number 1") == 2
    assert "record 7, 1970-01-01 00:00:00.000 UTC, counts" in lines
    assert lines[-1].startswith(f"{len(garbage) + 2} acts, {len(garbage)} of which cannot be read. What the server")
    assert "\x1b" not in result.output


def test_show_follows_pages_as_long_as_they_go_on(signed: Path) -> None:
    def page(path: str) -> object:
        start = int(path.split("from=")[1].split("&")[0])
        acts = [{"index": start, "time": 0, "note": signed.read_text(), "counts": True, "reason": ""}]
        return {"acts": acts, "next": {0: 5, 5: 12, 12: last}.get(start)}

    last: int | None = None
    with answering(page) as url:
        result = invoke("act", "show", "--url", url)
        assert result.exit_code == 0
        assert [line.split(",")[0] for line in result.output.splitlines() if line.startswith("record")] == [
            "record 0", "record 5", "record 12",
        ]  # fmt: skip
        assert "3 acts. What" in result.output
        for last in (12, 3):
            result = invoke("act", "show", "--url", url)
            assert result.exit_code == 2
            assert f"says after the acts from 12 on to go on from {last}" in one_line(result)


def test_an_operator_who_journals_another_note_is_told(signed: Path) -> None:
    text, _, lines = signed.read_text().partition("\n\n")
    mine, yours = lines.splitlines()
    act = {"index": 7, "time": 0, "note": signed.read_text(), "counts": True, "reason": ""}
    taken = {"index": 7, "fresh": True, "counts": True, "reason": ""}

    def submitted(*acts: object, said: object = taken, page: object = None) -> Result:
        with answering(page or {"acts": acts, "next": None}, said) as url:
            return invoke("act", "submit", signed, "--url", url)

    assert submitted(act).output == "Record 7: it counts.\n"
    # Put in by somebody else before, in another order.
    assert submitted(act | {"note": f"{text}\n\n{yours}\n{mine}\n"}).exit_code == 0
    for other, told in (
        ({"note": f"{text}\n\n{mine}\n"}, "the act there lacks the signature of you.example"),
        ({"note": f"{text}\n\n{mine}\n{yours[:-8]}AAAAAAA=\n"}, "the act there lacks the signature of you.example"),
        (
            {"note": f"{signed.read_text()}{mine.replace('me.', 'us.')}\n"},
            "the act there has a signature of us.example",
        ),
        ({"note": signed.read_text().replace("number 1", "number 2")}, "the act there has another text"),
        ({"note": "hello"}, "what is there cannot be read"),
        ({"note": 5}, "what is there cannot be read"),
        ({"index": 8}, "the server shows no act there"),
        ({"counts": False}, "the act there is said not to count"),
    ):
        result = submitted(act | other)
        assert result.exit_code == 1
        assert f"Record 7: not as you signed it: {told}" in one_line(result)
        assert f"Keep {signed}, and tell the other parties." in one_line(result)
        assert "it counts" not in result.output
    assert "shows no act there" in one_line(submitted())
    assert "what is there cannot be read" in one_line(submitted(page={"acts": 5}))
    assert "what is there cannot be read" in one_line(submitted(page=b"<html>"))
    # That it does not count is told besides.
    refused = submitted(
        act | {"note": f"{text}\n\n{mine}\n", "counts": False},
        said=taken | {"counts": False, "reason": "licence: signatures are missing"},
    )
    assert refused.exit_code == 1
    assert "lacks the signature of you.example" in refused.stderr
    assert "does not count. licence: signatures are missing" in refused.stderr
