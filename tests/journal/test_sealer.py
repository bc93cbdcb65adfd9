from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.journal import Fence, Journal, JournalDamaged, JournalReader, PlainSealer
from plainview.storage import SqliteRecords
from tests.journal.drafts import NOW, event, example
from tests.strategies import salts


@given(salts, st.binary())
def test_plain_bodies_come_back(salt: bytes, body: bytes) -> None:
    sealer = PlainSealer()
    assert sealer.open("viewer:1", "event", sealer.seal("viewer:1", "event", salt, body)) == (salt, body)


def test_what_is_shorter_than_a_salt_was_never_sealed() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        PlainSealer().open("viewer:1", "event", bytes(31))


class Masking:
    """Binds what it seals to owner and kind, as custody's sealer will."""

    def seal(self, owner: str, kind: str, salt: bytes, body: bytes) -> bytes:
        return f"{owner} {kind} ".encode() + bytes(byte ^ 0x55 for byte in salt + body)

    def open(self, owner: str, kind: str, sealed: bytes) -> tuple[bytes, bytes]:
        heading = f"{owner} {kind} ".encode()
        if not sealed.startswith(heading):
            raise ValueError("sealed for somebody else")
        plain = bytes(byte ^ 0x55 for byte in sealed[len(heading) :])
        return plain[:32], plain[32:]


def test_personal_bodies_pass_through_the_sealer_and_public_acts_do_not(tmp_path: Path) -> None:
    journal = Journal(SqliteRecords(tmp_path, writing=True), Masking(), Fence(100, 2000), lambda: NOW)
    journal.append([event(1), example("decision")])
    assert [entry.kind for entry in journal.read()] == ["event", "decision"]
    journal.close()
    store = SqliteRecords(tmp_path, writing=False)
    personal, public = store.rows(0, 2)
    assert personal.body.startswith(b"viewer:5 event ")
    assert b'"watched"' not in personal.body
    assert public.body.startswith(b'{"time":')
    with pytest.raises(JournalDamaged, match="record 0, "):
        list(JournalReader(store, PlainSealer()).read())
    store.close()
