from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.keys.key_files import make_key
from plainview.ledger.policies import Log
from plainview.ledger.schemes import ED25519
from plainview.platform.charters import Charters
from plainview.platform.faults import HomeError
from plainview.platform.home import Home
from tests.platform.homes import amendment, begun, charter_of, put


def charters(home: Path) -> Charters:
    with closing(Home(home).read()) as journal:
        return Charters(journal)


def test_each_holds_from_its_record_on(home: Path) -> None:
    begun(home, licensed=False)
    first = charter_of(home)
    put(home, amendment(home, bounds=replace(first.bounds, merge_delay=7_000)).encode().decode())
    found = charters(home)
    assert [(one.record, one.charter.number) for one in found.all] == [(0, 0), (3, 1)]
    assert found.at(0) == found.at(2) == first
    assert found.at(3) == found.at(99) == found.in_force.charter == charter_of(home)
    assert found.in_force.charter.bounds.merge_delay == 7_000


def test_the_logs_keys_are_all_that_it_ever_had(home: Path, tmp_path: Path) -> None:
    begun(home, licensed=False)
    first = charter_of(home)
    other = make_key(tmp_path / "other", first.origin, ED25519).key
    put(home, amendment(home, policy=replace(first.policy, logs=(Log(other),))).encode().decode())
    assert charters(home).log_keys() == [other, first.policy.logs[0].key]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"signing": ["operator", "partner"]}, "signatures are missing: 1 more of licensor"),
        ({"number": 5}, "it does not amend charter 0"),
        ({"previous": bytes(32)}, "it does not amend charter 0"),
    ],
)
def test_a_chain_that_is_broken_is_told_by_its_record(home: Path, broken: dict[str, Any], message: str) -> None:
    begun(home, licensed=False)
    put(home, amendment(home, **broken).encode().decode())
    for use in (lambda: charters(home), Home(home).check, lambda: Home(home).write()):
        with pytest.raises(HomeError, match=f"record 3 brings no charter into force: charter .*{message}"):
            use()


def test_a_note_that_is_none_is_told_by_its_record(home: Path) -> None:
    begun(home, licensed=False)
    put(home, "whatever")
    with pytest.raises(HomeError, match="record 3 brings no charter into force: note: no empty line"):
        charters(home)
