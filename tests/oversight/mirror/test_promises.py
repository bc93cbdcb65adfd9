from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from plainview.ledger.broken_promises import Breach, Kind, parse_broken_promise
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.policies import Policy
from plainview.ledger.schemes import ED25519
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import Mirror, MirrorError
from plainview.oversight.mirror.promises import Held, Promises
from plainview.oversight.mirror.source import LogSource
from plainview.oversight.receipts import RECEIPT_LIMIT
from tests.ledger.logs import ORIGIN, WITNESSES, signer
from tests.ledger.witnessed import POLICY
from tests.oversight.pages import PageLog, answer, other_answer, receipt

NORTH = msgspec.structs.replace(POLICY, quorum="north")
"""One witness's word is asked for, which is in every quorum then."""
STRANGER = signer("other.example/log", ED25519)


class Watch:
    """A mirror of a log in a directory, and receipts held against it."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self.log = PageLog(path / "log")
        self.receipts = path / "receipts"
        self.receipts.mkdir()
        self._copy = path / "copy"
        self._pool = pool
        self.start()

    def start(self) -> None:
        """Anew: only what is in files is known."""
        source = LogSource("", lambda *asked: self.log.fetch(*asked))
        self.mirror = Mirror(ORIGIN, NORTH, source, MirrorFiles(self._copy), self._pool)
        self.promises = Promises(self.receipts, self.mirror, NORTH)

    def hold(self, *indexes: int) -> Held:
        for index in indexes:
            (self.receipts / f"{index}.json").write_bytes(answer(index))
        return self.promises.hold()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with ThreadPoolExecutor(2) as pool:
        yield Watch(tmp_path, pool)


def breach(held: Held) -> Breach:
    """The one promise that is proven broken, by a file that says the same."""
    (broken,) = held.broken
    found = parse_broken_promise(broken.path.read_bytes()).check(NORTH)
    assert found == broken.contradiction
    assert (held.kept, held.waiting, held.failed) == ([], [], [])
    return found


def size_of(found: Breach) -> int:
    assert isinstance(found.against, Checkpoint)
    return found.against.size


def test_what_was_promised_is_there(watch: Watch) -> None:
    watch.log.publish(300, "north")
    watch.mirror.update()
    held = watch.hold(0, 120, 299)
    assert [one.promise.index for one in held.kept] == [0, 120, 299]
    assert (held.waiting, held.broken, held.failed) == ([], [], [])
    assert [one.promise.index for one in watch.hold(7).kept] == [7], "what is kept is kept for good"


def test_any_name_can_be_told(watch: Watch) -> None:
    watch.log.publish(300, "north")
    watch.mirror.update()
    (watch.receipts / os.fsdecode(b"\xff\x1b.json")).write_bytes(answer(120))
    (watch.receipts / os.fsdecode(b"\xff\n.json")).write_bytes(b"")
    held = watch.hold()
    assert (held.kept[0].name + held.failed[0]).isprintable()


def test_another_entry_stands_there(watch: Watch, tmp_path: Path) -> None:
    watch.log = PageLog(tmp_path / "b", "b", common=119)
    watch.log.publish(300, "north")
    watch.mirror.update()
    assert [one.promise.index for one in watch.hold(118).kept] == [118]
    found = breach(watch.hold(120))
    assert (found.kind, found.promise.index, size_of(found)) == (Kind.OTHER, 120, 300)
    assert breach(watch.hold()) == found, "as long as the receipt is there"


def test_two_receipts_of_one_entry_contradict_each_other(watch: Watch) -> None:
    """Before there is a tree, and without one."""
    (watch.receipts / "again.json").write_bytes(answer(120))
    assert len(watch.hold(120, 121).waiting) == 3
    (watch.receipts / "other.json").write_bytes(other_answer(120))
    held = watch.hold()
    (broken,) = held.broken
    found = parse_broken_promise(broken.path.read_bytes()).check(Policy(POLICY.logs, (), (), "none"))
    assert found == broken.contradiction
    assert (found.kind, found.promise.index) == (Kind.TWICE, 120)
    assert len(held.waiting) == 3
    (watch.receipts / "again.json").unlink()
    (watch.receipts / "other.json").rename(watch.receipts / "0.json")
    watch.start()
    assert watch.hold().broken[0].path == broken.path, "one proof, in whatever order they come"


def test_a_tree_without_it_is_cosigned_too_late(watch: Watch) -> None:
    watch.log.publish(100)
    watch.log.show_cosigned(100, WITNESSES["north"], -5)
    watch.mirror.update()
    assert [one.promise.index for one in watch.hold(100).waiting] == [100]
    watch.log.show_cosigned(100, WITNESSES["north"], 9)  # the tree is held already
    assert watch.mirror.update() == (None, [])
    found = breach(watch.hold())
    assert (found.kind, found.promise.index, size_of(found)) == (Kind.LATE, 100, 100)


def test_what_waits_is_kept_later(watch: Watch) -> None:
    assert len(watch.hold(120).waiting) == 1, "before the first checkpoint"
    watch.log.publish(100)
    watch.log.show_cosigned(100, WITNESSES["north"], 0)
    watch.mirror.update()
    assert len(watch.hold().waiting) == 1
    watch.log.publish(200, "north")
    watch.mirror.update()
    assert len(watch.hold().kept) == 1


def test_a_tile_that_is_damaged_here_is_no_proof(watch: Watch, tmp_path: Path) -> None:
    watch.log.publish(300, "north")
    watch.mirror.update()
    (tmp_path / "copy/tile/0/000").write_bytes(bytes(8192))
    assert len(watch.hold(120).kept) == 1
    (watch.log.directory / "tile/0/000").unlink()
    held = watch.hold(121)
    assert not held.broken
    assert "does not serve" in held.failed[0] or "is not there" in held.failed[0]


def test_what_cannot_be_held_against_it(watch: Watch, tmp_path: Path) -> None:
    watch.log.publish(300, "north")
    watch.mirror.update()
    (watch.receipts / "a.json").write_bytes(b"{")
    (watch.receipts / "b.json").write_bytes(b" " * (RECEIPT_LIMIT + 1))
    (watch.receipts / "c.json").write_bytes(answer(120, promise=receipt(120, STRANGER)["promise"]))
    (watch.receipts / "d.json").mkdir()
    os.mkfifo(watch.receipts / "e.json")
    (watch.receipts / "notes.txt").write_text("none")
    held = watch.hold(120)
    assert len(held.kept) == 1
    messages = ("not JSON", "at most", "knows no log", "is no file", "is no file")
    for said, message in zip(held.failed, messages, strict=True):
        assert message in said
    watch.receipts.rename(tmp_path / "elsewhere")
    assert "No such file" in watch.hold().failed[0]


def test_a_log_that_is_not_reached_is_still_held_to_what_is_here(watch: Watch) -> None:
    watch.log.publish(300, "north")
    watch.mirror.update()
    (watch.log.directory / "checkpoint").unlink()
    with pytest.raises(MirrorError):
        watch.mirror.update()
    assert len(watch.hold(120).kept) == 1
