"""The real witness as a process: asked over HTTP by forked logs at once, killed at any moment, started again."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from plainview.ledger.checkpoints import origin_hash, parse_checkpoint
from plainview.ledger.keys import VerifierKey, parse_vkey
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_note
from plainview.ledger.schemes import ED25519_COSIGNATURE
from plainview.oversight.witness.directory import make_directory
from tests.ledger.logs import LOG, ORIGIN
from tests.oversight.witness.processes import Process, tell_of
from tests.oversight.witness.submitting import FORKED, TREE, submission


@pytest.fixture
def keys(tmp_path: Path) -> list[VerifierKey]:
    """Of the witness in `tmp_path / "w"`."""
    keys = make_directory(tmp_path / "w", "witness.example/w1", ml_dsa_44=True)
    tell_of(tmp_path / "w", LOG.key)
    return keys


@pytest.fixture
def process(tmp_path: Path, keys: list[VerifierKey]) -> Iterator[Process]:
    process = Process(tmp_path / "w")
    process.start()
    yield process
    process.end()


def test_a_witness_over_http(process: Process, keys: list[VerifierKey]) -> None:
    assert parse_vkey(process.said[0].split()[2]) == keys[0]
    where = f"/{origin_hash(ORIGIN)}/checkpoint"
    assert process.ask(where)[0] == 404
    status, media_type, lines = process.ask("/add-checkpoint", submission(0, 100))
    assert (status, media_type) == (200, "text/plain; charset=utf-8")
    status, media_type, note = process.ask(where)
    assert (status, media_type, note.endswith(lines)) == (200, "text/plain; charset=utf-8", True)
    assert len(open_note(parse_note(note), [LOG.key, *keys])) == 3
    assert process.ask("/add-checkpoint", submission(0, 200)) == (409, "text/x.tlog.size", b"100\n")
    for body, expected in (
        (b"", 400),
        (submission(101, 100), 400),
        (submission(100, 200).replace(b"\n200\n", b"\n201\n"), 403),
        (submission(100, 200).replace(ORIGIN.encode(), b"nobody.example"), 404),
        (submission(100, 300, FORKED).replace(b"old 100\n", b"old 100\n" + b"A" * 43 + b"=\n"), 422),
    ):
        status, media_type, text = process.ask("/add-checkpoint", body)
        assert (status, media_type) == (expected, "text/plain; charset=utf-8")
        assert text.count(b"\n") == 1
    assert announced(process.port, "content-length: 2000000") == 413
    assert announced(process.port, "transfer-encoding: chunked\r\n\r\nzz") == 400
    assert process.ask("/add-checkpoint")[0] == 405
    assert process.ask("/nothing")[0] == 404
    assert process.ask(where)[2] == note
    assert process.end(signal.SIGTERM) == 0
    process.start()
    assert process.ask(where)[2] == note
    assert f"log {ORIGIN}: cosigned to size 100\n" in process.said


def announced(port: int, headers: str) -> int:
    """The status that is answered to a submission of which no more comes than these headers."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"POST /add-checkpoint HTTP/1.1\r\nhost: w1\r\n{headers}\r\n\r\n".encode())
        return int(connection.recv(1000).split()[1])


def test_killed_at_any_moment_it_never_cosigns_two_histories(process: Process, keys: list[VerifierKey]) -> None:
    """A log that forked after 100 entries asks from both sides at once. What was cosigned lies on one side."""
    ed25519 = next(key for key in keys if key.scheme is ED25519_COSIGNATURE)
    cosigned: dict[int, bytes] = {}
    wrong: list[Any] = []
    chance = random.Random(3)
    process.ask("/add-checkpoint", submission(0, 100))

    def ask(side: int) -> None:
        size = 100
        try:
            while size < 300:
                body = submission(size, size + 1, (TREE, FORKED)[side])
                status, _, content = process.ask("/add-checkpoint", body)
                if status == 200:
                    note = parse_note(body.partition(b"\n\n")[2] + content)
                    open_note(note, [ed25519])
                    root = parse_checkpoint(note.text).root
                    if cosigned.setdefault(size + 1, root) != root:
                        wrong.append(size + 1)
                elif status not in (409, 422):
                    wrong.append((status, content))
                size = size + 1 if status == 200 else int(content) if status == 409 else size
                if status == 422:
                    return  # the other side won
        except (OSError, HTTPException, ValueError):
            pass  # it was killed

    for _ in range(6):
        threads = [threading.Thread(target=ask, args=(side,)) for side in (0, 1, 0, 1)]
        for thread in threads:
            thread.start()
        threading.Event().wait(chance.uniform(0.05, 0.4))
        process.end()
        for thread in threads:
            thread.join()
        process.start()
        assert wrong == []
        held = parse_checkpoint(parse_note(process.ask(f"/{origin_hash(ORIGIN)}/checkpoint")[2]).text)
        assert held.size >= max(cosigned, default=100)
    side = next(grown for grown in (TREE, FORKED) if grown.root(held.size) == held.root)
    assert all(side.root(size) == root for size, root in cosigned.items())
    assert cosigned
