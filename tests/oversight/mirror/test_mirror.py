from __future__ import annotations

import random
import shutil
from concurrent.futures import Future
from pathlib import Path

import msgspec
import pytest

from plainview.ledger.bundles import bundles, encode_entries
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.misbehaviour import Contradiction, Kind, parse_misbehaviour
from plainview.ledger.notes import Note
from plainview.ledger.policies import Log
from plainview.ledger.schemes import ED25519
from plainview.ledger.signers import Signer
from plainview.ledger.tiles import Tile, tile_data, tiles
from plainview.oversight.mirror.copies import PENDING
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import Mirror, MirrorError, Misbehaved
from plainview.oversight.mirror.source import LogSource
from tests.ledger.logs import LOG_ML_DSA, ORIGIN, WITNESSES, signed
from tests.ledger.witnessed import POLICY
from tests.oversight.mirror.following import OPEN, Following, same
from tests.oversight.mirror.logs import DirectoryLog, served
from tests.storage.crashing_files import CrashingFiles, PowerLoss


def test_it_follows(log: DirectoryLog, following: Following) -> None:
    for size in (0, 1, 1, 255, 256, 257, 700, 1500):
        log.publish(size)
        assert following.look() == []
        held = following.held
        assert (held.size, held.root) == (size, log.tree.root())
        same(following.directory, log, size)
    assert not (following.directory / PENDING).exists()
    assert not (following.directory / "tile/0/000.p").exists(), "partial tiles of a full one are removed"
    assert not (following.directory / "tile/entries/000.p").exists()


def test_a_big_log_at_once(log: DirectoryLog, following: Following) -> None:
    log.publish(70_000)
    following.look()
    same(following.directory, log, 70_000)


def test_a_copy_is_a_log_for_others(log: DirectoryLog, following: Following, tmp_path: Path) -> None:
    log.publish(700)
    following.look()
    with served(following.directory) as again:
        second = Following(tmp_path / "second", again, following.pool)
        second.look()
        same(second.directory, log, 700)


def test_partial_tiles_that_are_gone_are_read_from_full_ones(log: DirectoryLog, following: Following) -> None:
    log.publish(600)
    note = log.show(600)
    log.publish(1024)
    for path in log.directory.glob("tile/**/*.p"):
        shutil.rmtree(path)
    log.put("tile/1/000.p/2", tile_data(Tile(1, 0, 2), log.tree.read))  # of which there is no full one yet
    log.put("checkpoint", note.encode())
    following.look()
    assert following.held.size == 600


def test_a_key_that_the_policy_has_no_more(log: DirectoryLog, following: Following) -> None:
    log.publish(100)
    following.look()
    new = Log(Signer(ORIGIN, ED25519, b"\7" * 32).key)
    following.policy = msgspec.structs.replace(OPEN, logs=(new,))
    with pytest.raises(MirrorError, match=r"/checkpoint is .*a key that the policy has no more \(name that one, too\)"):
        following.open()
    following.policy = msgspec.structs.replace(OPEN, logs=(*OPEN.logs, new))
    assert following.open().held


def test_two_trees_of_one_size(log: DirectoryLog, following: Following, tmp_path: Path) -> None:
    log.publish(300)
    following.look()
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(300)
    following.server.directory = forked.directory
    assert following.misbehaved().contradiction.kind is Kind.SPLIT


@pytest.mark.parametrize("size", [256, 290, 310, 512, 900])
def test_a_fork(log: DirectoryLog, following: Following, tmp_path: Path, size: int) -> None:
    """Smaller and larger than what is here, and at powers of two, where a consistency proof would not do."""
    log.publish(300)
    following.look()
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(size)
    following.server.directory = forked.directory
    found = following.misbehaved()
    assert (found.contradiction.kind, found.contradiction.log) == (Kind.FORK, True)
    assert "does not begin with the smaller" in str(found)


