"""A log's charters, of which nothing is believed but the digest of the first: out of the log's entries, or of files."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from plainview.ledger.charters import Charter, check_charter, digest_text, parse_charter
from plainview.ledger.errors import LedgerError, PolicyError, ProofError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_note
from plainview.ledger.policies import Policy
from plainview.oversight.public_entries import is_of_kind, public_record
from plainview.records.charter import Charter as Record

_T = TypeVar("_T")


class _Standing(NamedTuple):
    charter: Charter
    since: int
    """Its index in the log; where only a file has it, the least that this can be."""
    time: int | None
    """Unix milliseconds, as its record says; None where only a file has it."""


class Charters:
    """The charters of one log in their order: the first has this digest, each other is in force after the one before.

    What says something of a log is judged by the one in force at the size of its tree, or at the index promised, and by
    those after it. So a key that was given up says nothing of what came later.
    """

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self._standing: list[_Standing] = []

    @property
    def last(self) -> Charter | None:
        """The one that none amends, of those that are here; None where none is."""
        return self._standing[-1].charter if self._standing else None

    @property
    def logged(self) -> bool:
        """Whether the last is an entry of the log, and not of a file alone."""
        return bool(self._standing) and self._standing[-1].time is not None

    def take(self, index: int, entry: bytes) -> None:
        """Take up the log's entry of that index, after those before it, if it is a charter, as the first must be.

        Raises ProofError for one that is not in force.
        """
        if index and not is_of_kind("charter", entry):
            return
        try:
            record = public_record("charter", Record, entry)
            self._add(parse_note(record.note.encode("utf-8", "surrogatepass")), index, record.time)
        except LedgerError as error:
            raise ProofError(f"entry {index}: {error}") from error

    def read(self, note: Note, since: int = 0) -> Charter:
        """Take up the charter of a file, if it is not here already. In the log it stands at `since` or later.

        A file does not say when it was put in: that is not before what the log has, and by that time it is judged
        whether a key had ended. Raises FormatError for no charter, another LedgerError where it is not in force or
        another is in its place.
        """
        charter = parse_charter(note.text)
        if charter.number >= len(self._standing):
            return self._add(note, since, None)
        here = self._standing[charter.number].charter
        if charter != here:
            raise PolicyError(f"charter {charter.number}: as that number, {digest_text(here.digest())} is in force")
        before = self._standing[charter.number - 1] if charter.number else None
        return check_charter(
            note, before.charter if before else None, at=self._standing[charter.number].time or self._least_time()
        )

    def policies(self, size: int) -> list[Policy]:
        """One of which accepts a tree of `size` entries, or the promise of that index: then in force, or later ones.

        A log may promise an old entry again, and sign its last tree anew, with the key that it has by now. Raises
        PolicyError where no charter is here.
        """
        if not self._standing:
            raise PolicyError(f"the charter {digest_text(self.digest)} is not here")
        place = bisect_left(self._standing, size, key=lambda one: one.since)
        return [one.charter.policy for one in self._standing[max(place, 1) - 1 :]]

    def judged(self, size: int, check: Callable[[Policy], _T]) -> _T:
        """What `check` says by the first of `policies(size)` that it holds by. Raises the first one's LedgerError."""
        errors = []
        for policy in self.policies(size):
            try:
                return check(policy)
            except LedgerError as error:
                errors.append(error)
        raise errors[0]

    def joint(self, *signed: tuple[int, Note]) -> Policy:
        """By which notes on trees of these sizes are judged together, with the witnesses and quorum of the largest.

        Raises PolicyError, and SignatureError for one that no key signed which was the log's at its size or later.
        """
        policy = self.policies(max(size for size, _ in signed))[0]
        for size, note in signed:
            logs = [log for one in self.policies(size) for log in one.logs]
            open_note(note, {log.key for log in logs})
            policy = replace(policy, logs=tuple({log.key: log for log in (*policy.logs, *logs)}.values()))
        return policy

    def check_steady(self, index: int, until: int) -> None:
        """Raises PolicyError unless the same witnesses and quorum were asked from the entry `index` to that time."""
        logged = [one.since for one in self._standing if one.time is not None]
        first = max(bisect_left(logged, index) - 1, 0)
        asked = {
            _asked(one.charter.policy)
            for place, one in enumerate(self._standing[first:])
            if place == 0 or one.time is None or one.time <= until + one.charter.bounds.clock_tolerance
        }
        if len(asked) > 1:
            raise PolicyError(
                "who must cosign was amended before the time was over, so those who cosigned late may never have been "
                "shown what was published in time"
            )

    def _least_time(self) -> int | None:
        """Journal time of the last of them that the log has: what only a file has came after it. None of none."""
        return next((one.time for one in reversed(self._standing) if one.time is not None), None)

    def _add(self, note: Note, since: int, time: int | None) -> Charter:
        if not self._standing and (found := parse_charter(note.text).digest()) != self.digest:
            raise PolicyError(f"the charter there is {digest_text(found)}, not {digest_text(self.digest)}")
        charter = check_charter(note, self.last, at=self._least_time() if time is None else time)
        self._standing.append(_Standing(charter, since, time))
        return charter


def same(policy: Policy, other: Policy) -> bool:
    """Whether they believe the same keys and ask for the same quorum, wherever who has them is reached."""
    return _asked(policy) == _asked(other) and {log.key for log in policy.logs} == {log.key for log in other.logs}


def _asked(policy: Policy) -> tuple[object, ...]:
    return frozenset((one.name, one.key) for one in policy.witnesses), frozenset(policy.groups), policy.quorum
