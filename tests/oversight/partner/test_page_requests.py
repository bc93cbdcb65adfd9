"""A viewer asks about a page: by the running program, over HTTP, by the command."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from plainview.journal import JournalReader
from plainview.keys.key_files import read_key
from plainview.ledger.acts import Finding, parse_act
from plainview.ledger.broken_promises import SUFFIX
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.promises import Promise, parse_promise
from plainview.oversight.partner.app import CHECKING, WAITING, Checks, make_app
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.directory import ASKED, CANARIES, FINDINGS, LOG, REPORTS, read_keys
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.overseer import Overseer
from plainview.oversight.partner.page_requests import (
    BODY_LIMIT,
    BURST,
    OPEN,
    RATE,
    Answer,
    Asked,
    Busy,
    judge,
)
from plainview.oversight.receipts import parse_receipt
from plainview.platform.home import LOG as OPERATORS
from plainview.platform.log.opening import KEY
from plainview.records import Page
from plainview.replay.findings import Difference, Report
from tests.cli.homes import invoke, one_line
from tests.oversight.partner.partners import overseeing, partner_of
from tests.server.clients import Client


def answered(server: str, index: int) -> bytes:
    """What the operator answers of a page, its receipt among it."""
    client = Client(int(server.rpartition(":")[2]))
    try:
        return json.dumps(client.get(f"/v1/pages/{index}")).encode()
    finally:
        client.close()


@pytest.fixture
def index(journal: JournalReader) -> int:
    return next(journal.of_kind("page", 100)).index


@pytest.fixture
def receipt(server: str, index: int) -> bytes:
    return answered(server, index)


def promised(receipt: bytes, home: Path, **changes: Any) -> bytes:
    """The receipt with another promise, which the log's key has signed."""
    found = parse_receipt(receipt)
    promise = parse_promise(found.note().text)
    fields = {name: changes.get(name, getattr(promise, name)) for name in Promise.__struct_fields__}
    note = Promise(**fields).signed(read_key(home / OPERATORS / KEY)).decode()
    return msgspec.json.encode(replace(found, promise=note, index=fields["index"]))


def asked(directory: Path) -> list[tuple[int, str]]:
    lines = (directory / ASKED).read_text().splitlines()
    return [(int(line.split()[1]), line.split()[2]) for line in lines]


def test_a_page_as_it_comes_to_be_known(
    directory: Path, overseen: Path, server: str, receipt: bytes, index: int
) -> None:
    with overseeing(directory, overseen, server) as (overseer, _):
        requests = overseer.page_requests
        with pytest.raises(Busy, match="nothing of the log is here yet"):
            requests.answer(receipt)
        overseer.follow()
        assert requests.answer(receipt) == Answer("waiting", index, 0, "no page was re-run yet: ask again later")
        overseer.audit(whole=True)
        for _ in range(2):
            answer = requests.answer(receipt)
            assert (answer.verdict, answer.index, answer.upto) == ("identical", index, overseer._rerunning.upto)
            assert f"record {index} of the log is this page, and by release" in answer.said
    assert asked(directory) == [(index, "waiting"), (index, "identical")]


def test_a_page_that_differs(directory: Path, swapped: tuple[Path, int], forged: str) -> None:
    home, index = swapped
    receipt = answered(forged, index)
    with overseeing(directory, home, forged) as (overseer, _):
        overseer.follow()
        overseer.audit(whole=True)
        answer = overseer.page_requests.answer(receipt)
        assert answer.verdict == "differs"
        assert "computed again, it is not what the log has: selection: order" in answer.said


