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
from plainview.keys.key_files import read_key
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.keys import VerifierKey
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import NO_QUORUM, Group, Log, Policy, Witness
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.promises import open_promise
from plainview.oversight.witness.directory import LOGS, make_directory
from plainview.records.fields import to_bytes
from plainview.records.leaf import personal_leaf
from tests.cli.homes import invoke
from tests.oversight.witness.processes import Process
from tests.platform.towns import open_town, populate
from tests.server.test_process import KERNELS, VIEWERS, Viewer, cache

__all__ = ["cache"]

PATIENCE = 60
"""Seconds."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data directory whose log has a key."""
    with open_town(tmp_path / "home") as application:
        populate(application, 200)
    return tmp_path / "home"


@pytest.fixture
def key(home: Path) -> VerifierKey:
    return read_key(home / "log" / "key").key


@pytest.fixture
def witnesses(tmp_path: Path, key: VerifierKey) -> Iterator[list[tuple[Process, VerifierKey]]]:
    started = []
    for name in ("w1", "w2"):
        (own,) = make_directory(tmp_path / name, f"{name}.example", ml_dsa_44=False)
        (tmp_path / name / LOGS).write_bytes(encode_policy(Policy((Log(key),), (), (), NO_QUORUM)))
        process = Process(tmp_path / name)
        process.start()
        started.append((process, own))
    yield started
    for process, _ in started:
        process.end()


def policy_of(key: VerifierKey, port: int, witnesses: list[tuple[Process, VerifierKey]]) -> bytes:
    """Both witnesses must cosign; where there are none, nobody."""
    named = tuple(Witness(own.name, own, f"http://127.0.0.1:{process.port}") for process, own in witnesses)
    groups = (Group("both", 2, tuple(one.name for one in named)),) if named else ()
    log = Log(key, f"http://127.0.0.1:{port}/log/")
    return encode_policy(Policy((log,), named, groups, "both" if named else NO_QUORUM))


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
        policy.write_bytes(policy_of(key, port, list(believed)))
        result = invoke("mirror", copy, "--policy", policy, "--once")
        return result.exit_code, result.stdout + result.stderr

    with Server(home, cache, KERNELS) as server:
        (home / "log" / "policy").write_bytes(policy_of(key, server.port, witnesses))
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
    shutil.copytree(home, tmp_path / "fork")
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
        (tmp_path / "fork" / "log" / "policy").write_bytes(policy_of(key, server.port, []))
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
