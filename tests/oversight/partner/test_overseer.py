"""A whole round of the partner's program against a real server: honest, forged, silent, lying."""

from __future__ import annotations

import hashlib
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.serving import free_port
from plainview.journal import JournalReader
from plainview.journal.frames import Frame
from plainview.keys.key_files import make_key, read_key
from plainview.ledger.acts import Finding as Announced
from plainview.ledger.acts import Revocation, parse_act
from plainview.ledger.charters import digest_text
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Policy, Witnessed
from plainview.ledger.schemes import ED25519
from plainview.oversight.findings import Finding, parse_finding
from plainview.oversight.partner import overseer as program
from plainview.oversight.partner import reporting
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.directory import AUDITOR, CANARIES, DRAWS, FINDINGS, alone, read_keys
from plainview.oversight.partner.directory import LOG as OWN_LOG
from plainview.oversight.partner.following import Following
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.opening import Records, Unanswered
from plainview.oversight.partner.overseer import Overseer
from plainview.oversight.partner.rerunning import Rerunning
from plainview.oversight.partner.taking_up import PATIENCE
from plainview.platform.home import LOG, Home
from plainview.platform.log.opening import KEY
from plainview.platform.releases import installed
from plainview.storage import SqliteRecords, StoreFull
from plainview.storage.filesystem import PARTIAL
from tests.cli.homes import invoke, one_line
from tests.oversight.partner.partners import digest_of, overseeing
from tests.platform.homes import charter_of, parties_of
from tests.server.clients import Client


def findings(directory: Path) -> list[Finding]:
    return [parse_finding(path.read_bytes()) for path in sorted((directory / FINDINGS).iterdir())]


def run(directory: Path, home: Path, url: str, *options: str) -> Any:
    return invoke("oversee", "run", directory, f"--charter={digest_text(digest_of(home))}", "--url", url, *options)


def test_an_honest_operator(directory: Path, overseen: Path, server: str) -> None:
    for again in (False, True):  # and as after a restart
        with overseeing(directory, overseen, server) as (overseer, lines):
            overseer.follow()
            overseer.audit(whole=True)
            assert any("re-running goes on from record" in one for one in lines.said) == again
            assert (lines.found, overseer.unable, overseer.findings) == ([], {}, 0)
            assert [one for one in lines.remarks if "the auditor's key" not in one] == []  # other tests have it, too
            assert "60 pages re-run, 60 identical" in overseer.sound
    assert findings(directory) == []
    with closing(Home(overseen).read()) as theirs, closing(Home(directory / "journal").read()) as ours:
        assert ours.size > 60
        assert list(ours.read()) == list(theirs.read(0, ours.size))
        accesses = [entry.record for entry in theirs.of_kind("access")]
        assert all(one.granted for one in accesses)  # type: ignore[attr-defined]
        assert accesses