def test_what_the_log_has_not_is_waited_for_and_then_proven(
    directory: Path, overseen: Path, server: str, receipt: bytes, index: int
) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        requests, receipts = overseer.page_requests, directory / CANARIES / RECEIPTS
        late = promised(receipt, overseen, index=overseer.size + 7)
        for _ in range(2):
            assert requests.answer(late).verdict == "waiting"
        assert len(list(receipts.iterdir())) == 1  # which is held to its promise from now on
        other = promised(receipt, overseen, index=index + 1)
        answer = requests.answer(other)
        assert (answer.verdict, answer.index) == ("broken", index + 1)
        overseer.follow()
        assert len(lines.found) == 1
        assert len(list(receipts.iterdir())) == 1
    assert [path.suffix for path in (directory / FINDINGS).iterdir()] == [SUFFIX]


def test_one_file_that_cannot_be_held_holds_up_no_other(
    directory: Path, overseen: Path, server: str, receipt: bytes, index: int
) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.page_requests.answer(promised(receipt, overseen, index=index + 1))
        (directory / CANARIES / RECEIPTS / "0.json").write_bytes(b"no receipt")
        overseer.follow()
        assert len(lines.found) == 1
        assert lines.remarks[-1].startswith(f"{RECEIPTS}/0.json: receipt: not JSON")
        told = len(lines.remarks)
        overseer.follow()
        assert len(lines.remarks) == told


def test_what_is_no_receipt_of_this_log(
    tmp_path: Path, directory: Path, overseen: Path, server: str, receipt: bytes
) -> None:
    found = json.loads(receipt)["receipt"]
    stranger = partner_of(overseen, tmp_path / "stranger").log
    foreign = stranger.note(parse_promise(parse_receipt(receipt).note().text).text()).decode()
    with overseeing(directory, overseen, server) as (overseer, _):
        overseer.follow()
        for wrong in (
            b"", b"[]", b"\xff", b'{"receipt": {}}', json.dumps(found | {"body": found["body"] + " "}).encode(),
            json.dumps(found | {"promise": foreign}).encode(),
            json.dumps(found | {"index": found["index"] + 1}).encode(),
        ):  # fmt: skip
            with pytest.raises(LedgerError):
                overseer.page_requests.answer(wrong)
    assert not (directory / ASKED).exists()


def test_so_many_are_looked_into(directory: Path, overseen: Path, server: str, receipt: bytes) -> None:
    now = 100.0
    with overseeing(directory, overseen, server, monotonic=lambda: now) as (overseer, _):
        overseer.follow()

        def taken() -> int:
            count = 0
            while True:
                for _ in range(2):  # which takes nobody's turn
                    with pytest.raises(LedgerError):
                        overseer.page_requests.answer(b"")
                try:
                    overseer.page_requests.answer(receipt)
                except Busy:
                    return count
                count += 1

        assert (taken(), taken()) == (BURST, 0)
        now += 1
        assert taken() == RATE
        now += 3600
        assert taken() == BURST


def test_one_promise_waits_once(
    directory: Path, overseen: Path, server: str, receipt: bytes, index: int, tmp_path: Path
) -> None:
    """However often it is handed in, and whatever is written below it."""
    stranger = partner_of(overseen, tmp_path / "stranger").log
    with overseeing(directory, overseen, server) as (overseer, _):
        overseer.follow()
        found = parse_receipt(promised(receipt, overseen, index=overseer.size + 7))
        note = found.note()
        for signatures in ((), (stranger.sign(note.text),), (stranger.sign(note.text + "\n"),)):
            more = Note(note.text, (*signatures, *note.signatures, *signatures)).encode().decode()
            answer = overseer.page_requests.answer(msgspec.json.encode(replace(found, promise=more)))
            assert answer.verdict == "waiting"
        (file,) = (directory / CANARIES / RECEIPTS).iterdir()
        assert parse_receipt(file.read_bytes()) == found


