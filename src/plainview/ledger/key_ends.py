"""Which keys of a charter end soon, or have: told to those who must renew them before."""

from __future__ import annotations

from plainview.ledger.charters import Charter, Party

NOTICE = 14 * 86_400_000
"""Milliseconds before the end of a key from which on it is told: an amendment takes people, who are away at times."""


def key_ends(charter: Charter, now: int) -> list[str]:
    """Sentences on each party's key that has ended at `now`, in Unix milliseconds, or will within NOTICE."""
    return [_told(party, now) for party in charter.parties if party.ended(now + NOTICE)]


def _told(party: Party, now: int) -> str:
    if party.ended(now):
        return f"{party.end_told()}: what it signs counts for nothing until an amendment renews it"
    assert party.until is not None
    days = (party.until - now) // 86_400_000
    left = f"in {days} day{'' if days == 1 else 's'}" if days else "in less than a day"
    return f"{party.end_told(soon=True)}, {left}: an amendment that renews it must be in the log before"
