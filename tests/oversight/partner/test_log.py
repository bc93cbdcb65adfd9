"""The partner's own log: durable, in one order, whoever appends."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from plainview.ledger.errors import FormatError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import NO_QUORUM, Policy
from plainview.ledger.policies import Log as Named
from plainview.oversight.mirror.copies import CHECKPOINT, Copy
from plainview.oversight.partner.log import OwnLog, OwnLogDamaged
from tests.ledger.logs import LOG, signer
from tests.storage.crashing_files import CrashingFiles, PowerLoss

POLICY = Policy((Named(LOG.key),), (), (), NO_QUORUM)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.mkdir()
    return path


def whole(directory: Path) -> Copy:
    """Read as any mirror's copy is, every hash checked."""
    return Copy(lambda path: (directory / path).read_bytes(), POLICY)


def test_what_is_appended_is_there(directory: Path) -> None:
    log = OwnLog(directory, LOG)
    assert log.entries() == ()
    assert log.resource(CHECKPOINT) is None
    entries = [f"act {at}".encode() for at in range(258)]
    assert [log.append(one) for one in entries[:240]] == list(range(240))
    again = OwnLog(directory, LOG)
    for one in entries[240:]:
        again.append(one)
    assert log.entries() == tuple(entries)  # what another appended, too
    assert whole(directory).size == 258
    assert whole(directory).leaf(256) == leaf_hash(entries[256])


def test_it_is_appended_once(directory: Path) -> None:
    log = OwnLog(directory, LOG)
    assert [log.append(b"a"), log.append(b"b"), log.append(b"a")] == [0, 1, 0]
    assert log.entries() == (b"a", b"b")


@pytest.mark.parametrize("entry", [b"", b"x" * 65_536])
def test_what_no_log_holds(directory: Path, entry: bytes) -> None:
    with pytest.raises(FormatError, match="1 to 65535 bytes"):
        OwnLog(directory, LOG).append(entry)


def test_at_once_from_threads(directory: Path) -> None:
    log = OwnLog(directory, LOG)
    with ThreadPoolExecutor(8) as pool:
        indexes = list(pool.map(lambda at: log.append(b"%d" % at), range(50)))
    assert sorted(indexes) == list(range(50))
    assert whole(directory).size == 50


def _append(directory: Path, name: str) -> None:
    log = OwnLog(directory, LOG)
    for at in range(20):
        log.append(f"{name} {at}".encode())


def test_at_once_from_processes(directory: Path) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_append, args=(directory, name)) for name in ("a", "b")]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert len(OwnLog(directory, LOG).entries()) == 40
    assert whole(directory).size == 40


def test_only_what_it_has_is_served(directory: Path) -> None:
    log = OwnLog(directory, LOG)
    log.append(b"a")
    data = log.resource(CHECKPOINT)
    assert data is not None
    assert open_checkpoint(parse_note(data), LOG.key.name, [LOG.key])[0].size == 1
    assert log.resource("tile/entries/000.p/1") == b"\0\1a"
    for path in ("../auditor.key", "lock", "tile/0/../../lock", "tile/entries/000", ""):
        assert log.resource(path) is None


def test_one_that_was_set_back_or_damaged_is_told(directory: Path) -> None:
    log = OwnLog(directory, LOG)
    log.append(b"a")
    before = (directory / CHECKPOINT).read_bytes()
    log.append(b"b")
    (directory / CHECKPOINT).write_bytes(before)
    with pytest.raises(OwnLogDamaged, match="begin with what it had"):
        log.append(b"c")
    (directory / "tile/entries/000.p/1").write_bytes(b"\0\1x")
    with pytest.raises(OwnLogDamaged, match="do not lead to the root"):
        OwnLog(directory, LOG)
    with pytest.raises(OwnLogDamaged, match=r"not of 'other\.example/log'"):
        OwnLog(directory, signer("other.example/log", LOG.key.scheme))


def test_power_loss_between_any_two_file_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was appended is there, and what was not is appended anew."""
    monkeypatch.setattr(OwnLog, "_alone", lambda _: nullcontext())
    directory = Path("/disk/log")

    def run(disk: CrashingFiles, done: list[bytes]) -> None:
        for entry in (b"a", b"b"):
            OwnLog(directory, LOG, disk).append(entry)
            done.append(entry)

    disk = CrashingFiles()
    run(disk, [])
    assert disk.operations > 20
    for crash_at in range(disk.operations):
        done: list[bytes] = []
        broken = CrashingFiles(crash_at)
        with pytest.raises(PowerLoss):
            run(broken, done)
        for seed in range(2):
            found = broken.restart(random.Random(seed))
            entries = OwnLog(directory, LOG, found).entries()
            assert entries[: len(done)] == tuple(done)
            OwnLog(directory, LOG, found).append(b"d")
            assert OwnLog(directory, LOG, found).entries() == (*entries, b"d")
            copy = Copy(lambda path, found=found: found.read(directory / path), POLICY)  # type: ignore[misc]
            assert copy.size == len(entries) + 1
