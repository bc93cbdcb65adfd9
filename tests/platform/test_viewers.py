from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from plainview.journal import Draft
from plainview.keys.client_viewer import ClientViewer
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.viewers import SIGNED, NewSetting, NewViewer
from plainview.records import UNSIGNED, Record, Setting, Viewer
from tests.platform.signing import of_viewer
from tests.platform.towns import page_of, registered, token


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


def refused(town: Application, new: NewViewer | NewSetting) -> Fault:
    """Why; and that nothing is written down."""
    size = town.journal.size
    call = partial(town.viewers.register, new) if isinstance(new, NewViewer) else partial(town.viewers.set, new)
    with pytest.raises(Fault) as caught:
        call()
    assert town.journal.size == size
    return caught.value


def told(viewer: int) -> dict[str, Any]:
    return of_viewer(viewer).told(token(), "US", "18+", "personal")


def test_who_registers_a_key_signs_with_it_from_then_on(town: Application) -> None:
    own = of_viewer(310)
    first = own.told(token(), "US", "18+", "personal")
    assert town.viewers.register(NewViewer(**first))[0] == 310
    record = last(town, 310)
    assert isinstance(record, Viewer)
    assert {name: getattr(record, name) for name in SIGNED} == first
    town.viewers.register(NewViewer(**own.told(token(), "DE", "16-17", "plain")))
    _, page = page_of(town, viewer=310)
    assert (page.request.mode, page.request.region) == ("plain", "DE")
    # Whoever has not the key changes nothing: not by leaving it out, not by another.
    unsigned = refused(town, NewViewer(viewer=310, mode="personal"))
    assert (unsigned.code, unsigned.field) == ("foreign_registration", "key")
    other = refused(town, NewViewer(**ClientViewer(310, bytes(32)).told(token(), "US", "18+", "personal")))
    assert (other.code, other.field) == ("foreign_registration", "key")


@pytest.mark.parametrize("change", [{"region": "FR"}, {"age": "13-15"}, {"mode": "plain"}, {"viewer": 312}])
def test_what_was_changed_is_not_signed(town: Application, change: dict[str, Any]) -> None:
    fault = refused(town, NewViewer(**(told(311) | change)))
    assert (fault.code, fault.field) == ("foreign_registration", "signature")


def test_the_same_registration_counts_once(town: Application) -> None:
    own, name = of_viewer(313), token()
    first = own.told(name, "US", "18+", "personal")
    index = town.viewers.register(NewViewer(**first))
    town.viewers.register(NewViewer(**own.told(token(), "US", "18+", "plain")))
    assert town.viewers.register(NewViewer(**first)) == index  # put in again by whoever kept it, it turns nothing back
    record = last(town, 313)
    assert isinstance(record, Viewer)
    assert record.mode == "plain"
    assert refused(town, NewViewer(**own.told(name, "DE", "18+", "personal"))).code == "id_reused"


@pytest.mark.parametrize("left_out", SIGNED)
def test_a_signed_registration_says_all(town: Application, left_out: str) -> None:
    fields = told(314)
    del fields[left_out]
    fault = refused(town, NewViewer(**fields))
    assert (fault.code, fault.field) == ("malformed", left_out)


def test_who_was_registered_without_a_key_registers_one_and_then_chooses(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=315, region="DE"))
    block = NewSetting(**of_viewer(315).chosen(token(), "block", 100))
    fault = refused(town, block)
    assert (fault.code, fault.field) == ("foreign_setting", "viewer")
    assert "has registered no key" in fault.message
    registered(town, 315)
    assert town.viewers.set(block).fresh
    record = last(town, 315)
    assert isinstance(record, Setting)
    assert record.chosen().signed().startswith(b'plainview/setting/v1\x00{"viewer":315,"id":"')


def test_a_setting_is_its_viewers_alone(town: Application) -> None:
    registered(town, 316)
    right = of_viewer(316).chosen(token(), "block", 100)
    for change in ({"target": 101}, {"setting": "unblock"}, {"id": token()}, {"signature": "A" * 86}):
        fault = refused(town, NewSetting(**(right | change)))
        assert (fault.code, fault.field) == ("foreign_setting", "signature")
    other = ClientViewer(316, bytes(32)).chosen(token(), "block", 100)
    assert refused(town, NewSetting(**other)).code == "foreign_setting"
    assert town.viewers.set(NewSetting(**right)).fresh


def test_of_two_keys_at_once_one_is_the_viewers(town: Application) -> None:
    keys = [ClientViewer(317, bytes([n]) * 32) for n in range(4)]

    def register(key: ClientViewer) -> bool:
        try:
            town.viewers.register(NewViewer(**key.told(token(), "US", "18+", "personal")))
        except Fault:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(register, keys)) == 1


def test_an_unsigned_registration_is_spelt_in_one_way(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=318))
    record = last(town, 318)
    assert {name: getattr(record, name) for name in UNSIGNED} == UNSIGNED
