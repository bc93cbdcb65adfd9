from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from plainview.journal import Journal, JournalDamaged
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Policy, Witness
from plainview.ledger.tree import Tree
from plainview.platform.log.publisher import LogBroken
from plainview.platform.log.witnesses import WitnessError
from plainview.storage import StoreFailed
from plainview.storage.filesystem import HostFileSystem
from tests.journal.drafts import NOW
from tests.ledger.logs import ORIGIN, WITNESSES
from tests.platform.log.conftest import Copier
from tests.platform.log.journals import grow, grow_and_publish, policy, published, publisher_of, publishing
from tests.platform.log.stub_witness import StubWitness, Witnesses
from tests.platform.towns import until
from tests.storage.crashing_files import CrashingFiles, PowerLoss


def test_what_is_published_is_the_journal_and_only_what_is_new(journal: Journal, directory: Path) -> None:
    publisher = publisher_of(journal, directory)
    assert publisher.published is None
    assert not publisher.publish()
    for size in (1, 3, 300):
        assert grow_and_publish(journal, publisher, size)
        assert not publisher.publish()
        assert publisher.published is not None
        assert published(directory) == publisher.published.checkpoint
        assert published(directory).size == size
    assert publisher_of(journal, directory).published == publisher.published


def test_everything_that_comes_is_published_and_at_the_end_too(journal: Journal, directory: Path) -> None:
    publisher = publisher_of(journal, directory, interval=0.05)
    publisher.start()
    for size in (5, 6, 40):
        grow(journal, size)
        until(lambda size=size: publisher.published and publisher.published.checkpoint.size == size)
    grow(journal, 50)
    publisher.close()
    assert published(directory).size == 50
    assert publisher.failure is None


