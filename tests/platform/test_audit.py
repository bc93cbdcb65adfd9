"""Private records handed out to the auditor, and what is journaled of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal import JournalDamaged
from plainview.journal.frames import parse_frames
from plainview.ledger.access_requests import AccessRequest
from plainview.ledger.charters import ROLES
from plainview.ledger.schemes import ED25519
from plainview.platform import audit
from plainview.platform.application import Application
from plainview.platform.audit import RecordsRequest
from plainview.platform.faults import Fault
from plainview.records import Access, encode
from plainview.records.fields import to_text
from tests.ledger.logs import signer
from tests.platform.homes import begun
from tests.platform.parties import Parties
from tests.platform.towns import now, open_town, populate


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audited") / "home"


@pytest.fixture(scope="module")
def town(home: Path) -> Iterator[Application]:
    begun(home)
    with open_town(home) as application:
        populate(application, 60)
        yield application


@pytest.fixture
def parties(home: Path, town: Application) -> Parties:
    return Parties(home)


_drawn = iter(range(2**32))


def request(parties: Parties, **changes: Any) -> AccessRequest:
    made = AccessRequest(parties.origin, "audit", 0, 50, now(), next(_drawn).to_bytes(16, "big"))
    return replace(made, **changes)


def asked(parties: Parties, by: str = "auditor", **changes: Any) -> RecordsRequest:
    return RecordsRequest(parties.note(request(parties, **changes).text(), by))


def accesses(town: Application, since: int) -> list[Access]:
    return [entry.record for entry in town.journal.of_kind("access", since) if isinstance(entry.record, Access)]


def refused(town: Application, asked: RecordsRequest, code: str, told: str) -> list[Access]:
    """That it is refused; and what was journaled."""
    size = town.journal.size
    with pytest.raises(Fault) as caught:
        town.audit.open(asked)
    assert (caught.value.code, caught.value.field) == (code, "note")
    assert told in caught.value.message
    return accesses(town, size)


def test_records_are_opened_and_the_access_is_journaled(town: Application, parties: Parties) -> None:
    size = town.journal.size
    wanted = request(parties, first=3, until=40)
    first, frames = parse_frames(town.audit.open(RecordsRequest(parties.note(wanted.text(), "auditor"))))
    assert first == 3
    entries = list(town.journal.read(3, 40))
    assert [(one.kind, one.salt, one.body) for one in frames] == [
        (entry.kind, entry.salt, encode(entry.record)) for entry in entries
    ]
    assert {"act", "video"} <= {one.kind for one in frames}
    (access,) = accesses(town, size)
    key = next(party.key for party in town.acts.standing.charter.parties if party.role == "auditor")
    told = Access(
        time=access.time,
        by=key.name,
        purpose="audit",
        first=3,
        until=40,
        request=to_text(wanted.digest()),
        granted=True,
    )
    assert access == told
    assert town.journal.entry(size).owner == "operator"


def test_it_is_durable_before_the_answer_is_made(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(town.journal, "append", lambda drafts: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        town.audit.open(asked(parties))


def test_what_does_not_fit_an_answer_is_asked_for_again(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LIMIT", 4000)
    size = town.journal.size
    got, at = [], 0
    while at < size:
        first, frames = parse_frames(town.audit.open(asked(parties, first=at, until=size)))
        assert first == at
        assert frames
        got += frames
        at += len(frames)
    assert [one.body for one in got] == [encode(entry.record) for entry in town.journal.read(0, size)]
    granted = accesses(town, size)
    assert len(granted) > 2
    assert [one.first for one in granted[1:]] == [one.until for one in granted[:-1]]  # as much as was handed out
    assert granted[-1].until == size


def test_never_beyond_the_journal(town: Application, parties: Parties) -> None:
    size = town.journal.size
    _, frames = parse_frames(town.audit.open(asked(parties, first=size - 2, until=size + 1000)))
    assert len(frames) == 2
    assert accesses(town, size)[0].until == size
    (access,) = refused(
        town, asked(parties, first=size + 7, until=size + 1000), "unknown_index", f"there is no record {size + 7}"
    )
    assert (access.first, access.until, access.granted) == (size + 7, size + 1000, False)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("auditor", "builder")])
def test_nobody_else_is_given_records(town: Application, parties: Parties, role: str) -> None:
    (access,) = refused(town, asked(parties, by=role), "foreign_request", "is no auditor of charter 0")
    assert (access.by.endswith(role), access.granted) == (True, False)


@pytest.mark.parametrize("apart", [-6_000, 6_000])
def test_a_request_of_another_time(town: Application, parties: Parties, apart: int) -> None:
    (access,) = refused(town, asked(parties, time=now() + apart), "stale", "more than 5000 ms apart")
    assert not access.granted
    town.audit.open(asked(parties, time=now() + apart // 2))


def test_a_request_for_another_log(town: Application, parties: Parties) -> None:
    (access,) = refused(town, asked(parties, log="other.example/log"), "foreign_request", "'other.example/log'")
    assert not access.granted


def test_a_request_is_answered_once(town: Application, parties: Parties) -> None:
    once = asked(parties)
    town.audit.open(once)
    (access,) = refused(town, once, "repeated", "sign another")
    assert not access.granted
    assert refused(town, once, "repeated", "sign another") == []  # as often as anybody likes: it is journaled once


def test_at_once_it_is_answered_once(town: Application, parties: Parties) -> None:
    once = asked(parties)

    def attempt(_: int) -> bool:
        try:
            return bool(town.audit.open(once))
        except Fault:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda note: note.replace("purpose audit", "purpose spying"), "malformed", "none of the purposes"),
        (lambda note: note.replace("from 0", "from 1"), "malformed", "does not verify"),
        (lambda note: note.split("\n\n")[0], "malformed", "note"),
        (lambda note: note + note.splitlines(keepends=True)[-1], "malformed", "leave other signatures out"),
        (lambda note: note + "x" * 15_000, "malformed", "at most 15,000"),
        (lambda note: "\ud800", "malformed", "note"),
        (lambda note: signer("thief.example", ED25519).note(note.split("\n\n")[0] + "\n").decode(), "foreign_request",
         "no party"),
    ],
)  # fmt: skip
def test_what_no_party_has_signed_leaves_no_trace(
    town: Application, parties: Parties, change: Any, code: str, told: str
) -> None:
    size = town.journal.size
    note = RecordsRequest(change(asked(parties).note))
    assert refused(town, note, code, told) == []
    assert town.journal.size == size


def test_a_damaged_record_ends_an_answer(town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    read = town.journal.read

    def broken(start: int = 0, stop: int | None = None) -> Iterator[Any]:
        for entry in read(start, stop):
            if entry.index == 5:
                raise JournalDamaged(5, "body", "torn")
            yield entry

    monkeypatch.setattr(town.journal, "read", broken)
    _, frames = parse_frames(town.audit.open(asked(parties, first=2, until=9)))
    assert len(frames) == 3
    with pytest.raises(JournalDamaged, match="record 5"):
        town.audit.open(asked(parties, first=5, until=9))


def test_an_access_closes_no_epoch(town: Application, parties: Parties) -> None:
    populate(town, 1)
    epoch = town.epoch.epoch
    town.audit.open(asked(parties))
    assert not town.wait_for(epoch + 1, 0.5)
    populate(town, 1)
    assert town.wait_for(epoch + 1, 10)


def test_an_auditor_whose_key_has_ended_is_given_nothing(
    town: Application, parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, until = town.acts.standing, now() + 1_000
    ending = tuple(
        replace(party, until=until) if party.role == "auditor" else party for party in standing.charter.parties
    )
    ends = replace(standing, charter=replace(standing.charter, parties=ending))
    monkeypatch.setattr(town.audit, "_standing", lambda: ends)
    monkeypatch.setattr(town.audit, "_clock", lambda: until - 1)
    assert parse_frames(town.audit.open(asked(parties, time=until - 1)))
    monkeypatch.setattr(town.audit, "_clock", lambda: until)
    (access,) = refused(town, asked(parties, time=until), "foreign_request", "/auditor' of the auditor ended on ")
    assert not access.granted
