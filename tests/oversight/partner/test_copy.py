"""The partner's copy: what fits the log is kept, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import JournalDamaged, JournalReader, PlainSealer
from plainview.journal.frames import Frame
from plainview.oversight.partner.copy import JournalCopy, Unfit
from plainview.oversight.partner.rerunning import GRACE, Rerunning
from plainview.platform.releases import installed
from plainview.records import Page, encode
from plainview.records.digests import commitment
from plainview.records.leaf import personal_leaf, public_leaf
from plainview.storage import SqliteRecords
from tests.oversight.partner.opened import Opening, frame


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[JournalCopy]:
    copy = JournalCopy(SqliteRecords(tmp_path, writing=True))
    yield copy
    copy.close()


def filled(copy: JournalCopy, journal: JournalReader, opening: Opening, stop: int | None = None) -> None:
    stop = journal.size if stop is None else stop
    while copy.size < stop:
        copy.take(journal.leaves(copy.size, stop), opening)


@pytest.mark.parametrize("most", [10_000, 7, 1])
def test_it_is_the_journal(copy: JournalCopy, journal: JournalReader, most: int) -> None:
    opening = Opening(journal, most)
    stop = 300
    filled(copy, journal, opening, stop)
    assert list(copy.journal.read()) == list(journal.read(0, stop))
    personal = [at for at, leaf in enumerate(journal.leaves(0, stop)) if b'"p":' not in leaf]
    assert opening.asked[0][0] == personal[0] > 0  # what is public is in the log
    assert all(first in personal and until - 1 in personal for first, until in opening.asked)


def test_what_is_public_is_not_asked_for(copy: JournalCopy, journal: JournalReader) -> None:
    opening = Opening(journal)
    leaves = journal.leaves(0, 3)
    assert copy.take(leaves, opening) == 3
    assert opening.asked == []
    assert [entry.kind for entry in copy.journal.read()] == ["charter", "release", "epoch"]


def page_of(journal: JournalReader) -> Any:
    return next(journal.of_kind("page"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda frame: frame._replace(salt=bytes(32)), "not what its leaf commits to"),
        (lambda frame: frame._replace(salt=b""), "a salt has 32 bytes"),
        (lambda frame: frame._replace(body=frame.body.replace(b'"n":', b'"n": ')), "exact spelling"),
        (lambda frame: frame._replace(body=b"{}"), "missing required field"),
        (lambda frame: frame._replace(kind="viewer"), "Viewer"),
        (lambda frame: frame._replace(kind="act"), "no private kind"),
        (lambda frame: frame._replace(kind="secret"), "no private kind"),
    ],
)
def test_what_does_not_fit_is_not_kept(copy: JournalCopy, journal: JournalReader, change: Any, told: str) -> None:
    page = page_of(journal)
    opening = Opening(journal)
    opening.changed[page.index] = change(frame(page))
    with pytest.raises(Unfit, match=told) as caught:
        filled(copy, journal, opening)
    assert caught.value.index == page.index == copy.size  # all before it is there
    opening.changed.clear()
    filled(copy, journal, opening, page.index + 1)
    assert copy.journal.entry(page.index) == page


def test_another_record_opened_in_its_place(copy: JournalCopy, journal: JournalReader) -> None:
    first, second, *_ = journal.of_kind("page")
    opening = Opening(journal)
    opening.changed[first.index] = frame(second)
    with pytest.raises(Unfit, match="commits to"):
        filled(copy, journal, opening)


@pytest.mark.parametrize("leaf", [b"", b"{}", b'{"k":"viewer","c":"' + b"-" * 43 + b'","p":{}}', b'{"k":"act"'])
def test_an_entry_that_is_no_records(copy: JournalCopy, journal: JournalReader, leaf: bytes) -> None:
    with pytest.raises(Unfit, match="record 2: "):
        copy.take([*journal.leaves(0, 2), leaf], Opening(journal))
    assert copy.size == 2


def test_a_page_that_is_there_twice_is_kept_and_tells(copy: JournalCopy, journal: JournalReader) -> None:
    """An operator who journals two pages as one session's page n: reading says so, and replay with it."""
    page = page_of(journal)
    filled(copy, journal, Opening(journal), page.index + 1)
    assert isinstance(page.record, Page)
    again = replace(page.record, time=page.time + 1)
    salt, body = bytes(32), encode(again)
    leaf = personal_leaf("page", commitment(salt, body))
    assert copy.take([leaf], lambda *_: [Frame("page", salt, body)]) == 1
    with pytest.raises(JournalDamaged, match="key"):
        copy.journal.entry(page.index + 1)


def test_a_second_epoch_of_one_number_is_kept_and_tells(copy: JournalCopy, journal: JournalReader) -> None:
    leaves = journal.leaves(0, 3)
    epoch = journal.entry(2).record
    assert copy.take([*leaves, public_leaf("epoch", epoch)], Opening(journal)) == 4
    with pytest.raises(JournalDamaged, match="key"):
        copy.journal.entry(3)


def test_it_is_re_run_as_the_journal_is(copy: JournalCopy, journal: JournalReader) -> None:
    filled(copy, journal, Opening(journal))
    now = [0.0]
    running = Rerunning(copy.journal, installed(), None, lambda: now[0])
    with closing(running):
        first = running.go_on()
        assert first is not None
        assert running.go_on() is None
        now[0] += GRACE  # now no page of the epoch before the last is waited for
        report = running.go_on() or first
        assert report.sound
        assert report.pages == report.identical == 60
        assert running.upto == copy.size == report.records


def test_it_goes_on_where_it_was_left(tmp_path: Path, journal: JournalReader) -> None:
    for stop in (10, 200, journal.size):
        copy = JournalCopy(SqliteRecords(tmp_path, writing=True))
        filled(copy, journal, Opening(journal, 50), stop)
        copy.close()
    with closing(JournalReader(SqliteRecords(tmp_path, writing=False), PlainSealer())) as reader:
        assert list(reader.read()) == list(journal.read())
