"""Who goes on with a party's key after its end: what it signs is taken down for all to see, and counts for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.ledger.standing import Allowed
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt
from plainview.records import Act
from plainview.replay.judged import Judged
from tests.platform.homes import amendment, begun, charter_of
from tests.platform.parties import DAY, RELEASE, Parties
from tests.platform.stepping import Clock, Platform, platform
from tests.platform.towns import now

ENDS_IN = 3 * DAY


def ending(path: Path, role: str, until: int) -> None:
    """Amend the charter in `path`, so that the role's key ends then."""
    home = begun(path, licensed=False)
    parties = (replace(party, until=until) if party.role == role else party for party in charter_of(path).parties)
    adopt(home, amendment(path, parties=tuple(parties)))


def may_rank(running: Platform) -> bool:
    judged = Judged.of(running.journal)
    assert judged.last == running.acts.standing
    return isinstance(judged.last.may_rank(RELEASE, "US", 0, 0, running.clock.now), Allowed)


def test_an_approval_with_a_key_that_has_ended_is_taken_down_and_lets_nothing_rank(tmp_path: Path) -> None:
    until = now() + ENDS_IN
    ending(tmp_path / "home", "partner", until)
    with platform(tmp_path / "home", Clock(now())) as running:
        parties = Parties(tmp_path / "home")
        for note in parties.history()[:-1]:
            assert not running.acts.submit(note).reason
        parties.now = until
        signed = parties.signed(parties.approval(), "partner")
        running.clock.now = until
        taken = running.acts.submit(signed)
        assert taken.fresh
        assert taken.reason.startswith("approval: signatures are missing: 1 more of partner: no key of it is left; ")
        assert "/partner' of the partner ended on " in taken.reason
        record = running.journal.entry(taken.index).record
        assert isinstance(record, Act)
        assert (record.counts, record.note) == (False, signed.note)
        assert not may_rank(running)
        assert not running.acts.submit(signed).fresh  # once


def test_what_was_signed_in_time_and_comes_too_late_does_not_count(tmp_path: Path) -> None:
    until = now() + ENDS_IN
    ending(tmp_path / "home", "partner", until)
    with platform(tmp_path / "home", Clock(now())) as running:
        parties = Parties(tmp_path / "home")
        for note in parties.history()[:-1]:
            assert not running.acts.submit(note).reason
        parties.now = until - 1
        approval = parties.approval()
        signed = parties.signed(approval, "partner")
        running.clock.now = until
        assert "ended on " in running.acts.submit(signed).reason
        assert not may_rank(running)


def test_up_to_its_end_it_counts_and_what_it_signed_stays_signed(tmp_path: Path) -> None:
    until = now() + ENDS_IN
    ending(tmp_path / "home", "partner", until)
    with platform(tmp_path / "home", Clock(now())) as running:
        parties = Parties(tmp_path / "home")
        running.clock.now = until - 1
        parties.now = until - 1
        for note in parties.history():
            assert not running.acts.submit(note).reason
        running.clock.now = until + DAY
        assert may_rank(running)
        assert "ended on " in running.say(parties.revocation(seen=running.journal.size), "partner")
        assert may_rank(running)


def test_an_amendment_signed_by_a_key_that_has_ended_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "home"
    before = begun(path, licensed=False)
    later = now() + ENDS_IN
    ending(path, "partner", later)
    renewed = amendment(path, parties=tuple(replace(party, until=None) for party in charter_of(path).parties))
    monkeypatch.setattr("plainview.platform.founding.now", lambda: later)
    with pytest.raises(HomeError, match=r"signatures are missing: 1 more of partner: no key .* ended on "):
        adopt(before, renewed)
    monkeypatch.undo()
    assert adopt(before, renewed).charter.number == 2
