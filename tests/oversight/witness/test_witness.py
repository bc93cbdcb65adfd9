from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from plainview.ledger.checkpoints import Checkpoint, origin_hash, parse_checkpoint
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_note
from plainview.ledger.submissions import Submission
from plainview.oversight.witness.store import WitnessStore
from plainview.oversight.witness.witness import SIZE, Refused, Witness
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, STRANGER, TIME, checkpoint, signed
from tests.ledger.trees import tree
from tests.oversight.witness.submitting import FORKED, KEYS, OTHER, TREE, Clock, submission, witness

EXTENDED = Checkpoint(ORIGIN, 100, TREE.root(100), ("more",))


def refused(running: Witness, body: bytes) -> tuple[int, str, str]:
    """Status, type and text of the answer. What the witness holds is as before."""
    held = running._store.note(origin_hash(ORIGIN))
    with pytest.raises(Refused) as error:
        running.add_checkpoint(body)
    assert running._store.note(origin_hash(ORIGIN)) == held
    return error.value.status, error.value.media_type, str(error.value)


@pytest.fixture
def running(tmp_path: Path) -> Witness:
    """It has cosigned 100 entries."""
    running = witness(tmp_path)
    running.add_checkpoint(submission(0, 100))
    return running


def test_a_log_that_grows_is_cosigned(tmp_path: Path) -> None:
    clock = Clock()
    running = witness(tmp_path, clock)
    for old, new in ((0, 0), (0, 1), (1, 1), (1, 100), (100, 257), (257, 300)):
        clock.now += 1
        answer = running.add_checkpoint(submission(old, new))
        note = signed(checkpoint(TREE, new).text())
        found = open_note(parse_note(note.encode() + answer), [key.key for key in KEYS])
        assert [(one.key, one.time) for one in found] == [(key.key, clock.now) for key in KEYS]
        assert running.checkpoint(origin_hash(ORIGIN)) == note.encode() + answer
        held = running.held(ORIGIN)
        assert held
        assert held.size == new


def test_each_log_has_its_own_last_checkpoint(running: Witness) -> None:
    other = Checkpoint(OTHER.key.name, 7, bytes(32)).text()
    running.add_checkpoint(Submission(0, (), Note(other, (OTHER.sign(other),))).encode())
    assert refused(running, submission(0, 200))[2] == "100\n"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "no empty line"),
        (submission(100, 200)[:-1], 400, "no newline"),
        (submission(200, 150), 400, "the old size, 200, is above the checkpoint's, 150"),
        (submission(0, 200), 409, "100\n"),
        (submission(99, 200), 409, "100\n"),
        (submission(101, 200), 409, "100\n"),
        (submission(100, 200, FORKED).replace(b"old 100\n", b"old 100\n" + b"A" * 43 + b"=\n"), 422, "too many"),
        (Submission(100, (), signed(checkpoint(TREE, 200).text())).encode(), 422, "too few"),
        (Submission(100, (), signed(checkpoint(tree(100, "b")).text())).encode(), 422, "two roots"),
        (Submission(100, (bytes(32),), signed(checkpoint(TREE, 100).text())).encode(), 422, "no hashes"),
        (Submission(100, (), signed(Checkpoint("nobody.example", 100, bytes(32)).text())).encode(), 404, "no log"),
        (
            Submission(
                100, (), Note(checkpoint(TREE, 200).text(), (STRANGER.sign("x\n1\n" + "A" * 43 + "=\n", 1),))
            ).encode(),
            403,
            "no signature of a known key",
        ),
        (submission(100, 200).replace(b"\n200\n", b"\n201\n"), 403, "does not verify"),
        (Submission(100, (), signed(EXTENDED.text(), by=LOG_ML_DSA)).encode(), 403, "extension"),
    ],
)
def test_all_else_is_refused(running: Witness, body: bytes, status: int, message: str) -> None:
    found, media_type, text = refused(running, body)
    assert (found, media_type == SIZE) == (status, status == 409)
    assert message in text


@pytest.mark.parametrize(
    "body",
    [
        Submission(0, (), signed(Checkpoint(ORIGIN, 0, bytes(32)).text())).encode(),
        submission(0, 5).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n"),
    ],
)
def test_nothing_follows_from_nothing_but_the_empty_tree(tmp_path: Path, body: bytes) -> None:
    assert refused(witness(tmp_path), body)[0] == 422


def test_what_is_not_shown_to_go_on_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    running = witness(tmp_path)
    running._doubted = lambda note, reason: told.append((note.text, reason))
    running.add_checkpoint(submission(0, 100))
    assert refused(running, submission(7, 200))[0] == 409
    assert told == []
    unproven = Submission(100, (), signed(checkpoint(TREE, 200).text())).encode()
    status, _, reason = refused(running, unproven)
    ((text, why),) = told
    assert (status, why) == (422, reason)
    assert parse_checkpoint(text).size == 200


def test_an_old_size_of_nothing_is_0(tmp_path: Path) -> None:
    assert refused(witness(tmp_path), submission(7, 100))[:3] == (409, SIZE, "0\n")


