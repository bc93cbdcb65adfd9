"""`plainview mirror`, in this process and as one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from plainview.ledger.bundles import bundles
from plainview.ledger.misbehaviour import parse_misbehaviour
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.policy_files import encode_policy, parse_policy
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.ledger.tiles import tiles
from plainview.oversight.mirror.mirror import Mirror
from tests.cli.homes import invoke, one_line
from tests.ledger.logs import LOG, ORIGIN, WITNESSES, signer
from tests.oversight.mirror.logs import DirectoryLog, Served, served
from tests.oversight.pages import PageLog, answer


@pytest.fixture
def log(tmp_path: Path) -> DirectoryLog:
    log = DirectoryLog(tmp_path / "log")
    log.publish(300, "north")
    return log


@pytest.fixture
def server(log: DirectoryLog) -> Iterator[Served]:
    with served(log.directory) as server:
        yield server


@pytest.fixture
def policy(tmp_path: Path, server: Served) -> Path:
    path = tmp_path / "policy"
    path.write_bytes(
        encode_policy(Policy((Log(LOG.key, server.url),), (Witness("north", WITNESSES["north"].key),), (), "north"))
    )
    return path


def test_a_log_is_mirrored(policy: Path, tmp_path: Path, log: DirectoryLog) -> None:
    arguments = ("mirror", tmp_path / "copy", "--policy", policy, "--once")
    result = invoke(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    root = log.tree.root().hex()[:16]
    assert result.stdout.splitlines() == [
        f"{ORIGIN}: grown to 300 entries, root {root}, cosigned by north",
        "300 entries are here",
    ]
    assert invoke(*arguments).stdout == "300 entries are here\n"
    (tmp_path / "copy/tile/0/000").write_bytes(bytes(8192))
    assert invoke(*arguments, "--check").exit_code == 0
    assert (tmp_path / "copy/tile/0/000").read_bytes() == (log.directory / "tile/0/000").read_bytes()


@pytest.mark.parametrize("name", [os.fsdecode(b"n\xff"), "n\x9b31m"])
def test_a_witness_may_have_any_name(policy: Path, tmp_path: Path, log: DirectoryLog, name: str) -> None:
    logs = parse_policy(policy.read_bytes()).logs
    policy.write_bytes(encode_policy(Policy(logs, (Witness(name, WITNESSES["north"].key),), (), "none")))
    arguments = ("mirror", tmp_path / os.fsdecode(b"\xff\x1b"), "--policy", policy, "--once")
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert f"cosigned by {name!a}\n" in result.stdout
    log.show_cosigned(log.tree.size - 1, WITNESSES["north"], 60)
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert result.stderr.startswith(f"MISBEHAVIOUR: witness {name!a} signed 299 entries")
    assert result.stderr.replace("\n", "").isprintable()


def test_a_fork_ends_with_1_and_a_proof(policy: Path, tmp_path: Path, server: Served) -> None:
    arguments = ("mirror", tmp_path / "copy", "--policy", policy)
    invoke(*arguments, "--once")
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(400)
    server.directory = forked.directory
    result = invoke(*arguments)  # without --once, too
    assert result.exit_code == 1
    said = one_line(result)
    assert said.startswith("MISBEHAVIOUR: the log signed trees of 300 and of 400 entries")
    (proof,) = (tmp_path / "copy" / "misbehaviour").iterdir()
    assert said.endswith(str(proof))
    assert parse_misbehaviour(proof.read_bytes()).smaller.encode() == (tmp_path / "copy/checkpoint").read_bytes()


def test_a_witness_that_contradicts_itself_ends_nothing(policy: Path, tmp_path: Path, log: DirectoryLog) -> None:
    arguments = ("mirror", tmp_path / "copy", "--policy", policy, "--once")
    log.show(300, "north", "west")
    two = tuple(Witness(name, WITNESSES[name].key) for name in ("north", "west"))
    group = Group("any", 1, ("north", "west"))
    logs = parse_policy(policy.read_bytes()).logs
    policy.write_bytes(encode_policy(Policy(logs, two, (group,), "any")))
    invoke(*arguments)
    log.show_cosigned(log.tree.size - 1, WITNESSES["north"], 60)
    result = invoke(*arguments)
    assert result.exit_code == 0
    told, remark = result.stderr.splitlines()
    assert told.startswith("MISBEHAVIOUR: witness north signed 299 entries as all there were")
    assert told.endswith(".tlog-misbehaviour; the log is followed on, and that word no longer counts")
    assert remark.startswith("note: ")
    log.publish(400, "north", "west")
    result = invoke(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "cosigned by west\n" in result.stdout
    log.publish(500, "north")
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "not counted: 'north'" in one_line(result)


def test_receipts_are_held_against_it(policy: Path, tmp_path: Path, server: Served) -> None:
    log = PageLog(tmp_path / "pages", "b", common=200)
    log.publish(300, "north")
    server.directory = log.directory
    receipts = tmp_path / "receipts"
    arguments = ("mirror", tmp_path / "copy", "--policy", policy, "--once", "--receipts", receipts)
    assert "No such file or directory; --receipts is a directory with answers" in one_line(invoke(*arguments))
    assert "File name too long; --receipts is" in one_line(invoke(*arguments[:-1], tmp_path / ("x" * 256)))
    receipts.mkdir()
    (receipts / "120.json").write_bytes(answer(120))
    result = invoke(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1] == f"{receipts / '120.json'}: kept, entry 120 is this page"
    (receipts / "cut.json").write_bytes(answer(120)[:-1])
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert one_line(result).startswith(f"error: {receipts / 'cut.json'}: receipt: not JSON")
    for index in (250, 251, 300):
        (receipts / f"{index}.json").write_bytes(answer(index))
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert [line.partition(": in the")[0].partition(": 1,000 ms")[0] for line in result.stderr.splitlines()] == [
        f"MISBEHAVIOUR: the log broke its promise of entry {index} of {ORIGIN!r}" for index in (250, 251, 300)
    ]
    for line in result.stderr.splitlines():
        proof = line.rpartition("the proof is in ")[2]
        assert invoke("verify", proof, "--policy", policy).stdout.startswith("Proven: the log broke its promise")


def test_a_promise_that_waits_is_told(policy: Path, tmp_path: Path, log: DirectoryLog) -> None:
    log.show_cosigned(300, WITNESSES["north"], -5)
    (tmp_path / "400.json").write_bytes(answer(400))
    result = invoke("mirror", tmp_path / "copy", "--policy", policy, "--once", "--receipts", tmp_path)
    assert result.exit_code == 0
    assert "400.json: entry 400 is promised by 2026-09-21 14:13:20 UTC and not there" in one_line(result)


def test_what_cannot_be_followed_is_told(policy: Path, tmp_path: Path, server: Served, log: DirectoryLog) -> None:
    def told(*arguments: object) -> str:
        result = invoke("mirror", tmp_path / "copy", "--once", *arguments)
        assert result.exit_code == 2
        return one_line(result)

    assert "No such file" in told("--policy", tmp_path / "nothing")
    bad = tmp_path / "bad"
    bad.write_text("thesis\n")
    assert f"error: {bad}: policy, line 1" in told("--policy", bad)
    bad.write_text("quorum none\n")
    assert "names these logs: none; add one" in told("--policy", bad)
    bad.write_text(f"log {LOG.key.vkey()}\nquorum none\n")
    assert "give --url" in told("--policy", bad)
    assert "begins with http" in told("--policy", bad, "--url", "exa mple")
    assert "no answer" in told("--policy", bad, "--url", "http://127.0.0.1:1")
    other = signer("other.example", ED25519)
    bad.write_text(f"log {LOG.key.vkey()}\nlog {other.key.vkey()} {server.url}\nquorum none\n")
    assert f"{ORIGIN}, other.example; give one as --log" in told("--policy", bad)
    assert "not of 'other.example'" in told("--policy", bad, "--log", "other.example")
    log.publish(301)
    assert "quorum 'north' not reached" in told("--policy", policy)
    bad.write_text(f"log {Signer(ORIGIN, ED25519, bytes(32)).key.vkey()} {server.url}\nquorum none\n")
    assert told("--policy", bad).endswith("its new policy names the one that signs now")


def test_a_copy_takes_a_directory(policy: Path) -> None:
    result = invoke("mirror", policy, "--policy", policy, "--once")
    assert (result.exit_code, one_line(result)) == (2, f"error: {policy}: is a file; give a directory for the copy")


@pytest.mark.parametrize("every", ["inf", "nan", "1e12"])
def test_a_pause_that_cannot_be_is_a_usage_error(policy: Path, tmp_path: Path, every: str) -> None:
    result = invoke("mirror", tmp_path / "copy", "--policy", policy, "--every", every)
    assert (result.exit_code, "Invalid value for '--every'" in result.stderr) == (2, True)


def start(copy: Path, policy: Path) -> subprocess.Popen[str]:
    """A mirror that follows, in a process of its own."""
    command = [sys.executable, "-m", "plainview.cli", "mirror", str(copy), "--policy", str(policy), "--every", "0.1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_at_any_moment_it_goes_on(policy: Path, tmp_path: Path, log: DirectoryLog) -> None:
    copy = tmp_path / "copy"
    for size, pause in ((2000, 0.4), (4000, 0.55), (6000, 0.7), (8000, 0.85)):
        log.publish(size, "north")
        running = start(copy, policy)
        threading.Event().wait(pause)
        second = invoke("mirror", copy, "--policy", policy, "--once")
        assert second.exit_code in (0, 2)
        running.kill()
        running.communicate()
    running = start(copy, policy)
    assert running.stdout
    while "8,000 entries" not in (line := running.stdout.readline()):
        assert line
    running.send_signal(signal.SIGTERM)
    assert running.communicate(timeout=60)[1] == ""
    assert running.returncode == 0
    for one in (*tiles(8000), *bundles(8000)):
        assert (copy / one.path).read_bytes() == (log.directory / one.path).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_look_that_is_interrupted_ends_with_130(
    number: signal.Signals, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mirror, "update", lambda _: signal.raise_signal(number))
    before = signal.getsignal(signal.SIGTERM)
    # Whoever runs the tests in the background has SIGINT ignored.
    interrupting = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = invoke("mirror", tmp_path / "copy", "--policy", policy, "--once")
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupting)
    assert (result.exit_code, result.output) == (130, "")


def test_output_that_nobody_reads_is_no_verdict(policy: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    mirrored = ["mirror", str(copy), "--policy", str(policy), "--once"]
    for arguments in (mirrored, ["verify", str(copy), "--policy", str(policy)]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", "plainview.cli", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (2, "")


def test_two_at_once_are_refused(policy: Path, tmp_path: Path) -> None:
    running = start(tmp_path / "copy", policy)
    assert running.stdout
    assert running.stdout.readline()
    result = invoke("mirror", tmp_path / "copy", "--policy", policy, "--once")
    running.kill()
    running.communicate()
    assert result.exit_code == 2
    assert "another mirror is at work there" in one_line(result)
