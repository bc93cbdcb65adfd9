from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.viewers import NewViewer
from plainview.records import Record, Viewer


def last(town: Application, viewer: int) -> Record:
    *_, entry = town.journal.owned(f"viewer:{viewer}")
    return entry.record


def test_what_is_left_out_stays_as_it_was_told_last(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=300, region="QX", age="13-15", mode="plain"))  # no region of the release
    town.viewers.register(NewViewer(viewer=300, age="16-17"))
    record = last(town, 300)
    assert isinstance(record, Viewer)
    assert (record.region, record.age, record.mode) == ("QX", "16-17", "plain")


def test_of_who_never_told_it_nothing_is_known(town: Application) -> None:
    viewer, _ = town.viewers.register(NewViewer())
    record = last(town, viewer)
    assert isinstance(record, Viewer)
    assert (record.region, record.age, record.mode) == ("ZZ", "unknown", "personal")


def test_of_two_changes_at_once_none_is_taken_back(town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    town.viewers.register(NewViewer(viewer=301))
    both = threading.Barrier(2, timeout=0.3)
    append = town.journal.append

    def together(drafts: list[Draft]) -> object:
        with suppress(threading.BrokenBarrierError):
            both.wait()
        return append(drafts)

    changes = [NewViewer(viewer=301, mode="plain"), NewViewer(viewer=301, region="DE", age="18+")]
    monkeypatch.setattr(town.journal, "append", together)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(town.viewers.register, changes))
    record = last(town, 301)
    assert isinstance(record, Viewer)
    assert (record.region, record.age, record.mode) == ("DE", "18+", "plain")
