"""What is said of a control, and the records that show it."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

KEPT = 100
"""Indexes of one kind that are kept to be shown; the others are counted."""
OWN_VIEWERS = "of the partner's own viewers"
"""Records that are never named."""


class State(enum.Enum):
    """Met only where records show it; what nothing could show either way is not applicable."""

    MET = "met"
    NOT_MET = "not met"
    NOT_APPLICABLE = "not applicable"


class Cited(msgspec.Struct, frozen=True):
    """Records of one kind, as the journal names it."""

    kind: str
    count: int
    first: tuple[int, ...]
    """Indexes of the first KEPT of them, ascending; none of OWN_VIEWERS."""
    which: str = ""
    """Which ones, where their kind does not tell enough."""


class Counted:
    """Records of one kind as they come."""

    def __init__(self, kind: str, which: str = "", indexes: Iterable[int] = ()) -> None:
        self._kind = kind
        self._which = which
        self._count = 0
        self._first: list[int] = []
        for index in indexes:
            self.add(index)

    def add(self, index: int) -> None:
        """One more, its index above those before."""
        self._count += 1
        if len(self._first) < KEPT:
            self._first.append(index)

    def cited(self) -> Cited:
        """All so far."""
        return Cited(self._kind, self._count, tuple(self._first), self._which)


def cited(kind: str, indexes: Iterable[int], which: str = "") -> Cited:
    """These records, each once."""
    return Counted(kind, which, sorted(set(indexes))).cited()


class Verdict(msgspec.Struct, frozen=True):
    """What a control comes to."""

    state: State
    said: str
    """Why, in a sentence without its full stop."""
    records: tuple[Cited, ...] = ()
    """That show it. None where there are none to show."""


def met(said: str, *records: Cited) -> Verdict:
    """Records show it."""
    return Verdict(State.MET, said, _some(records))


def not_met(said: str, *records: Cited) -> Verdict:
    """Something speaks against it, or nothing shows it."""
    return Verdict(State.NOT_MET, said, _some(records))


def not_applicable(said: str) -> Verdict:
    """Nothing has happened that it is about."""
    return Verdict(State.NOT_APPLICABLE, said)


def some(count: int, what: str, more: str = "") -> str:
    """So many of something: `1 page`, `3,204 pages`; `more` is what several of it are called, where that is no `s`."""
    return f"{count:,} {what if count == 1 else more or what + 's'}"


def _some(records: tuple[Cited, ...]) -> tuple[Cited, ...]:
    return tuple(one for one in records if one.count)