def test_a_fork_that_is_not_served_is_told_and_kept(log: DirectoryLog, following: Following, tmp_path: Path) -> None:
    log.publish(300)
    following.look()
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    note = forked.publish(400)
    log.publish(400)
    log.put("checkpoint", note.encode())
    with pytest.raises(MirrorError, match="does not serve them"):
        following.look()
    (kept,) = (following.directory / "unproven").iterdir()
    assert kept.read_bytes() == note.encode()


def test_an_older_checkpoint_proves_nothing(log: DirectoryLog, following: Following) -> None:
    log.publish(200)
    log.publish(300, "north")
    following.look()
    log.show(200, "north")
    (remark,) = following.look()
    assert "that proves nothing" in remark
    assert following.held.size == 300


def roll_back(log: DirectoryLog, following: Following, signer: Signer) -> None:
    log.publish(200)
    log.publish(300)
    log.show_cosigned(300, signer, 0)
    following.look()
    log.show_cosigned(200, signer, 60)


def test_an_older_checkpoint_that_the_log_signed_later(log: DirectoryLog, following: Following) -> None:
    roll_back(log, following, LOG_ML_DSA)
    found = following.misbehaved().contradiction
    assert (found.kind, found.log) == (Kind.ROLLBACK, True)


def test_an_older_checkpoint_that_a_witness_signed_later(log: DirectoryLog, following: Following) -> None:
    roll_back(log, following, WITNESSES["north"])
    (remark,) = following.look()
    assert "that proves nothing" in remark
    (told,) = following.convicted
    found = parse_misbehaviour(told.path.read_bytes()).check(OPEN)
    assert found == told.contradiction
    assert (found.kind, found.log, found.witnesses) == (Kind.ROLLBACK, False, ("north",))


def test_a_witness_cannot_stop_who_follows_an_honest_log(
    log: DirectoryLog, following: Following, tmp_path: Path
) -> None:
    """It cosigns a small tree anew, which it serves. It is told once, and no longer asked or counted."""
    following.policy = POLICY
    log.publish(10, "north", "south", "west")
    lying = DirectoryLog(tmp_path / "lying")
    lying.publish(10)
    with served(lying.directory) as witness:
        following.others = [witness.url + "checkpoint"]
        for size in (300, 400, 500):
            lying.show_cosigned(10, WITNESSES["north"], size)
            log.publish(size, "north", "south", "west")
            accepted, remarks = following.open().update()
            assert accepted
            assert ([one.witness for one in accepted.witnessed], remarks) == (["south", "west"], [])
        assert [one.contradiction.sentence()[:24] for one in following.convicted] == ["witness north signed 10 "]
        assert witness.asked == ["checkpoint"]
    assert len(list((following.directory / "misbehaviour").iterdir())) == 1
    same(following.directory, log, 500)
    log.publish(600, "north", "south")
    with pytest.raises(MirrorError, match=r"cosigned by: 'south'; not counted: 'north', convicted by .*misbehaviour;"):
        following.look()
    following.policy = msgspec.structs.replace(POLICY, quorum="north")
    with pytest.raises(MirrorError, match="without that the quorum cannot be reached: ask for another in the policy"):
        following.look()


def test_a_proof_that_is_damaged_is_told(log: DirectoryLog, following: Following) -> None:
    roll_back(log, following, WITNESSES["north"])
    following.look()
    (proof,) = (following.directory / "misbehaviour").iterdir()
    proof.write_bytes(proof.read_bytes()[:-1])
    with pytest.raises(MirrorError, match="is damaged; move it away"):
        following.look()


def test_a_fork_that_a_witness_has_seen(log: DirectoryLog, following: Following, tmp_path: Path) -> None:
    """The mirror is shown one side only; the witness, whose checkpoint it asks for, the other."""
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(250, "north")
    with served(forked.directory) as witness:
        following.others = [witness.url + "checkpoint"]
        log.publish(300)
        found = following.misbehaved().contradiction
        assert (found.kind, found.smaller.size, found.larger.size) == (Kind.FORK, 250, 300)