def test_a_fork_is_not_cosigned(running: Witness) -> None:
    running.add_checkpoint(submission(100, 200))
    assert refused(running, submission(200, 300, FORKED))[0] == 422


def test_repeated_signatures_leave_room_for_ours(tmp_path: Path) -> None:
    running = witness(tmp_path)
    text = checkpoint(TREE, 5).text()
    running.add_checkpoint(Submission(0, (), Note(text, (LOG.sign(text),) * 64)).encode())
    assert [one.name for one in parse_note(running.checkpoint(origin_hash(ORIGIN))).signatures] == [
        ORIGIN,
        KEYS[0].key.name,
        KEYS[1].key.name,
    ]


def test_monitors_are_told_of_known_logs_only(tmp_path: Path) -> None:
    running = witness(tmp_path)
    for wanted, message in ((origin_hash(ORIGIN), "not cosigned"), (origin_hash(ORIGIN).upper(), "knows no log")):
        with pytest.raises(Refused, match=message) as error:
            running.checkpoint(wanted)
        assert error.value.status == 404


def test_a_clock_that_runs_backwards_cosigns_nothing(tmp_path: Path) -> None:
    clock = Clock()
    running = witness(tmp_path, clock)
    running.add_checkpoint(submission(0, 100))
    clock.now = TIME - 40
    assert refused(running, submission(100, 200)) == (
        503,
        "text/plain; charset=utf-8",
        "this witness's clock went back by 40 s; try again when it is right",
    )
    clock.now = TIME
    running.add_checkpoint(submission(100, 200))


def test_a_time_of_0_is_no_time(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = 0
    assert refused(witness(tmp_path, clock), submission(0, 1))[0] == 503


def test_it_remembers(tmp_path: Path) -> None:
    witness(tmp_path).add_checkpoint(submission(0, 100))
    assert refused(witness(tmp_path), submission(0, 200, FORKED))[2] == "100\n"


def test_what_it_did_not_write_it_does_not_believe(tmp_path: Path, running: Witness) -> None:
    with sqlite3.connect(tmp_path / "witness.sqlite") as connection:
        ((note,),) = connection.execute("SELECT note FROM cosigned")
        connection.execute("UPDATE cosigned SET note = ?", (note.replace(b"\n100\n", b"\n99\n"),))
    connection.close()
    status, _, text = refused(running, submission(99, 200, FORKED))
    assert status == 503
    assert "is not what it wrote" in text


def test_of_two_forks_at_once_one_is_cosigned(tmp_path: Path) -> None:
    """Two processes' worth of connections, each with threads of its own."""
    running = [witness(tmp_path, keys=1), witness(tmp_path, keys=1)]
    running[0].add_checkpoint(submission(0, 100))
    for size in range(101, 121):
        start = threading.Barrier(4)
        answers: list[tuple[int, int]] = []

        def ask(number: int, size: int = size, start: threading.Barrier = start, answers=answers) -> None:  # type: ignore[no-untyped-def]
            body = submission(100 if size == 101 else size - 1, size, (TREE, FORKED)[number % 2])
            start.wait()
            try:
                running[number // 2].add_checkpoint(body)
                answers.append((number % 2, 200))
            except Refused as error:
                answers.append((number % 2, error.status))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [status for _, status in answers].count(200) == 1
        assert {status for _, status in answers} <= {200, 409, 422}


def test_a_store_that_cannot_be_written_cosigns_nothing(tmp_path: Path, running: Witness) -> None:
    holder = sqlite3.connect(tmp_path / "witness.sqlite", isolation_level=None)
    running._store._connection.execute("PRAGMA busy_timeout = 0")
    holder.execute("BEGIN IMMEDIATE")
    status, _, text = refused(running, submission(100, 200))
    assert (status, "nothing was cosigned" in text) == (503, True)
    holder.execute("ROLLBACK")
    holder.close()
    running.add_checkpoint(submission(100, 200))


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "witness.sqlite").write_bytes(b"thesis" * 1000)
    with pytest.raises(Exception, match="not a database"):
        WitnessStore(tmp_path / "witness.sqlite")


def test_what_is_withheld_is_growth_alone(tmp_path: Path) -> None:
    asked: list[int] = []

    def withheld(checkpoint: Checkpoint) -> str:
        asked.append(checkpoint.size)
        return "an act is missing" if checkpoint.size > 100 else ""

    store = WitnessStore(tmp_path / "witness.sqlite")
    running = Witness([LOG.key], KEYS[:1], store, Clock(), withheld)
    running.add_checkpoint(submission(0, 100))
    assert refused(running, submission(100, 200))[::2] == (503, "an act is missing")
    assert running.add_checkpoint(submission(100, 100))  # anew
    assert asked == [100, 200]  # and nobody is asked for what it had


def test_it_comes_to_know_other_logs(running: Witness) -> None:
    running.know([OTHER.key])
    assert refused(running, submission(100, 200))[0] == 404
    assert running.origins() == [OTHER.key.name]
    running.know([LOG.key])
    assert running.add_checkpoint(submission(100, 200))
