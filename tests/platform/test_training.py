"""What is learned from a range of a journal, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plainview.feed.configuration import Training
from plainview.journal import JournalReader
from plainview.learning.parameters import learned
from plainview.learning.provenance import Provenance, read_tier, salt_of, tier
from plainview.ledger.tree import Tree
from plainview.platform import lineage, training
from plainview.platform.faults import HomeError
from plainview.platform.home import Home
from plainview.platform.lineage import Follower
from plainview.platform.releases import installed, installed_digest
from plainview.platform.training import Learned, Span, learn
from plainview.records import Event, Impression
from plainview.records.arrays import pack_floats
from plainview.records.fields import to_text
from tests.platform.forging import copied, forge
from tests.platform.homes import charter_of
from tests.platform.second import SECOND, SECOND_DIGEST
from tests.platform.taught import taught


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(tmp_path_factory.mktemp("taught") / "home")


@pytest.fixture(scope="module")
def journal(home: Path) -> Iterator[JournalReader]:
    with closing(Home(home).read()) as journal:
        yield journal


@pytest.fixture(scope="module")
def all_of_it(journal: JournalReader) -> Learned:
    return learn(journal, installed(), Span(0, journal.size), lambda _: None)


def test_it_says_what_it_was_learned_from(journal: JournalReader, home: Path, all_of_it: Learned) -> None:
    tree = Tree(journal.leaf_hashes(0, journal.size))
    follower = Follower(journal, installed().configuration, 4096, installed().world(), 0)
    follower.read_to(journal.size)
    assert all_of_it.training == Training(
        base=installed_digest(),
        log=charter_of(home).origin,
        start=0,
        upto=journal.size,
        before=to_text(tree.root(0)),
        root=to_text(tree.root()),
        state=to_text(follower.world.digest()),
    )
    assert all_of_it.packed == pack_floats(learned(follower.world.tables))
    provenance = read_tier(all_of_it.partner)
    (data,) = provenance.data
    (admission,) = data.admissions
    assert journal.entry(admission).kind == "act"
    assert (data.origin, data.digest, data.licence) == ("town", to_text(bytes(32)), "none")
    assert (data.videos, data.histories, data.impressions) == (120, 0, 600)
    assert (provenance.uploads, provenance.events) == (1, 12)
    head = follower.world.tables.head[0]
    assert (provenance.taught, provenance.refused) == (head["taught"], head["refused"])
    assert provenance.taught >= 600
    assert (all_of_it.partner, all_of_it.commitment) == tier(provenance)
    assert provenance.salt == salt_of(all_of_it.packed)


def test_the_same_range_gives_the_same_bytes_wherever_it_is_cut(
    journal: JournalReader, all_of_it: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (training, lineage):
        monkeypatch.setattr(module, "CHUNK", 37)
    monkeypatch.setattr(training, "RESIDENTS", 11)
    again = learn(journal, installed(), Span(0, journal.size), lambda _: None)
    assert again.training == all_of_it.training
    assert (again.packed, again.partner) == (all_of_it.packed, all_of_it.partner)


def test_another_range_is_another_training(journal: JournalReader, all_of_it: Learned) -> None:
    before = next(journal.of_kind("impression", newest_first=True)).index
    told: list[int] = []
    less = learn(journal, installed(), Span(0, before), told.append)
    assert told[-1] == before
    assert less.training.root != all_of_it.training.root
    assert less.packed != all_of_it.packed


@pytest.mark.parametrize("chunk", [4096, 7])
def test_acts_before_the_range_are_as_if_nobody_had_done_anything(
    journal: JournalReader, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Also for viewers who are read again, since there was no room for them."""
    for module in (training, lineage):
        monkeypatch.setattr(module, "CHUNK", chunk)
    monkeypatch.setattr(training, "RESIDENTS", chunk)
    acts = [entry.index for entry in journal.of_kind("impression")]
    start = acts[400]
    late = learn(journal, installed(), Span(start, journal.size), lambda _: None)
    follower = Follower(journal, installed().configuration, 4096, installed().world(), 0)
    taken = [
        (entry.index, entry.record)
        for entry in journal.read()
        if entry.index >= start or not isinstance(entry.record, (Event, Impression))
    ]
    follower.take(taken)
    assert late.training.state == to_text(follower.world.digest())
    assert late.training.before == to_text(Tree(journal.leaf_hashes(0, start)).root())
    assert read_tier(late.partner).data[0].impressions == 200
    assert read_tier(late.partner).data[0].videos == 120


def test_who_learns_starts_from_what_the_base_brings_along(journal: JournalReader, all_of_it: Learned) -> None:
    made = learn(journal, SECOND, Span(0, journal.size), lambda _: None)
    assert made.training.base == SECOND_DIGEST
    assert made.packed != all_of_it.packed


def test_a_journal_with_rows_that_nobody_let_in_teaches_nothing(home: Path, tmp_path: Path) -> None:
    copy = copied(home, tmp_path / "copy")
    with closing(Home(copy).read()) as journal:
        index = next(entry.index for entry in journal.of_kind("impression"))
        size = journal.size
    forge(copy, index, origin="planted")
    with (
        closing(Home(copy).read()) as journal,
        pytest.raises(HomeError, match=rf"record {index} should not be in this journal \(bounds: origin: origin plan"),
    ):
        learn(journal, installed(), Span(0, size), lambda _: None)


def test_an_event_that_was_changed_teaches_nothing(home: Path, tmp_path: Path) -> None:
    copy = copied(home, tmp_path / "copy")
    with closing(Home(copy).read()) as journal:
        entry = next(journal.of_kind("event"))
        size = journal.size
    assert isinstance(entry.record, Event)
    forge(copy, entry.index, watched=entry.record.watched + 1)
    with (
        closing(Home(copy).read()) as journal,
        pytest.raises(HomeError, match=f"record {entry.index} should not be in this journal .event"),
    ):
        learn(journal, installed(), Span(0, size), lambda _: None)


def test_what_holds_no_acts_teaches_nothing(journal: JournalReader) -> None:
    with pytest.raises(HomeError, match="records 0 to 9 hold nothing that could be learned from"):
        learn(journal, installed(), Span(0, 10), lambda _: None)


def test_the_partners_tier_reads_back(all_of_it: Learned) -> None:
    provenance = read_tier(all_of_it.partner)
    assert isinstance(provenance, Provenance)
    with pytest.raises(ValueError, match="Provenance"):
        read_tier(all_of_it.partner + b" ")