def test_nothing_is_shown_before_a_quorum_cosigned(journal: Journal, directory: Path, witnesses: Witnesses) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    witnesses["north"].answers = [(500, b"out of order")]
    with pytest.raises(WitnessError, match=r"witness 'north' answered 500 .*out of order"):
        grow_and_publish(journal, publisher, 10)
    assert publisher.published is None
    assert not (directory / "checkpoint").exists()
    # West has cosigned already: the next attempt says so with its 409, and both go on.
    assert grow_and_publish(journal, publisher, 12)
    names = [one.name for one in parse_note((directory / "checkpoint").read_bytes()).signatures]
    assert names == [ORIGIN, "north.example/w1", "west.example/w3"]
    assert publisher.published is not None
    assert publisher.published.witnessed == NOW // 1000


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, b""), "sent no cosignature of north.example/w1"),
        ((200, b"\xff\xfe"), "sent no cosignature: note, signature 1"),
        ((409, b"many\n"), "answered 409 and its size"),
        ((409, b"900\n"), "says that it cosigned 900 records of this log, and here are 10"),
        ((403, b"unknown key"), "answered 403"),
    ],
)
def test_what_a_witness_may_not_answer(
    journal: Journal, directory: Path, witnesses: Witnesses, answer: tuple[int, bytes], message: str
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    witnesses["north"].answers = [answer]
    with pytest.raises(WitnessError, match=message):
        grow_and_publish(journal, publisher, 10)
    assert publisher.publish()


def test_a_signature_that_does_not_hold_is_no_cosignature(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    line = WITNESSES["north"].sign(Checkpoint(ORIGIN, 10, bytes(32)).text(), 5).line()
    witnesses["north"].answers = [(200, line.encode())]
    with pytest.raises(WitnessError, match="does not verify"):
        grow_and_publish(journal, publisher, 10)


def test_nobody_listens_where_a_witness_should(journal: Journal, directory: Path) -> None:
    with StubWitness("north", WITNESSES["north"]) as gone:
        pass
    publisher = publisher_of(journal, directory, policy({"north": gone}, 1))
    with pytest.raises(WitnessError, match="witness 'north' cannot be asked"):
        grow_and_publish(journal, publisher, 1)


def test_a_checkpoint_that_somebody_else_wrote_ends_publishing(journal: Journal, directory: Path) -> None:
    other = publisher_of(journal, directory)
    publishing(journal, directory, 10)
    with pytest.raises(LogBroken, match="another process published there"):
        grow_and_publish(journal, other, 20)
    assert published(directory).size == 10


@pytest.mark.parametrize("size", [20, 256, 512, 513])
@pytest.mark.parametrize("kept", [False, True])
def test_another_journal_than_was_published_is_not_opened(
    journal: Journal, directory: Path, copied: Copier, size: int, kept: bool
) -> None:
    copy = copied(10)
    publisher = publishing(journal, directory, size)
    if kept:
        publisher.keep()
    with pytest.raises(LogBroken, match=f"{size} records were published, and the journal has 10"):
        publisher_of(copy, directory)
    grow(copy, size + 50)
    with pytest.raises(LogBroken, match=f"first {size} records are not those that were published"):
        publisher_of(copy, directory)
    (directory / "checkpoint").write_bytes(b"nothing")
    with pytest.raises(LogBroken, match="not a checkpoint of this log"):
        publisher_of(journal, directory)


def failing(error: Exception) -> Callable[..., None]:
    """What is put in the place of something that fails."""

    def fail(*_: object) -> None:
        raise error

    return fail


NO_SPACE = failing(OSError(28, "No space left on device"))


def test_a_disk_that_fails_after_the_new_checkpoint_is_in_place_ends_nothing(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publishing(journal, directory, 5)
    sync = HostFileSystem.sync

    def fail(files: HostFileSystem, path: Path) -> None:
        if path == directory:
            raise OSError(5, "Input/output error")
        sync(files, path)

    grow(journal, 6)
    with monkeypatch.context() as patched:
        patched.setattr(HostFileSystem, "sync", fail)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                publisher.publish()
            grow(journal, journal.size + 1)
    with monkeypatch.context() as patched:
        patched.setattr(HostFileSystem, "write", NO_SPACE)
        with pytest.raises(OSError, match="No space"):
            publisher.publish()
    assert publisher.published is not None
    assert publisher.published.checkpoint.size == 5  # nobody was shown the other
    assert publisher.publish()
    assert published(directory).size == journal.size


def test_a_journal_that_cannot_be_read_for_now_ends_nothing(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publisher_of(journal, directory)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "leaf_hashes", failing(StoreFailed("journal.sqlite: too many open files")))
        publisher.start()
        grow(journal, 5)
        until(lambda: "too many open files" in publisher.trouble)
    until(lambda: publisher.published)
    publisher.close()
    assert publisher.failure is None


def test_a_journal_that_is_damaged_ends_it_in_a_line(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publisher_of(journal, directory)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "leaf_hashes", failing(JournalDamaged(3, "hash", "no hash but 7")))
        publisher.start()
        grow(journal, 5)
        until(lambda: publisher.failure)
        publisher.close()
    assert [(one.message, one.exc_info) for one in caplog.records if one.name.endswith("publisher")] == [
        ("the log is published no more: record 3, hash: no hash but 7", None)
    ]


@pytest.mark.parametrize("url", ["https://w.example/ä/", "ftp://w.example/", "http://w.example:x/", "w.example"])
def test_a_witness_whose_address_is_none(journal: Journal, directory: Path, url: str) -> None:
    bad = Policy((), (Witness("north", WITNESSES["north"].key, url),), (), "north")
    with pytest.raises(ValueError, match=r"witness 'north': .*not an address"):
        publisher_of(journal, directory, bad)


@pytest.mark.parametrize("damage", [None, bytes(64), b"", b"cut", bytes(32 * 100)])
def test_a_start_takes_up_what_was_kept_and_only_if_it_is_right(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    publishing(journal, directory, 1_000).keep()
    grow(journal, 1_500)
    if damage is not None:
        (directory / "tree").write_bytes(damage)
    read: list[int] = []
    leaf_hashes = journal.leaf_hashes

    def told(start: int, stop: int) -> list[bytes]:
        read.append(start)
        return leaf_hashes(start, stop)

    monkeypatch.setattr(journal, "leaf_hashes", told)
    again = publisher_of(journal, directory)
    assert (0 in read) == (damage is not None)
    assert again.publish()
    assert published(directory) == Checkpoint(ORIGIN, 1_500, Tree(leaf_hashes(0, 1_500)).root())


def test_a_clock_that_is_off_is_told(
    journal: Journal, directory: Path, witnesses: Witnesses, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))

    def publish_one(apart: int) -> None:
        """One record more, cosigned so many seconds after journal time."""
        for one in witnesses.values():
            one.time = NOW // 1000 + apart
        grow_and_publish(journal, publisher, journal.size + 1)

    publish_one(-4)
    assert not caplog.records
    publish_one(-20)
    assert "journal time is 19.0 s ahead of all witnesses'" in caplog.text
    assert publisher.clock in caplog.text
    caplog.clear()
    publish_one(0)
    assert not publisher.clock
    for _ in range(2):
        publish_one(20)
    assert "journal time is 20.0 s behind all witnesses'" in caplog.text


def test_a_full_disk_is_passed_over_and_tried_again(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publisher_of(journal, directory)
    with monkeypatch.context() as patched:
        patched.setattr("plainview.platform.log.publisher.write_durable", NO_SPACE)
        publisher.start()
        grow(journal, 5)
        until(lambda: "No space left" in publisher.trouble)
        assert publisher.published is None
    until(lambda: publisher.published)
    until(lambda: not publisher.trouble)
    publisher.close()
    assert len(caplog.records) == 2


@pytest.mark.parametrize("seed", range(4))
def test_power_loss_at_any_operation_leaves_a_log_that_goes_on(
    journal: Journal, witnesses: Witnesses, seed: int
) -> None:
    """Whatever anybody was shown, the log after the crash begins with it."""
    chance = random.Random(seed)
    files = CrashingFiles()
    shown: list[Checkpoint] = []
    crashes = 0
    for crash_at in range(33):
        publisher = publisher_of(journal, Path("/disk"), policy(witnesses), files)
        assert [one for one in shown if publisher._tree.root(one.size) != one.root] == []
        if shown:
            assert publisher.published is not None
            assert publisher.published.checkpoint.size >= shown[-1].size
        files._crash_at = files.operations + crash_at % 11
        with suppress(PowerLoss):
            grow_and_publish(journal, publisher, journal.size + chance.randrange(1, 300))
            assert publisher.published is not None
            shown.append(publisher.published.checkpoint)
        crashes += publisher.published is None or not shown or publisher.published.checkpoint != shown[-1]
        files = files.restart(chance)
    assert crashes > 4
    assert len(shown) > 2
