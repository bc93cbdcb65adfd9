from __future__ import annotations

from pathlib import Path

import pytest

from plainview.journal import Journal
from plainview.platform.log.witnesses import HistoryDoubted, WitnessClient, WitnessError
from tests.ledger.logs import LOG
from tests.platform.log.conftest import Copier
from tests.platform.log.journals import OlderCopy, grow_and_publish, older, policy, publisher_of, publishing
from tests.platform.log.stub_witness import Witnesses


@pytest.mark.parametrize("older_copy", [0], indirect=True)
@pytest.mark.parametrize("answer", [(200, b""), (200, b"<html>It works!</html>")])
def test_what_answers_in_the_witness_s_place_says_nothing_of_an_older_copy(
    older_copy: OlderCopy, witnesses: Witnesses, answer: tuple[int, bytes]
) -> None:
    for one in witnesses.values():
        one.answers = [answer] * 2
    restored = publisher_of(*older_copy, policy(witnesses))
    assert "sent no cosignature" in restored.hold
    with pytest.raises(WitnessError, match="sent no cosignature"):
        restored.publish()


def test_what_was_signed_before_this_directory_s_copy_is_cosigned_anew_and_gone_on_from(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    publisher = publishing(journal, directory, 5, policy(witnesses))
    old = older(directory)
    grow_and_publish(journal, publisher, 9)
    again = publisher_of(journal, old, policy(witnesses))
    assert again.hold == ""
    assert {one.submitted for one in witnesses.values()} == {9}
    assert grow_and_publish(journal, again, 12)


def test_what_is_shown_in_the_witness_s_place_does_not_speak_for_it(
    journal: Journal, directory: Path, copied: Copier, witnesses: Witnesses
) -> None:
    publisher = publishing(journal, directory, 5, policy(witnesses))
    old = older(directory)
    grow_and_publish(journal, publisher, 9)
    notes = {name: one.note for name, one in witnesses.items()}
    copy = copied(10)
    grow_and_publish(journal, publisher, 40)
    for name, one in witnesses.items():
        one.note = notes[name]
        one.answers = [(409, b"9\n"), (200, b"")]
    restored = publisher_of(copy, old, policy(witnesses))
    assert "sent no cosignature" in restored.hold


def test_two_keys_of_one_witness_do_not_get_in_each_other_s_way(
    journal: Journal, directory: Path, witnesses: Witnesses
) -> None:
    """The one is asked late, when the other has had a larger checkpoint cosigned."""
    north = witnesses["north"]
    client = WitnessClient(north.witness, [LOG.key])
    publisher = publisher_of(journal, directory, policy({"north": north}, 1))
    sizes = []
    for size in (10, 20):
        grow_and_publish(journal, publisher, size)
        assert publisher._signed is not None
        sizes.append(publisher._signed)
    with pytest.raises(WitnessError, match="has cosigned 20 records of this log already") as error:
        client.cosign(*sizes[0], publisher._tree)
    assert not isinstance(error.value, HistoryDoubted)
    assert client.cosign(*sizes[1], publisher._tree)
