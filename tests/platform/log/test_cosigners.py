"""An older copy of a log, and the witnesses that tell it so."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.journal import Journal, JournalStopped
from plainview.ledger.policies import NO_QUORUM, Policy, Witness
from plainview.ledger.schemes import ED25519_COSIGNATURE
from plainview.platform.log import cosigners
from plainview.platform.log.publisher import LogBroken
from plainview.platform.log.witnesses import HistoryRefused, WitnessError
from tests.journal.drafts import NOW
from tests.ledger.logs import WITNESSES, signer
from tests.platform.log.conftest import Copier
from tests.platform.log.journals import (
    OlderCopy,
    grow,
    grow_and_publish,
    older,
    policy,
    published,
    publisher_of,
    publishing,
)
from tests.platform.log.stub_witness import DOWN, StubWitness, Witnesses
from tests.platform.towns import until
from tests.storage.crashing_files import PowerLoss


def test_an_older_copy_of_the_directory_does_not_start(older_copy: OlderCopy, witnesses: Witnesses) -> None:
    with pytest.raises(LogBroken, match=r"cosigned 40 records of this log, and here are 10: .* an older copy"):
        publisher_of(*older_copy, policy(witnesses))


@pytest.mark.parametrize("shown", [b"", b"garbage"])
def test_an_older_copy_signs_nothing_though_witnesses_show_monitors_nothing(
    older_copy: OlderCopy, witnesses: Witnesses, shown: bytes
) -> None:
    for one in witnesses.values():
        one.note = shown
    restored = publisher_of(*older_copy, policy(witnesses))
    grow(older_copy.journal, 60)
    for _ in range(2):
        with pytest.raises(WitnessError, match=r"not known whether this is the newest copy .*says that it cosigned 40"):
            restored.publish()
    assert "says that it cosigned 40 records of this log" in restored.hold
    # What it submitted was what it had published already.
    assert {one.submitted for one in witnesses.values()} <= {5, 40}
    assert published(older_copy.directory).size == 5


def test_an_older_copy_waits_for_a_witness_that_alone_may_have_seen_more(
    journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> None:
    publisher = publishing(journal, directory, 5, policy(witnesses, 1))
    until(lambda: witnesses["west"].seen.size == 5)
    copy, old = copied(10), older(directory)
    witnesses["west"].answers = [(500, b"")]
    grow_and_publish(journal, publisher, 40)
    witnesses["north"].answers = [DOWN] * 3
    restored = publisher_of(copy, old, policy(witnesses, 1))
    assert restored.hold
    for _ in range(2):
        with pytest.raises(WitnessError, match="north' answered 503"):
            restored.publish()
    with pytest.raises(HistoryRefused, match="cosigned 40 records"):
        restored.publish()
    assert published(old).size == 5


@pytest.mark.parametrize("older_copy", [0, 5], indirect=True)
def test_an_older_copy_that_has_grown_since_is_not_taken_for_the_newest(
    older_copy: OlderCopy, witnesses: Witnesses
) -> None:
    for one in witnesses.values():
        one.note = b""
    grow(older_copy.journal, 60)  # an import, say
    restored = publisher_of(*older_copy, policy(witnesses))
    assert "says that it cosigned 40 records of this log, more than were signed" in restored.hold
    with pytest.raises(WitnessError, match="says that it cosigned 40 records"):
        restored.publish()
    assert {one.submitted for one in witnesses.values()} <= {0, 5, 40}


def test_a_restored_copy_that_has_all_that_was_cosigned_goes_on(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    publishing(journal, directory, 10, policy(witnesses))
    (directory / "checkpoint").unlink()
    restored = publisher_of(journal, directory, policy(witnesses))
    assert grow_and_publish(journal, restored, 20)
    assert published(directory).size == 20


def test_what_was_signed_and_cosigned_before_a_crash_is_gone_on_from(
    journal: Journal, directory: Path, witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publishing(journal, directory, 5, policy(witnesses))
    compare, calls = publisher._compare, []

    def crash() -> bytes | None:
        calls.append(1)
        if len(calls) == 2:
            raise PowerLoss
        return compare()

    monkeypatch.setattr(publisher, "_compare", crash)
    with pytest.raises(PowerLoss):
        grow_and_publish(journal, publisher, 9)
    assert {one.seen.size for one in witnesses.values()} == {9}
    for one in witnesses.values():
        one.note = b""  # no monitor would be told
    again = publisher_of(journal, directory, policy(witnesses))
    assert again.hold == ""
    assert again.publish()
    assert published(directory).size == 9


def test_a_second_server_on_a_copy_is_noticed_by_a_witness(
    journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> None:
    copy, beside = copied(10), older(directory)
    publisher = publisher_of(journal, directory, policy(witnesses))
    second = publisher_of(copy, beside, policy(witnesses))
    grow_and_publish(journal, publisher, 20)
    grow(copy, 30)  # salts are drawn: from record 10 on they are other leaves
    second.start()
    until(lambda: second.failure)
    assert isinstance(second.failure, HistoryRefused)
    assert "another server published from a copy" in str(second.failure)
    assert not (beside / "checkpoint").exists()
    assert second.hold == str(second.failure)
    # What would be acknowledged from here on could not be kept.
    with pytest.raises(JournalStopped, match="another server published from a copy"):
        grow(copy, 31)
    second.close()


def test_a_start_without_witnesses_holds_and_goes_on_when_enough_have_spoken(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    publishing(journal, directory, 5, policy(witnesses))
    for one in witnesses.values():
        one.answers = [DOWN] * 2
    again = publisher_of(journal, directory, policy(witnesses))
    assert "it is not known whether this is the newest copy of the log (witness 'north'" in again.hold
    with pytest.raises(WitnessError, match="answered 503"):
        grow_and_publish(journal, again, 6)
    assert again.publish()
    assert again.hold == ""


def test_a_hold_ends_though_nothing_new_comes(journal: Journal, directory: Path, witnesses: Witnesses) -> None:
    publishing(journal, directory, 5, policy(witnesses))
    for one in witnesses.values():
        one.answers = [DOWN] * 3
    again = publisher_of(journal, directory, policy(witnesses))
    again.start()
    until(lambda: "answered 503" in again.trouble)
    until(lambda: not again.hold)
    until(lambda: not again.trouble)
    again.close()


def test_a_policy_may_ask_no_witness_for_a_while(
    journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> None:
    publishing(journal, directory, 5, policy(witnesses))
    copy = copied(10)
    grow_and_publish(journal, publisher_of(journal, directory), 20)
    # It is more than was signed for the witnesses: an older copy is told by it, and they go on from it.
    with pytest.raises(LogBroken, match="20 records were published, and the journal has 10"):
        publisher_of(copy, directory, policy(witnesses))
    again = publisher_of(journal, directory, policy(witnesses))
    assert again.hold == ""
    assert grow_and_publish(journal, again, 25)
    assert {one.seen.size for one in witnesses.values()} == {25}


def test_a_quorum_that_nobody_can_be_asked_for(journal: Journal, directory: Path) -> None:
    bad = Policy((), (Witness("north", WITNESSES["north"].key),), (), "north")
    with pytest.raises(ValueError, match="quorum 'north' cannot be reached"):
        publisher_of(journal, directory, bad)


def test_more_witnesses_than_a_note_has_room_for(journal: Journal, directory: Path) -> None:
    many = [Witness(f"w{at}", signer(f"w{at}", ED25519_COSIGNATURE).key, "http://127.0.0.1:9/") for at in range(64)]
    with pytest.raises(ValueError, match="64 witnesses have a URL, and a note has room for 63"):
        publisher_of(journal, directory, Policy((), tuple(many), (), "w1"))
    publisher_of(journal, directory, Policy((), tuple(many[1:]), (), "w1"))


def test_a_slow_witness_holds_up_nothing_that_the_quorum_does_not_need(
    journal: Journal, directory: Path, witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigners, "PATIENCE", 60)
    publisher = publisher_of(journal, directory, policy(witnesses, 1))
    north = witnesses["north"]
    north.gate.clear()
    heard = north.asked
    for size in (10, 20):
        assert grow_and_publish(journal, publisher, size)
        assert not publisher._cosigners._busy["north"].done()
    assert north.asked == heard + 1  # and not again while it has not answered
    north.gate.set()
    until(lambda: north.seen.size == 10)
    until(lambda: not grow_and_publish(journal, publisher, journal.size + 1) or north.seen.size > 20)
    assert published(directory).size == north.seen.size


def test_a_witness_that_drips_holds_up_neither_start_nor_end(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    publishing(journal, directory, 5, policy(witnesses))
    witnesses["north"].drip = 0.3
    again = publisher_of(journal, directory, policy(witnesses))
    again.start()
    grow(journal, 6)
    until(lambda: again.trouble)
    again.close()
    assert "no answer (not within 2 s)" in again.hold or "has not answered" in again.trouble


def test_a_slow_witness_holds_up_nothing_where_no_quorum_is_asked_for(
    journal: Journal, directory: Path, witnesses: Witnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cosigners, "PATIENCE", 60)
    publisher = publisher_of(journal, directory, Policy((), (witnesses["north"].witness,), (), NO_QUORUM))
    witnesses["north"].gate.clear()
    assert grow_and_publish(journal, publisher, 5)
    assert not publisher._cosigners._busy["north"].done()
    witnesses["north"].gate.set()


def test_what_a_late_witness_showed_is_known_before_more_is_signed(
    journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> None:
    with StubWitness("south", WITNESSES["south"], NOW // 1000) as south:
        three = {**witnesses, "south": south}
        publisher = publishing(journal, directory, 5, policy(three))
        until(lambda: {one.seen.size for one in three.values()} == {5})
        copy, old = copied(10), older(directory)
        signed = (old / "signed").read_bytes()
        for one in witnesses.values():
            one.answers = [(500, b"")]
        with pytest.raises(WitnessError):
            grow_and_publish(journal, publisher, 40)
        south.gate.clear()
        restored = publisher_of(copy, old, policy(three))
        assert restored.hold == ""  # no quorum has cosigned more, and south is late
        grow(copy, 12)
        south.gate.set()
        until(lambda: all(future.done() for future in restored._cosigners._busy.values()))
        with pytest.raises(HistoryRefused, match="cosigned 40 records"):
            restored.publish()
        assert (old / "signed").read_bytes() == signed


def test_one_witness_that_was_set_back_does_not_speak_for_a_quorum(older_copy: OlderCopy, witnesses: Witnesses) -> None:
    """Where any two quorums share two witnesses, the other of them tells the older copy."""
    witnesses["north"].seen = published(older_copy.directory)
    witnesses["west"].answers = [DOWN] * 2
    restored = publisher_of(*older_copy, policy(witnesses))
    assert "witness 'west' answered 503" in restored.hold
    with pytest.raises(WitnessError, match="not known whether this is the newest copy"):
        restored.publish()
    assert witnesses["north"].submitted == 5
    with pytest.raises(HistoryRefused, match="cosigned 40 records"):
        restored.publish()