def test_so_many_receipts_wait(
    directory: Path, overseen: Path, server: str, receipt: bytes, index: int, tmp_path: Path
) -> None:
    receipts = directory / CANARIES / RECEIPTS
    with overseeing(directory, overseen, server) as (overseer, _):
        overseer.follow()
        first = promised(receipt, overseen, index=overseer.size + 7)
        said = overseer.page_requests.answer(first).said
        for one in range(OPEN - 1):
            (receipts / f"{one}.json").touch()
        assert overseer.page_requests.answer(first).said == said  # it waits already
        for other, verdict in ((overseer.size + 8, "waiting"), (index + 1, "broken")):
            late = promised(receipt, overseen, index=other)
            answer = overseer.page_requests.answer(late)
            assert answer.verdict == verdict
            assert answer.said.endswith("; 1,000 receipts wait to be held against the log, and this one is not kept")
        assert len(list(receipts.iterdir())) == OPEN


def test_whoever_sends_many_holds_up_nothing_else(overseer: Overseer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts are checked a few at a time, and not where the log is read."""
    threads: set[str] = set()
    going_on = threading.Event()

    def slow(data: bytes) -> Answer:
        threads.add(threading.current_thread().name)
        assert going_on.wait(60)
        return Answer("waiting", 7, 7, "")

    monkeypatch.setattr(overseer.page_requests, "answer", slow)

    async def many() -> None:
        checks = Checks(overseer.page_requests)
        held = [asyncio.ensure_future(checks.answer(b"")) for _ in range(WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="30 receipts are being checked"):
            await checks.answer(b"")
        await asyncio.wait_for(asyncio.to_thread(overseer.log.resource, "checkpoint"), 60)
        going_on.set()
        assert len(await asyncio.gather(*held)) == WAITING
        assert (await checks.answer(b"")).verdict == "waiting"
        checks.close()

    asyncio.run(many())
    assert len(threads) <= CHECKING


@pytest.fixture
def overseer(directory: Path, overseen: Path, server: str) -> Iterator[Overseer]:
    with overseeing(directory, overseen, server) as (overseer, _):
        yield overseer


def test_over_http(directory: Path, overseer: Overseer, receipt: bytes, index: int) -> None:
    app: Litestar = make_app(overseer.witness, overseer.log, overseer.page_requests, overseer.reports)
    with TestClient(app) as client:

        def check(body: bytes) -> tuple[int, Any]:
            answer = client.post("/v1/pages/check", content=body)
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"
            assert ("retry-after" in answer.headers) == (answer.status_code in (202, 429))
            return answer.status_code, answer.json()

        assert check(receipt) == (429, {"message": "nothing of the log is here yet: send it again later"})
        overseer.follow()
        assert check(receipt)[0] == 202
        overseer.audit(whole=True)
        status, found = check(receipt)
        assert (status, found["verdict"], found["index"]) == (200, "identical", index)
        assert sorted(found) == ["index", "said", "upto", "verdict"]
        status, found = check(b"nothing")
        assert status == 422
        assert "this is no receipt that the log has signed: receipt: not JSON" in found["message"]
        assert client.post("/v1/pages/check", content=bytes(BODY_LIMIT + 1)).status_code == 413
        assert client.get("/reports/1.plainview-report").status_code == 404
        (directory / REPORTS / "1.plainview-report").write_bytes(b"a report")
        found = client.get("/reports/1.plainview-report")
        assert (found.content, found.headers["content-type"]) == (b"a report", "text/plain; charset=utf-8")
        assert client.get("/reports/..%2Fauditor.key").status_code == 404
        assert client.get(f"/reports/{'9' * 300}.plainview-report").status_code == 404
        (directory / ASKED).unlink()
        (directory / ASKED).mkdir()
        overseer.page_requests._asked._last.clear()
        assert check(receipt)[0] == 503


def report(**changes: Any) -> Report:
    fields: dict[str, Any] = {
        "records": 200, "missing": 0, "epochs": 1, "snapshots": 0, "pages": 9, "identical": 9, "inconclusive": {},
        "why_inconclusive": {}, "stragglers": (), "unreached": 0, "differing": (), "installed": "", "seconds": 0.0,
        "cpu_seconds": 0.0,
    }  # fmt: skip
    return Report(**(fields | changes))


def test_what_could_not_be_judged(receipt: bytes, journal: JournalReader, index: int) -> None:
    found = parse_receipt(receipt)
    page = journal.entry(index).record
    assert isinstance(page, Page)
    assert judge(found, report(), index + 1).verdict == "identical"
    assert judge(found, report(), index).verdict == "waiting"
    apart = report(inconclusive={page.release: 1}, why_inconclusive={page.release: "it is not here"})
    answer = judge(found, apart, index + 1)
    assert (answer.verdict, "it is not here" in answer.said) == ("inconclusive", True)
    for damaged, verdict in ((index - 1, "inconclusive"), (index + 1, "identical")):
        broken = report(unreached=1, differing=(Difference(damaged, "record", "journal: body", "gone"),))
        assert judge(found, broken, index + 2).verdict == verdict


def test_what_was_answered_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "asked"
    kept = Asked(path)
    for index, verdict in ((7, "waiting"), (7, "waiting"), (8, "differs"), (7, "identical")):
        kept.add(1000, Answer(verdict, index, 9, ""))  # type: ignore[arg-type]
    assert path.read_text() == "1000 7 waiting\n1000 8 differs\n1000 7 identical\n"
    path.write_bytes(path.read_bytes()[:-4])  # a crash
    kept = Asked(path)
    kept.add(2000, Answer("waiting", 7, 9, ""))
    kept.add(2000, Answer("identical", 7, 9, ""))
    assert path.read_text() == "1000 7 waiting\n1000 8 differs\n2000 7 identical\n"


def test_the_command(tmp_path: Path, directory: Path, overseen: Path, server: str, receipt: bytes, index: int) -> None:
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt)
    early = invoke("oversee", "page", directory, file)
    assert early.exit_code == 2
    assert "nothing of the log is here yet" in one_line(early)
    with overseeing(directory, overseen, server) as (overseer, _):
        overseer.follow()
        overseer.audit(whole=True)
        size = overseer.size
    done = invoke("oversee", "page", directory, file)
    assert done.exit_code == 0, done.stderr
    assert f"identical: record {index} of the log is this page" in done.stdout
    told = json.loads(invoke("oversee", "page", directory, file, "--json").stdout)
    assert (told["verdict"], told["index"]) == ("identical", index)
    file.write_bytes(promised(receipt, overseen, index=size + 5))
    late = invoke("oversee", "page", directory, file)
    assert (late.exit_code, late.stdout.startswith("waiting: ")) == (2, True)
    assert len(list((directory / CANARIES / RECEIPTS).iterdir())) == 1
    file.write_bytes(b"{}")
    assert "no receipt that the log has signed" in one_line(invoke("oversee", "page", directory, file))
    assert "No such file" in one_line(invoke("oversee", "page", directory, tmp_path / "none"))
    assert "`plainview oversee new` makes some" in one_line(invoke("oversee", "page", tmp_path, file))


def test_what_the_command_finds_is_kept_and_announced(
    tmp_path: Path, directory: Path, swapped: tuple[Path, int], forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, index = swapped
    file = tmp_path / "receipt.json"
    file.write_bytes(answered(forged, index))
    with overseeing(directory, home, forged) as (overseer, _):
        monkeypatch.setattr(overseer, "_rerun", lambda *_: None)
        overseer.follow()
        overseer.audit()
    for told in (1, 0):
        done = invoke("oversee", "page", directory, file)
        assert done.exit_code == 1
        assert done.stdout.startswith("differs: computed again, it is not what the log has: selection: order")
        assert done.stderr.count("FINDING: ") == told
    assert len(list((directory / FINDINGS).iterdir())) == 1
    acts = [parse_act(parse_note(one).text) for one in OwnLog(directory / LOG, read_keys(directory).log).entries()]
    assert [act.record for act in acts if isinstance(act, Finding)] == [index]
    with overseeing(directory, home, forged) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        assert not any(f"record {index:,} is not what the log has" in one for one in lines.found)  # it is known
