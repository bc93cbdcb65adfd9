"""The platform's own log under load: two witnesses cosign it, a mirror and a reader that we did not write follow it; a
copy of the data directory that goes its own way is caught."""

from __future__ import annotations

import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import metamorphic_log
import pytest

from bench.serving import Server
from plainview.keys.key_files import make_key, read_key
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.keys import VerifierKey
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.policies import NO_QUORUM, Group, Log, Policy, Witness
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.promises import open_promise
from plainview.ledger.schemes import ED25519
from plainview.records.fields import to_bytes
from plainview.records.leaf import personal_leaf
from tests.cli.homes import invoke
from tests.oversight.witness.processes import Process, tell_of, two_witnesses
from tests.platform.homes import amendment, parties_of, put
from tests.platform.towns import open_town, populate
from tests.server.clients import KERNELS, VIEWERS, Viewer

PATIENCE = 60
"""Seconds."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory whose charter asks no witness."""
    with open_town(tmp_path / "home") as application:
        populate(application, 200)
    return tmp_path / "home"


@pytest.fixture
def key(home: Path) -> VerifierKey:
    return read_key(home / "log" / "key").key


@pytest.fixture
def witnesses(tmp_path: Path, key: VerifierKey) -> Iterator[list[tuple[Process, VerifierKey]]]:
    with two_witnesses(tmp_path, key) as started:
        yield started


def policy_of(keys: list[VerifierKey], port: int, witnesses: list[tuple[Process, VerifierKey]]) -> Policy:
    """All witnesses must cosign; where there are none, nobody."""
    named = tuple(Witness(own.name, own, f"http://127.0.0.1:{process.port}") for process, own in witnesses)
    groups = (Group("all", len(named), tuple(one.name for one in named)),) if named else ()
    logs = tuple(Log(key, f"http://127.0.0.1:{port}/log/") for key in keys)
    return Policy(logs, named, groups, "all" if named else NO_QUORUM)


def amend(home: Path, policy: Policy) -> None:
    """As the parties do, with the server stopped."""
    path = home.with_name("amendment")
    path.write_bytes(amendment(home, policy=policy).encode())
    result = invoke("charter", "adopt", path, "--home", home)
    assert result.exit_code == 0, result.stderr