def test_a_tree_of_which_nothing_is_shown_contradicts_the_witnesses(
    log: DirectoryLog, following: Following, tmp_path: Path
) -> None:
    """The log signs a root of no tree at all. No tile fits it, and what the witness comes to know contradicts it."""
    log.publish(100, "north")
    following.look()
    honest = DirectoryLog(tmp_path / "honest")
    honest.publish(200, "north")
    log.publish(200)
    (log.directory / "checkpoint").write_bytes(signed(Checkpoint(ORIGIN, 200, bytes(32)).text()).encode())
    mirror = following.open()
    with pytest.raises(MirrorError):
        mirror.update()
    with served(honest.directory) as witness:
        following.others = [witness.url + "checkpoint"]
        mirror._others = following.open()._others
        with pytest.raises(Misbehaved) as error:
            mirror.update()
    found = error.value.contradiction
    assert isinstance(found, Contradiction)
    assert (found.kind, found.smaller.size, found.larger.size) == (Kind.SPLIT, 200, 200)


def test_what_a_witness_has_seen_ahead_of_the_log_waits(
    log: DirectoryLog, following: Following, tmp_path: Path
) -> None:
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(350)
    with served(forked.directory) as witness:
        following.others = [witness.url + "checkpoint"]
        log.publish(300)
        mirror = following.open()
        assert mirror.update()[1] == []
        (remark,) = mirror.update()[1]
        assert "serves 300 entries, a look after a witness had seen 350" in remark
        forked.show(200)
        log.publish(400)
        with pytest.raises(Misbehaved, match="350 and of 400"):
            mirror.update()


def test_a_witness_that_does_not_answer_is_a_remark(log: DirectoryLog, following: Following) -> None:
    log.publish(300)
    following.others = ["http://127.0.0.1:1/checkpoint", following.server.url + "nothing", "nowhere"]
    first, second = following.look()
    assert "no answer" in first
    assert "begins with http" in second


def test_a_fork_while_a_checkpoint_was_being_taken_up(log: DirectoryLog, following: Following, tmp_path: Path) -> None:
    """Nothing of it was complete, and it is remembered all the same."""
    log.publish(600)
    following.server.failing = {"tile/entries/001"}
    with pytest.raises(MirrorError):
        following.look()
    forked = DirectoryLog(tmp_path / "fork", "b", common=200)
    forked.publish(700)
    following.server.directory = forked.directory
    following.server.failing = set()
    assert following.misbehaved().contradiction.kind is Kind.FORK


class Now:
    """A pool that works at once."""

    def map(self, function, values):  # type: ignore[no-untyped-def]
        return map(function, values)

    def submit(self, function, *arguments):  # type: ignore[no-untyped-def]
        done = Future()  # type: ignore[var-annotated]
        done.set_result(function(*arguments))
        return done


def disk_mirror(log: DirectoryLog, disk: CrashingFiles) -> Mirror:
    return Mirror(ORIGIN, OPEN, LogSource("", log.fetch), MirrorFiles(Path("/disk/copy"), disk), Now())  # type: ignore[arg-type]


def test_power_loss_between_any_two_file_operations(log: DirectoryLog) -> None:
    """Whatever is on the disk after it: a checkpoint that is there has all it needs, and the next look completes it."""
    first, second = log.publish(3), log.publish(300)

    def run(disk: CrashingFiles, *notes: Note) -> None:
        for note in notes:
            log.put("checkpoint", note.encode())
            disk_mirror(log, disk).update()

    disk = CrashingFiles()
    run(disk, first, second)
    assert disk.operations > 40
    for crash_at in range(disk.operations):
        broken = CrashingFiles(crash_at)
        with pytest.raises(PowerLoss):
            run(broken, first, second)
        for seed in range(3):
            found = broken.restart(random.Random(seed))
            held = disk_mirror(log, found).held
            for one in (*tiles(held.size), *bundles(held.size)) if held else ():
                assert found.read(Path("/disk/copy") / one.path) == (log.directory / one.path).read_bytes()
            run(found, second)
            assert encode_entries([log.entry(at) for at in range(256)]) == found.read(
                Path("/disk/copy/tile/entries/000")
            )
