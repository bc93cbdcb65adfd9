"""An older copy of a log, and the witnesses that tell it so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from plainview.journal import Journal, JournalStopped
from plainview.ledger.policies import NO_QUORUM, Policy, Witness
from plainview.ledger.schemes import ED25519_COSIGNATURE
from plainview.platform.log.cosigners import PATIENCE
from plainview.platform.log.publisher import LogBroken, Publisher
from plainview.platform.log.witnesses import HistoryRefused, WitnessError
from tests.journal.drafts import NOW
from tests.ledger.logs import WITNESSES, signer
from tests.platform.log.journals import copied, grow, older, policy, published, publisher_of, until
from tests.platform.log.stub_witness import StubWitness
from tests.storage.crashing_files import PowerLoss


def test_an_older_copy_of_the_directory_does_not_start(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    old = older(directory, tmp_path)
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    with pytest.raises(LogBroken, match=r"cosigned 40 records of this log, and here are 10: .* an older copy"):
        publisher_of(copy, old, policy(witnesses))
    copy.close()


@pytest.mark.parametrize("shown", [b"", b"garbage"])
def test_an_older_copy_signs_nothing_though_witnesses_show_monitors_nothing(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness], shown: bytes
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    old = older(directory, tmp_path)
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    for one in witnesses.values():
        one.note = shown
    restored = publisher_of(copy, old, policy(witnesses))
    grow(copy, 60)
    for _ in range(2):
        with pytest.raises(WitnessError, match=r"not known whether this is the newest copy .*says that it cosigned 40"):
            restored.publish()
    assert "says that it cosigned 40 records of this log" in restored.hold
    # What it submitted was what it had published already.
    assert {one.submitted for one in witnesses.values()} <= {5, 40}
    assert published(old).size == 5
    copy.close()


def test_an_older_copy_waits_for_a_witness_that_alone_may_have_seen_more(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses, 1))
    grow(journal, 5)
    publisher.publish()
    until(lambda: witnesses["west"].seen.size == 5)
    old = older(directory, tmp_path)
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    witnesses["west"].answers = [(500, b"")]
    publisher.publish()
    witnesses["north"].answers = [(503, b"down")] * 3
    restored = publisher_of(copy, old, policy(witnesses, 1))
    assert restored.hold
    with pytest.raises(WitnessError, match="north' answered 503"):
        restored.publish()
    with pytest.raises(WitnessError, match="north' answered 503"):
        restored.publish()
    with pytest.raises(HistoryRefused, match="cosigned 40 records"):
        restored.publish()
    assert published(old).size == 5
    copy.close()


@pytest.mark.parametrize("published_before", [False, True])
def test_an_older_copy_that_has_grown_since_is_not_taken_for_the_newest(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness], published_before: bool
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    if published_before:
        grow(journal, 5)
        publisher.publish()
    old = older(directory, tmp_path)
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    for one in witnesses.values():
        one.note = b""
    grow(copy, 60)  # an import, say
    restored = publisher_of(copy, old, policy(witnesses))
    assert "says that it cosigned 40 records of this log, more than were signed" in restored.hold
    with pytest.raises(WitnessError, match="says that it cosigned 40 records"):
        restored.publish()
    assert {one.submitted for one in witnesses.values()} <= {0, 5, 40}
    copy.close()


def test_a_restored_copy_that_has_all_that_was_cosigned_goes_on(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 10)
    publisher.publish()
    (directory / "checkpoint").unlink()
    restored = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 20)
    assert restored.publish()
    assert published(directory).size == 20


def test_what_was_signed_and_cosigned_before_a_crash_is_gone_on_from(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    grow(journal, 9)
    compare, calls = publisher._compare, []

    def crash() -> bytes | None:
        calls.append(1)
        if len(calls) == 2:
            raise PowerLoss
        return compare()

    monkeypatch.setattr(publisher, "_compare", crash)
    with pytest.raises(PowerLoss):
        publisher.publish()
    assert {one.seen.size for one in witnesses.values()} == {9}
    for one in witnesses.values():
        one.note = b""  # no monitor would be told
    again = publisher_of(journal, directory, policy(witnesses))
    assert again.hold == ""
    assert again.publish()
    assert published(directory).size == 9


def test_a_second_server_on_a_copy_is_noticed_by_a_witness(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    copy = copied(journal, tmp_path, 10)
    publisher = publisher_of(journal, directory, policy(witnesses))
    (tmp_path / "second").mkdir()
    second = publisher_of(copy, tmp_path / "second", policy(witnesses))
    grow(journal, 20)
    publisher.publish()
    grow(copy, 30)  # salts are drawn: from record 10 on they are other leaves
    second.start()
    until(lambda: second.failure)
    assert isinstance(second.failure, HistoryRefused)
    assert "another server published from a copy" in str(second.failure)
    assert not (tmp_path / "second" / "checkpoint").exists()
    assert second.hold == str(second.failure)
    # What would be acknowledged from here on could not be kept.
    with pytest.raises(JournalStopped, match="another server published from a copy"):
        grow(copy, 31)
    second.close()
    copy.close()


def test_a_start_without_witnesses_holds_and_goes_on_when_enough_have_spoken(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    for one in witnesses.values():
        one.answers = [(503, b"down")] * 2
    again = publisher_of(journal, directory, policy(witnesses))
    assert "it is not known whether this is the newest copy of the log (witness 'north'" in again.hold
    grow(journal, 6)
    with pytest.raises(WitnessError, match="answered 503"):
        again.publish()
    assert again.publish()
    assert again.hold == ""


def test_a_hold_ends_though_nothing_new_comes(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    for one in witnesses.values():
        one.answers = [(503, b"down")] * 3
    again = publisher_of(journal, directory, policy(witnesses))
    again.start()
    until(lambda: "answered 503" in again.trouble)
    until(lambda: not again.hold)
    until(lambda: not again.trouble)
    again.close()


def test_a_policy_may_ask_no_witness_for_a_while(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    copy = copied(journal, tmp_path, 10)
    alone = publisher_of(journal, directory)
    grow(journal, 20)
    alone.publish()
    # It is more than was signed for the witnesses: an older copy is told by it, and they go on from it.
    with pytest.raises(LogBroken, match="20 records were published, and the journal has 10"):
        publisher_of(copy, directory, policy(witnesses))
    again = publisher_of(journal, directory, policy(witnesses))
    assert again.hold == ""
    grow(journal, 25)
    assert again.publish()
    assert {one.seen.size for one in witnesses.values()} == {25}
    copy.close()


def test_a_quorum_that_nobody_can_be_asked_for(journal: Journal, directory: Path) -> None:
    bad = Policy((), (Witness("north", WITNESSES["north"].key),), (), "north")
    with pytest.raises(ValueError, match="quorum 'north' cannot be reached"):
        publisher_of(journal, directory, bad)


def test_more_witnesses_than_a_note_has_room_for(journal: Journal, directory: Path) -> None:
    many = [Witness(f"w{at}", signer(f"w{at}", ED25519_COSIGNATURE).key, "http://w.example/") for at in range(64)]
    with pytest.raises(ValueError, match="64 witnesses have a URL, and a note has room for 63"):
        publisher_of(journal, directory, Policy((), tuple(many), (), "w1"))
    publisher_of(journal, directory, Policy((), tuple(many[1:]), (), "w1"))


def test_a_slow_witness_holds_up_nothing_that_the_quorum_does_not_need(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses, 1))
    witnesses["north"].gate.clear()
    heard = witnesses["north"].asked
    for size in (10, 20):
        grow(journal, size)
        began = time.monotonic()
        assert publisher.publish()
        assert time.monotonic() - began < PATIENCE / 2
    assert witnesses["north"].asked == heard + 1  # and not again while it has not answered
    witnesses["north"].gate.set()
    until(lambda: witnesses["north"].seen.size == 10)
    until(lambda: not grow_and_publish(journal, publisher) or witnesses["north"].seen.size > 20)
    assert published(directory).size == witnesses["north"].seen.size


def grow_and_publish(journal: Journal, publisher: Publisher) -> bool:
    grow(journal, journal.size + 1)
    return publisher.publish()


def test_a_witness_that_drips_holds_up_neither_start_nor_end(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    witnesses["north"].drip = 0.3
    began = time.monotonic()
    again = publisher_of(journal, directory, policy(witnesses))
    again.start()
    grow(journal, 6)
    until(lambda: again.trouble)
    again.close()
    assert time.monotonic() - began < 4 * PATIENCE
    assert "no answer (not within 2 s)" in again.hold or "has not answered" in again.trouble


def test_a_slow_witness_holds_up_nothing_where_no_quorum_is_asked_for(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, Policy((), (witnesses["north"].witness,), (), NO_QUORUM))
    witnesses["north"].gate.clear()
    grow(journal, 5)
    began = time.monotonic()
    assert publisher.publish()
    assert time.monotonic() - began < PATIENCE / 2
    witnesses["north"].gate.set()


def test_what_a_late_witness_showed_is_known_before_more_is_signed(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    with StubWitness("south", WITNESSES["south"], NOW // 1000) as south:
        three = {**witnesses, "south": south}
        publisher = publisher_of(journal, directory, policy(three))
        grow(journal, 5)
        publisher.publish()
        until(lambda: {one.seen.size for one in three.values()} == {5})
        old = older(directory, tmp_path)
        signed = (old / "signed").read_bytes()
        copy = copied(journal, tmp_path, 10)
        grow(journal, 40)
        for one in witnesses.values():
            one.answers = [(500, b"")]
        with pytest.raises(WitnessError):
            publisher.publish()
        south.gate.clear()
        restored = publisher_of(copy, old, policy(three))
        assert restored.hold == ""  # no quorum has cosigned more, and south is late
        grow(copy, 12)
        south.gate.set()
        until(lambda: all(future.done() for future in restored._cosigners._busy.values()))
        with pytest.raises(HistoryRefused, match="cosigned 40 records"):
            restored.publish()
        assert (old / "signed").read_bytes() == signed
        copy.close()


def test_one_witness_that_was_set_back_does_not_speak_for_a_quorum(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    """Where any two quorums share two witnesses, the other of them tells the older copy."""
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    old, known = older(directory, tmp_path), witnesses["north"].seen
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    witnesses["north"].seen = known
    witnesses["west"].answers = [(503, b"down")] * 2
    restored = publisher_of(copy, old, policy(witnesses))
    assert "witness 'west' answered 503" in restored.hold
    with pytest.raises(WitnessError, match="not known whether this is the newest copy"):
        restored.publish()
    assert witnesses["north"].submitted == 5
    with pytest.raises(HistoryRefused, match="cosigned 40 records"):
        restored.publish()
    copy.close()
