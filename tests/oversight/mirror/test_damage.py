"""A mirror that was interrupted, or whose files were damaged since."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.mirror.mirror import MirrorError
from tests.oversight.mirror.following import Following, same
from tests.oversight.mirror.logs import DirectoryLog


def test_an_interruption_costs_only_what_is_missing(log: DirectoryLog, following: Following) -> None:
    log.publish(5000)
    following.server.failing = {"tile/entries/015"}
    with pytest.raises(MirrorError, match="answers 503"):
        following.look()
    assert following.open().held is None
    following.server.failing = set()
    there = {path for path in following.server.asked if (following.directory / path).is_file()} - {"checkpoint"}
    assert len(there) > 10
    following.server.asked.clear()
    following.look()
    assert there & set(following.server.asked) == set()
    same(following.directory, log, 5000)


def damage(copy: Path, *paths: str) -> None:
    for path in paths:
        (copy / path).write_bytes(b"\0" * (copy / path).stat().st_size)


def test_damaged_tiles_do_not_mislead(log: DirectoryLog, following: Following) -> None:
    log.publish(600)
    following.look()
    damage(following.directory, "tile/0/000", "tile/1/000.p/2", "tile/0/002.p/88")
    log.publish(1500)
    following.look()
    assert following.held.size == 1500


def test_a_check_finds_what_is_damaged_and_fetches_it(log: DirectoryLog, following: Following) -> None:
    log.publish(1500)
    following.look()
    following.server.asked.clear()
    following.open().check()
    assert following.server.asked == []
    damage(following.directory, "tile/0/000", "tile/1/000.p/5", "tile/entries/002")
    (following.directory / "tile/entries/005.p/220").unlink()
    following.open().check()
    same(following.directory, log, 1500)


def test_a_damaged_checkpoint_is_told(log: DirectoryLog, following: Following) -> None:
    log.publish(600)
    following.look()
    (following.directory / CHECKPOINT).write_bytes(b"thesis")
    with pytest.raises(MirrorError, match="checkpoint is damaged"):
        following.look()
