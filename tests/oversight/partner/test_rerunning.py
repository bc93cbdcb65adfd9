"""Which drawn pages count as differing: also those that could not be re-run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plainview.journal import JournalReader, PlainSealer
from plainview.oversight.partner.rerunning import Rerunning
from plainview.platform.releases import installed
from plainview.storage import SqliteRecords
from tests.platform.forging import copied, damage
from tests.platform.second import SECOND


@pytest.fixture
def copy(tmp_path: Path, overseen: Path) -> Path:
    return copied(overseen, tmp_path / "copy")


@pytest.fixture
def reader(copy: Path) -> Iterator[JournalReader]:
    with closing(JournalReader(SqliteRecords(copy, writing=False), PlainSealer())) as reader:
        yield reader


def pages(reader: JournalReader) -> list[int]:
    return [entry.index for entry in reader.of_kind("page")]


def test_it_is_re_run_when_it_has_grown(reader: JournalReader) -> None:
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert report.pages == report.identical == 60
    assert rerunning.go_on(whole=True) is None
    assert (rerunning.upto, rerunning.report) == (reader.size, report)
    assert rerunning.differing(pages(reader)) == set()


def test_what_another_release_served_counts(reader: JournalReader) -> None:
    rerunning = Rerunning(reader, SECOND, None, lambda: 0.0)
    rerunning.go_on(whole=True)
    assert rerunning.differing(pages(reader)[:7]) == set(pages(reader)[:7])


def test_what_rests_on_damage_counts(copy: Path, reader: JournalReader) -> None:
    all_ = pages(reader)
    damage(copy, all_[20])
    rerunning = Rerunning(reader, installed(), None, lambda: 0.0)
    report = rerunning.go_on(whole=True)
    assert report is not None
    assert report.unreached
    found = rerunning.differing(all_)
    assert found >= {one for one in all_ if one >= all_[20]}
