"""What a log serves and its mirror does not take up."""

from __future__ import annotations

import pytest

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.notes import NOTE_LIMIT, Note
from plainview.oversight.mirror.mirror import MirrorError
from tests.ledger.logs import ORIGIN, STRANGER, TIME, signed
from tests.ledger.witnessed import POLICY
from tests.oversight.mirror.following import Following, same
from tests.oversight.mirror.logs import DirectoryLog


def test_a_quorum_is_asked_for(log: DirectoryLog, following: Following) -> None:
    following.policy = POLICY
    log.publish(100, "north", "west")
    following.look()
    log.publish(200, "north")
    with pytest.raises(MirrorError, match="quorum 'two' not reached"):
        following.look()
    assert following.held.size == 100


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"thesis", "no empty line"),
        (signed(Checkpoint("other.example", 5, bytes(32)).text()).encode(), "not of 'feed.example/log'"),
        (signed(Checkpoint(ORIGIN, 5, bytes(32)).text()).encode().replace(b"\n5\n", b"\n6\n"), "does not verify"),
        (signed(Checkpoint(ORIGIN, 0, bytes(32)).text()).encode(), "tree without leaves"),
        (b"x" * (NOTE_LIMIT + 1), "more than"),
    ],
)
def test_a_checkpoint_that_is_not_the_logs(log: DirectoryLog, following: Following, data: bytes, message: str) -> None:
    log.publish(100)
    following.look()
    log.put("checkpoint", data)
    with pytest.raises(MirrorError, match=message):
        following.look()
    assert following.held.size == 100


def test_a_strangers_checkpoint(log: DirectoryLog, following: Following) -> None:
    text = Checkpoint(ORIGIN, 0, log.tree.root()).text()
    log.put("checkpoint", Note(text, (STRANGER.sign(text, TIME),)).encode())
    with pytest.raises(MirrorError, match="no signature of a known key"):
        following.look()


def test_every_entry_is_hashed_again(log: DirectoryLog, following: Following) -> None:
    log.publish(600)
    good = (log.directory / "tile/entries/001").read_bytes()
    log.put("tile/entries/001", good.replace(b"entry 300 of a", b"entry 300 of b"))
    with pytest.raises(MirrorError, match="entry 300 has not the hash in tile/0/001") as error:
        following.look()
    assert "can be seen and not be proven" in str(error.value)
    assert following.open().held is None
    log.put("tile/entries/001", good)
    following.look()
    same(following.directory, log, 600)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_wrong_tiles(log: DirectoryLog, following: Following, path: str) -> None:
    log.publish(600)
    good = (log.directory / path).read_bytes()
    for bad in (good[::-1], good[:-32], good + good[:32]):
        log.put(path, bad)
        with pytest.raises(MirrorError, match=r"does not serve them|more than"):
            following.look()
    assert following.open().held is None
