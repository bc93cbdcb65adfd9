from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from plainview.journal import Entry
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.viewer_keys import ViewerKeys
from plainview.platform.viewers import NewSetting, NewViewer
from plainview.records.fields import DASHES
from tests.platform.signing import of_viewer
from tests.platform.towns import page_of, registered, token


@pytest.fixture
def read(town: Application, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The indexes of all records that are decoded one by one for their owner, or at one go."""
    found: list[int] = []
    owned, history = town.journal.owned, town.journal.history

    def noted(*arguments: Any, **options: Any) -> Iterator[Entry]:
        for entry in owned(*arguments, **options):
            found.append(entry.index)
            yield entry

    def all_noted(*arguments: Any) -> Any:
        records = history(*arguments)
        found.extend(index for index, _ in records)
        return records

    monkeypatch.setattr(town.journal, "owned", noted)
    monkeypatch.setattr(town.journal, "history", all_noted)
    return found


def test_what_nobody_has_signed_does_not_read_a_history_each_time(town: Application, read: list[int]) -> None:
    town.viewers.register(NewViewer(viewer=320))
    for _ in range(3):
        page_of(town, viewer=320)
    town.residency.standing(320)
    bogus = NewSetting(viewer=320, id=token(), setting="block", target=1, signature="A" * 86)

    def posted() -> list[int]:
        read.clear()
        with pytest.raises(Fault, match="has registered no key"):
            town.viewers.set(bogus)
        return list(read)

    assert len(posted()) == 4
    assert posted() == []
    new, _ = page_of(town, viewer=320)
    assert posted() == [new]
    read.clear()
    town.viewers.register(NewViewer(**of_viewer(320).told(token(), "US", "18+", "personal")))
    assert read == []  # what is signed says all
    block = NewSetting(**of_viewer(320).chosen(token(), "block", 100))
    assert town.viewers.set(block).fresh
    read.clear()
    with suppress(Fault):
        town.viewers.set(bogus)
    with pytest.raises(Fault, match="has a key, and this is not signed by it"):
        town.viewers.register(NewViewer(viewer=320, region="DE"))
    assert read == []


def test_few_are_at_hand_and_all_are_found(town: Application) -> None:
    keys = ViewerKeys(town.journal, 2)
    own = {viewer: of_viewer(viewer).told(token(), "US", "18+", "personal")["key"] for viewer in range(330, 334)}
    assert {keys.of(viewer) for viewer in own} == {DASHES}
    for viewer in own:
        registered(town, viewer)
    for _ in range(2):
        assert {viewer: keys.of(viewer) for viewer in own} == own
        assert len(keys._known) == 2