def fetched(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        content: bytes = answer.read()
    return content


def published(port: int) -> int:
    """The size of the log as it is served."""
    return int(fetched(port, "/log/checkpoint").split(b"\n")[1])


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    """However busy the machine is."""
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"not in {PATIENCE} s: {what}"
        time.sleep(0.05)


def test_a_published_log_is_followed_under_load_and_a_copy_that_forks_is_caught(
    tmp_path: Path, home: Path, key: VerifierKey, witnesses: list[tuple[Process, VerifierKey]], cache: Path
) -> None:
    policy, copy = tmp_path / "policy", tmp_path / "copy"

    def mirror(port: int, *believed: tuple[Process, VerifierKey]) -> tuple[int, str]:
        policy.write_bytes(encode_policy(policy_of([key], port, list(believed))))
        result = invoke("mirror", copy, "--policy", policy, "--once")
        return result.exit_code, result.stdout + result.stderr

    with Server(home, cache, KERNELS) as server:
        amend(home, policy_of([key], server.port, witnesses))
        server.start()
        viewers = [Viewer(server.port, viewer) for viewer in VIEWERS if viewer <= 3]
        for viewer in viewers:
            viewer.start()
        sizes = [published(server.port)]  # perhaps from before it had witnesses
        for _ in range(3):
            wait_for("growth", lambda: published(server.port) > sizes[-1])
            code, said = mirror(server.port, *witnesses)
            assert code == 0, said
            note = (copy / "checkpoint").read_text()
            sizes.append(metamorphic_log.checkpoint_verify(note, [key.vkey()]).size)
        assert sizes == sorted(set(sizes))
        for viewer in viewers:
            assert viewer.wrong is None
        wait_for("a page", lambda: bool(viewers[0].pages))
        receipt = viewers[0].pages[-1]
        promise = open_promise(parse_note(receipt["promise"].encode()), key.name, [key])
        leaf = leaf_hash(personal_leaf("page", to_bytes(receipt["commitment"])))
        assert (promise.index, promise.leaf) == (receipt["index"], leaf)
        wait_for("the page's entry", lambda: published(server.port) > promise.index)
        proof = parse_log_proof(fetched(server.port, f"/v1/pages/{promise.index}/proof"))
        head = proof.checkpoint.encode().decode()
        metamorphic_log.checkpoint_verify_inclusion(head, [key.vkey()], proof.index, leaf, list(proof.hashes))
        server.kill()
        for viewer in viewers:
            viewer.join()
    # Killed under load, it goes on with what was published.
    for source in (home, parties_of(home)):
        shutil.copytree(source, tmp_path / source.name.replace("home", "fork"))
    with Server(home, cache, KERNELS) as server:
        server.start()
        before = published(server.port)
        server.first_page(viewer=1)
        wait_for("growth", lambda: published(server.port) > before)
        code, said = mirror(server.port, *witnesses)
        assert code == 0, said
        assert server.stop() == 0
    last = int((copy / "checkpoint").read_text().split("\n")[1])
    assert last > sizes[-1]

    # A copy that is older than what was cosigned does not start.
    with Server(tmp_path / "fork", cache, KERNELS) as server, pytest.raises(RuntimeError, match="an older copy"):
        server.start()
    # Whoever runs it all the same, without witnesses, is caught by who followed the log.
    with Server(tmp_path / "fork", cache, KERNELS) as server:
        # The parties conspire, and the operator's adoption asks nobody: `plainview charter adopt` would not.
        put(tmp_path / "fork", amendment(tmp_path / "fork", policy=policy_of([key], server.port, [])).encode().decode())
        server.start()
        while published(server.port) <= last:
            server.first_page(viewer=2)
        code, said = mirror(server.port)
        assert code == 1
        assert server.stop() == 0
    (file,) = (copy / "misbehaviour").iterdir()
    verified = invoke("verify", file, "--log", key.vkey())
    assert verified.exit_code == 0, verified.stderr
    assert verified.stdout.startswith("Proven: the log signed trees of ")
    assert os.fspath(file) in said


def test_witnesses_and_the_logs_key_change_by_amendments_while_a_mirror_follows(
    tmp_path: Path, home: Path, key: VerifierKey, witnesses: list[tuple[Process, VerifierKey]], cache: Path
) -> None:
    first, second = witnesses
    copy, policy = tmp_path / "copy", tmp_path / "policy"

    def mirrored(port: int) -> str:
        """What it says of the log, believing what the charter in force says."""
        policy.write_bytes(invoke("charter", "policy", "--home", home).stdout.encode())
        result = invoke("mirror", copy, "--policy", policy, "--once")
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def run(server: Server) -> str:
        server.start()
        before = published(server.port)
        server.first_page(viewer=1)
        wait_for("growth", lambda: published(server.port) > before)
        said = mirrored(server.port)
        assert server.stop() == 0
        return said

    (home / "log" / "checkpoint").unlink()  # a log that begins with a witness
    with Server(home, cache, KERNELS) as server:
        amend(home, policy_of([key], server.port, [first]))
        assert "cosigned by w1.example" in run(server)

    # Another key, which the witnesses are told of before it signs.
    new = make_key(home / "log" / "key.new", key.name, ED25519).key
    for name, (process, _) in zip(("w1", "w2"), witnesses, strict=True):
        tell_of(tmp_path / name, key, new)
        process.end()
        process.start()
    with Server(home, cache, KERNELS) as server:
        amend(home, policy_of([key, new], server.port, [first, second]))
        (home / "log" / "key.new").replace(home / "log" / "key")
        assert "cosigned by w1.example, w2.example" in run(server)
    note = parse_note((copy / "checkpoint").read_bytes())
    assert [one.key for one in verified_signatures(note, [key, new])] == [new]

    # One of the witnesses goes, and the old key, which signed what the mirror began with.
    with Server(home, cache, KERNELS) as server:
        amend(home, policy_of([new], server.port, [second]))
        assert "cosigned by w2.example" in run(server)
    replayed = invoke("replay", "--all", "--home", home)
    assert (replayed.exit_code, "3 pages re-run, 100 % identical" in replayed.stdout) == (0, True), replayed.stdout