def test_nothing_is_asked_for_with_a_key_that_has_ended(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator would rightly say no, and that must not become a finding against it."""
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        charter = overseer._following.charter
        assert charter is not None
        parties = tuple(replace(one, until=1) if one.role == "auditor" else one for one in charter.parties)
        monkeypatch.setattr(Following, "charter", replace(charter, parties=parties))
        monkeypatch.setattr(Records, "open", lambda *_: pytest.fail("it asked"))
        overseer.follow()
        overseer.audit(whole=True)
        assert "of the auditor ended on 1970-01-01" in overseer.unable["audit"]
        assert any("until an amendment renews it" in one for one in lines.remarks)
        assert (lines.found, overseer.findings) == ([], 0)
        assert not any("draw" in one for one in lines.said)
        monkeypatch.undo()
        overseer.audit(whole=True)
        assert overseer.unable == {}


def test_nothing_is_drawn_before_there_are_pages(directory: Path, overseen: Path, server: str) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        pages = overseer._following.pages[:]
        del overseer._following.pages[:]
        overseer.audit(whole=True)
        assert not any("draw" in one for one in lines.said)
        overseer._following.pages.extend(pages)
        overseer.audit(whole=True)
        assert "draw 1 is announced" in lines.said


def test_a_draw_is_taken_from_the_log_that_the_round_began_with(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        mirrored = overseer._following.mirrored
        assert mirrored is not None
        assert "draw 1 is announced" in lines.said
        with monkeypatch.context() as meanwhile:  # its act has come into the log since
            meanwhile.setattr(Following, "index_of", lambda *_: mirrored.checkpoint.size)
            overseer.audit(whole=True)
        assert not any("are to be re-run" in one for one in lines.said)
        assert overseer.unable == {}


def test_a_page_that_is_not_what_the_release_ranks(
    tmp_path: Path, directory: Path, swapped: tuple[Path, int], forged: str
) -> None:
    home, index = swapped
    with overseeing(directory, home, forged) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        page, *others = lines.found  # the epoch had learned from the page as it was, and viewers had spoken of it
        assert page.startswith(f"computed again, record {index:,} is not what the log has: selection: order")
        assert any("epoch: delta" in one for one in others)
        overseer.follow()
        overseer.audit(whole=True)
        assert len(lines.found) == overseer.findings == 1 + len(others)
    stages = {(one.what, one.stage.partition(":")[0]) for one in findings(directory)}
    assert {("re-run", "selection"), ("re-run", "epoch")} <= stages
    assert stages <= {("re-run", "selection"), ("re-run", "epoch"), ("re-run", "event")}
    (path,) = (directory / FINDINGS).glob(f"re-run-{index}-*")
    proven = invoke("verify", path, f"--charter={digest_text(digest_of(home))}")
    assert proven.exit_code == 3  # what should have come out, re-running shows
    assert f"record {index:,} is not what the log has" in proven.stdout
    again = run(directory, home, forged, "--once")
    assert again.exit_code == 1
    assert "FINDING" not in again.stderr  # it is known


def test_what_was_kept_and_not_announced_is_announced_at_the_next_start(
    directory: Path, swapped: tuple[Path, int], forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = swapped

    def announced() -> set[bytes]:
        entries = OwnLog(directory / OWN_LOG, read_keys(directory).log).entries()
        acts = [parse_act(parse_note(one).text) for one in entries]
        found = [act.file for act in acts if isinstance(act, Announced)]
        assert len(found) == len(set(found))
        return set(found)

    with monkeypatch.context() as broken_off, overseeing(directory, home, forged) as (overseer, lines):
        broken_off.setattr(reporting, "announce_finding", lambda *_: None)
        overseer.follow()
        overseer.audit(whole=True)
        assert lines.found
        assert announced() == set()
    kept = {hashlib.sha256(path.read_bytes()).digest() for path in (directory / FINDINGS).iterdir()}
    for _ in range(2):
        with overseeing(directory, home, forged) as (_, lines):
            assert announced() == kept
            assert lines.remarks == []
    next((directory / FINDINGS).iterdir()).write_bytes(b"nothing")
    with overseeing(directory, home, forged) as (_, lines):
        assert "move it away" in lines.remarks[0]


def test_an_operator_that_is_down(directory: Path, overseen: Path, server: str) -> None:
    with overseeing(directory, overseen, f"http://127.0.0.1:{free_port()}") as (overseer, lines):
        for _ in range(3):
            overseer.follow()
            overseer.deliver()
            overseer.audit(whole=True)
        (remark,) = lines.remarks
        assert "no answer" in remark
        assert "follow" in overseer.unable
        assert lines.found == []
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        assert lines.found == []
        assert "60 identical" in overseer.sound


def test_an_operator_that_opens_nothing(directory: Path, overseen: Path, server: str) -> None:
    (directory / AUDITOR).unlink()
    make_key(directory / AUDITOR, "stranger.example", ED25519)
    now = 0.0
    with overseeing(directory, overseen, server, monotonic=lambda: now) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        now = PATIENCE
        overseer.audit(whole=True)
        assert lines.found == []
        assert "no party of charter 0 has signed it" in lines.remarks[-1]
        assert "audit" in overseer.unable
        now = PATIENCE + 1
        overseer.audit(whole=True)
        (said,) = lines.found
    (found,) = findings(directory)
    assert found.what == "opening"
    assert said.startswith(f"record {found.index} was not opened to the partner: answers 403")
    assert any(one.index == found.index and not one.kind for one in found.records)
    (path,) = (directory / FINDINGS).iterdir()
    assert invoke("verify", path, f"--charter={digest_text(digest_of(overseen))}").exit_code == 3


def test_an_operator_that_is_busy_for_ever_opens_nothing(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be down: that is no finding. But nothing was checked, and it is told since when."""

    def busy(records: Records, first: int, until: int) -> list[Frame]:
        raise Unanswered("answers 503 (later)")

    monkeypatch.setattr(Records, "open", busy)
    now = 0.0
    with overseeing(directory, overseen, server, monotonic=lambda: now) as (overseer, lines):
        overseer.follow()
        start = 1_790_000_000_000 - round(10 * PATIENCE * 1000)
        monkeypatch.setattr(overseer._taking_up, "_clock", lambda: start + round(now * 1000))
        told = "records from 0 on are not opened, since 2026-09-21 14:13:20.000 UTC: answers 503 (later)"
        for _ in range(3):
            now += 10 * PATIENCE
            overseer.audit(whole=True)
            assert overseer.unable == {"audit": told}
        assert lines.remarks.count(told) == 1
        assert lines.found == []
    once = run(directory, overseen, server, "--once")
    assert once.exit_code == 2
    assert "error: records from 0 on are not opened, since " in once.stderr


def test_an_operator_that_opens_something_else(
    directory: Path, overseen: Path, server: str, journal: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Records.open
    page = next(journal.of_kind("page")).index

    def lying(records: Records, first: int, until: int) -> list[Frame]:
        frames = opened(records, first, until)
        if first <= page < first + len(frames):
            frames[page - first] = frames[page - first]._replace(salt=bytes(32))
        return frames

    monkeypatch.setattr(Records, "open", lying)
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        (said,) = lines.found
        assert said.startswith(f"record {page} was not opened to the partner: what was opened is not what its leaf")
        monkeypatch.setattr(Records, "open", opened)
        overseer.audit(whole=True)
        assert "60 identical" in overseer.sound
    assert [one.index for one in findings(directory)] == [page]


def test_an_operator_that_writes_no_access_down(directory: Path, overseen: Path, server: str) -> None:
    """It says that it opened records, and the log that it shows afterwards has no access for it."""
    now = 100.0
    with overseeing(directory, overseen, server, monotonic=lambda: now) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        lost = bytes(32)
        overseer._requests.add(lost)
        overseer._requests.answered(lost, now)
        now += 5
        register(server)
        looked_until_grown(overseer)
        assert lines.found == []  # what is shown may have been signed before
        now += 20
        overseer.follow()
        register(server)
        now += 1
        looked_until_grown(overseer)
        (said,) = lines.found
        assert "no access was written down" in said
    assert [one.what for one in findings(directory)] == ["access"]


def test_an_access_that_nobody_made(directory: Path, overseen: Path, server: str) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
    (directory / "requests").unlink()
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        (remark,) = lines.remarks
        assert "and this directory's program did not" in remark
        assert lines.found == []


def register(server: str) -> None:
    client = Client(int(server.rpartition(":")[2]))
    client.post("/v1/viewers", {"region": "US"})
    client.close()


def looked_until_grown(overseer: Overseer) -> None:
    size = overseer.size
    end = time.monotonic() + 20
    while overseer.size == size and time.monotonic() < end:
        overseer.follow()
        time.sleep(0.1)


def test_the_command_once(directory: Path, overseen: Path, server: str) -> None:
    sound = run(directory, overseen, server, "--once")
    assert sound.exit_code == 0, sound.stderr
    assert "60 pages re-run, 60 identical" in sound.stdout.splitlines()[-1]
    down = run(directory, overseen, f"http://127.0.0.1:{free_port()}", "--once")
    assert down.exit_code == 2
    assert "no answer" in down.stderr
    for wrong, told in (("mine", "is no digest"), (digest_text(bytes(32)), "the charter there is")):
        refused = invoke("oversee", "run", directory, f"--charter={wrong}", "--url", server, "--once")
        assert refused.exit_code == 2
        assert told in refused.stderr
    assert "not an address" in run(directory, overseen, "feed.example", "--once").stderr


def test_as_many_threads_rank_as_it_is_given(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(program, "Rerunning", lambda *given, **more: begun.append(given) or Rerunning(*given, **more))
    assert run(directory, overseen, server, "--once", "--cores", "3").exit_code == 0
    assert begun[0][4] == 3


def test_what_was_re_run_is_re_run_again_where_that_is_wanted(directory: Path, overseen: Path, server: str) -> None:
    goes_on = "re-running goes on from record"
    for options, told in (((), False), ((), True), (("--from-the-start",), False), ((), True)):
        done = run(directory, overseen, server, "--once", *options)
        assert done.exit_code == 0, done.stderr
        assert (goes_on in done.stdout) == told
        assert "60 pages re-run, 60 identical" in done.stdout
    (bookmark,) = (directory / "rerun").glob("bookmark")
    bookmark.write_bytes(b"nothing")
    damaged = run(directory, overseen, server, "--once")
    assert damaged.exit_code == 0
    assert "re-running begins at record 0" in damaged.stderr
    assert "is damaged" in damaged.stderr


def test_a_round_that_re_runs_ends_when_it_is_told_to(directory: Path, overseen: Path, server: str) -> None:
    with overseeing(directory, overseen, server) as (overseer, _):
        overseer.stop()
        overseer.follow()
        overseer.audit(whole=True)
        assert overseer._rerunning.upto < overseer.size / 2
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        overseer.audit(whole=True)
        assert any("re-running goes on from record" in one for one in lines.said)
        assert "60 pages re-run, 60 identical" in overseer.sound


def test_a_page_is_re_run_for_whoever_asks(
    directory: Path, overseen: Path, server: str, journal: JournalReader
) -> None:
    assert run(directory, overseen, server, "--once").exit_code == 0
    *_, last = journal.of_kind("page")
    done = invoke("replay", str(last.index), "--home", directory / "journal")
    assert done.exit_code == 0, done.stderr
    assert "1 page re-run, 100 % identical" in done.stdout


def test_new_keys_are_nobody_elses(tmp_path: Path) -> None:
    made = invoke("oversee", "new", tmp_path / "partner", "--name", "partner.example")
    assert made.exit_code == 0
    for line, name in (("party auditor", "auditor"), ("witness", "witness"), ("log", "log")):
        assert f"{line} partner.example/{name}+" in made.stdout or f" partner.example/{name}+" in made.stdout
    assert "PRIVATE" not in made.stdout
    keys = list((tmp_path / "partner").glob("*.key"))
    assert len(keys) == 3
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE((tmp_path / "partner" / DRAWS).stat().st_mode) == 0o700
    again = invoke("oversee", "new", tmp_path / "partner", "--name", "partner.example")
    assert again.exit_code == 2
    assert "not empty" in one_line(again)
    bad = invoke("oversee", "new", tmp_path / "other", "--name", "two words")
    assert bad.exit_code == 2


def test_a_full_disk_ends_nothing(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        append = SqliteRecords.append
        monkeypatch.setattr(SqliteRecords, "append", lambda *_: (_ for _ in ()).throw(StoreFull("no space left")))
        overseer.audit(whole=True)
        assert "no space left" in lines.remarks[-1]
        assert "audit" in overseer.unable
        monkeypatch.setattr(SqliteRecords, "append", append)
        overseer.audit(whole=True)
        assert "60 identical" in overseer.sound
        assert overseer.unable == {}
        assert lines.found == []


def test_an_act_that_waits_is_known_before_anything_is_cosigned(
    tmp_path: Path, directory: Path, overseen: Path, server: str
) -> None:
    assert run(directory, overseen, server, "--once").exit_code == 0
    act = Revocation(charter_of(overseen).origin, bytes(32), 1, "a release that nobody submitted")
    (tmp_path / "act").write_text(act.text())
    key = parties_of(overseen) / "partner" / "key"
    assert invoke("act", "sign", tmp_path / "act", "--key", key).exit_code == 0
    assert invoke("oversee", "submit", directory, tmp_path / "act").exit_code == 0
    now = 0.0
    with overseeing(directory, overseen, f"http://127.0.0.1:{free_port()}", monotonic=lambda: now) as (overseer, _):
        overseer.deliver()  # nobody is there
        now = 6.0
        size = overseer.size
        heads = [Checkpoint(act.log, size + more, bytes(32)) for more in (1, 2)]
        assert [bool(overseer._outbox.withheld(head)) for head in heads] == [False, True]


def test_one_program_at_a_time(directory: Path, overseen: Path, server: str) -> None:

    with alone(directory):
        refused = run(directory, overseen, server, "--once")
    assert refused.exit_code == 2
    assert "another `plainview oversee run` is at work there" in one_line(refused)
    empty = directory.parent / "empty"
    empty.mkdir()
    assert "`plainview oversee new` makes some" in one_line(run(empty, overseen, server, "--once"))


def test_only_acts_of_parties_are_handed_in(tmp_path: Path, directory: Path, overseen: Path, server: str) -> None:
    act = tmp_path / "act"
    stranger = tmp_path / "stranger.key"
    make_key(stranger, "stranger.example", ED25519)
    log = digest_text(bytes(32))
    made = invoke(
        "act", "revocation", act, "--log", "other.example", "--release", log, "--seen", "1", "--reason", "because"
    )
    assert made.exit_code == 0, made.stderr
    assert "nobody has signed it" in one_line(invoke("oversee", "submit", directory, act))
    assert invoke("act", "sign", act, "--key", stranger).exit_code == 0
    assert "charter is not here yet" in one_line(invoke("oversee", "submit", directory, act))
    assert run(directory, overseen, server, "--once").exit_code == 0
    assert "no honest operator would take it" in one_line(invoke("oversee", "submit", directory, act))


def test_a_charter_by_file(tmp_path: Path, directory: Path, overseen: Path, server: str) -> None:
    given = parties_of(overseen) / "charter"
    other = invoke(
        "oversee", "run", directory, f"--charter={digest_text(bytes(32))}", "--url", server, "--once",
        "--charter-file", given,
    )  # fmt: skip
    assert other.exit_code == 2
    assert f"its digest is not {digest_text(bytes(32))}, but {digest_text(digest_of(overseen))}" in one_line(other)
    assert not (directory / "charter").exists(), "a mistaken file stands in nobody's way"
    assert run(directory, overseen, server, "--once", "--charter-file", str(given)).exit_code == 0
    assert (directory / "charter").read_bytes() == given.read_bytes()
    assert run(directory, overseen, server, "--once").exit_code == 0
    missing = run(directory, overseen, server, "--once", "--charter-file", str(tmp_path / "none"))
    assert (missing.exit_code, "No such file" in missing.stderr) == (2, True)


def test_a_wrong_clock_is_found_before_anything_is_opened(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = int(time.time()) - 3600
    monkeypatch.setattr(Policy, "witnessed", lambda *_: (Witnessed("another", long_ago),))
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        assert len(lines.found) == 1
        register(server)
        looked_until_grown(overseer)
        assert len(lines.found) == 1
    (found,) = findings(directory)
    assert found.what == "clock"
    assert "later than all cosignatures of a tree that has it" in found.detail
    assert any(one.index == found.index and one.kind for one in found.records)


def test_a_receipt_that_is_being_written_is_not_read(directory: Path, overseen: Path, server: str) -> None:
    receipts = directory / CANARIES / RECEIPTS
    receipts.mkdir(parents=True, exist_ok=True)
    (receipts / f"7.json{PARTIAL}").write_bytes(b'{"receipt":')
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        assert overseer.unable == {}
        assert not any(".json" in line for line in lines.remarks)


def test_a_tree_that_does_not_go_on_is_found(directory: Path, overseen: Path, server: str) -> None:
    with overseeing(directory, overseen, server) as (overseer, lines):
        overseer.follow()
        signer = read_key(overseen / LOG / KEY)
        text = Checkpoint(signer.key.name, 9_999, bytes(32)).text()
        overseer._doubts.append((Note(text, (signer.sign(text),)), "the proof ends in another root"))
        overseer.follow()
        (found,) = lines.found
    assert "the log's key has signed a tree of 9,999 records, and it was not shown that it goes on" in found
    (path,) = (directory / FINDINGS).glob("rewritten-*")
    proven = invoke("verify", path, f"--charter={digest_text(digest_of(overseen))}")
    assert proven.exit_code == 3, proven.stderr
    assert "is the partner's word" in proven.stdout + proven.stderr


def test_another_app_than_the_release_has(
    directory: Path, overseen: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An honest operator's is the one; where it were not, that is found once the log has gone on."""
    passed = 0.0

    def visit(overseer: Overseer) -> None:
        nonlocal passed
        overseer.visit()
        passed += 10
        register(server)
        looked_until_grown(overseer)

    with overseeing(directory, overseen, server, monotonic=lambda: passed) as (overseer, lines):
        overseer.follow()
        for _ in range(2):
            visit(overseer)
        assert lines.found == []
        monkeypatch.setattr("plainview.oversight.partner.served_app.app_named", lambda manifest: "A" * 43)
        for _ in range(3):
            visit(overseer)
        (found,) = lines.found
    assert found.startswith("viewers are served another app than the release of record 1 has: its digest is")
    (finding,) = findings(directory)
    assert finding.what == "ui"
    assert finding.stage == installed().manifest.ui
    assert " main.js\n" in finding.detail
    (path,) = (directory / FINDINGS).iterdir()
    told = invoke("verify", path, f"--charter={digest_text(digest_of(overseen))}")
    assert told.exit_code == 3
    assert "bundle has the files that it should have been" in " ".join(told.stdout.split())
