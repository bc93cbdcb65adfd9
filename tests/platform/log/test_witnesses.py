from __future__ import annotations

from pathlib import Path

import pytest

from plainview.journal import Journal
from plainview.platform.log.witnesses import HistoryDoubted, WitnessClient, WitnessError
from tests.ledger.logs import LOG
from tests.platform.log.journals import copied, grow, older, policy, publisher_of
from tests.platform.log.stub_witness import StubWitness


@pytest.mark.parametrize("answer", [(200, b""), (200, b"<html>It works!</html>")])
def test_what_answers_in_the_witness_s_place_says_nothing_of_an_older_copy(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness], answer: tuple[int, bytes]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    for one in witnesses.values():
        one.answers = [answer] * 2
    (tmp_path / "old").mkdir()
    restored = publisher_of(copy, tmp_path / "old", policy(witnesses))
    assert "sent no cosignature" in restored.hold
    with pytest.raises(WitnessError, match="sent no cosignature"):
        restored.publish()
    copy.close()


def test_what_was_signed_before_this_directory_s_copy_is_cosigned_anew_and_gone_on_from(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    old = older(directory, tmp_path)
    grow(journal, 9)
    publisher.publish()
    again = publisher_of(journal, old, policy(witnesses))
    assert again.hold == ""
    assert {one.submitted for one in witnesses.values()} == {9}
    grow(journal, 12)
    assert again.publish()


def test_what_is_shown_in_the_witness_s_place_does_not_speak_for_it(
    journal: Journal, tmp_path: Path, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    publisher = publisher_of(journal, directory, policy(witnesses))
    grow(journal, 5)
    publisher.publish()
    old = older(directory, tmp_path)
    grow(journal, 9)
    publisher.publish()
    notes = {name: one.note for name, one in witnesses.items()}
    copy = copied(journal, tmp_path, 10)
    grow(journal, 40)
    publisher.publish()
    for name, one in witnesses.items():
        one.note = notes[name]
        one.answers = [(409, b"9\n"), (200, b"")]
    restored = publisher_of(copy, old, policy(witnesses))
    assert "sent no cosignature" in restored.hold
    copy.close()


def test_two_keys_of_one_witness_do_not_get_in_each_other_s_way(
    journal: Journal, directory: Path, witnesses: dict[str, StubWitness]
) -> None:
    """The one is asked late, when the other has had a larger checkpoint cosigned."""
    north = witnesses["north"]
    client = WitnessClient(north.witness, [LOG.key])
    publisher = publisher_of(journal, directory, policy({"north": north}, 1))
    sizes = []
    for size in (10, 20):
        grow(journal, size)
        publisher.publish()
        assert publisher._signed is not None
        sizes.append(publisher._signed)
    with pytest.raises(WitnessError, match="has cosigned 20 records of this log already") as error:
        client.cosign(*sizes[0], publisher._tree)
    assert not isinstance(error.value, HistoryDoubted)
    assert client.cosign(*sizes[1], publisher._tree)
