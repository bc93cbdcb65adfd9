"""Private records handed out to the partner's auditor, each time with a record of the access before."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from plainview.journal import Ack, Draft, Journal, JournalDamaged
from plainview.journal.frames import Frame, encode_frames
from plainview.ledger.access_requests import AccessRequest, parse_access_request
from plainview.ledger.charters import Charter
from plainview.ledger.errors import LedgerError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.spelling import moment, shown
from plainview.ledger.standing import Standing
from plainview.platform.faults import Fault
from plainview.records import Access, encode
from plainview.records.charter import NOTE
from plainview.records.fields import to_text

LIMIT = 4 * 2**20
"""Bytes of an answer at most, unless its first record has more: a request for more records is answered in parts."""


class RecordsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for records, signed."""

    note: str
    """The signed note, as text: `ledger.access_requests` says what stands in it."""


class Audit:
    """May be used from many threads."""

    def __init__(self, journal: Journal, standing: Callable[[], Standing], clock: Callable[[], int]) -> None:
        """`standing` gives the charter in force."""
        self._journal = journal
        self._standing = standing
        self._clock = clock

    def open(self, asked: RecordsRequest) -> bytes:
        """The records asked for, as `journal.frames` has them, once it is durably journaled that they were.

        What does not fit an answer is left out at its end. Raises Fault for what is no request and one that no party
        has signed, which leave no trace; and for one of a party that is refused, which is journaled, too. Raises
        JournalDamaged where the first record is.
        """
        request, by = self._read(asked.note)
        charter = self._standing().charter
        refusal = self._refusal(request, by, charter)
        if refusal is None:
            frames = self._frames(request)
            if self._journaled(request, by, request.first + len(frames), granted=True):
                return encode_frames(request.first, frames)
            refusal = Fault("repeated", "note: it was answered before; sign another, with a nonce of its own", "note")
        self._journaled(request, by, request.until, granted=False)
        raise refusal

    def _read(self, note: str) -> tuple[AccessRequest, VerifierKey]:
        """The request, and the party that signed it."""
        if len(note) > NOTE:
            raise Fault("malformed", f"note: {len(note):,} characters with its signature, at most {NOTE:,}", "note")
        charter = self._standing().charter
        try:
            parsed = parse_note(note.encode())
            request = parse_access_request(parsed.text)
            signed = verified_signatures(parsed, [party.key for party in charter.parties])
        except (LedgerError, UnicodeEncodeError) as error:
            raise Fault("malformed", f"note: {error}", "note") from error
        if len(parsed.signatures) > 1:
            raise Fault("malformed", "note: one auditor signs it, and nobody else: leave other signatures out", "note")
        if not signed:
            raise Fault("foreign_request", f"note: no party of charter {charter.number} has signed it", "note")
        return request, signed[0].key

    def _refusal(self, request: AccessRequest, by: VerifierKey, charter: Charter) -> Fault | None:
        now, tolerance = self._clock(), charter.bounds.clock_tolerance
        for party in charter.ended(max(now, self._journal.last_time)):
            if party.key == by:
                return Fault("foreign_request", f"note: {party.end_told()}, and it is given no records", "note")
        if by not in charter.keys_of("auditor"):
            told = f"note: {shown(by.name)} is no auditor of charter {charter.number}, and nobody else is given records"
            return Fault("foreign_request", told, "note")
        if request.log != charter.origin:
            return Fault("foreign_request", f"note: it is for the log {shown(request.log)}, not this one", "note")
        if abs(now - request.time) > tolerance:
            told = f"note: it was signed at {moment(request.time)}, and here it is {moment(now)}: more than {tolerance}"
            return Fault("stale", f"{told} ms apart; sign it anew, by a clock that is right", "note")
        if request.first >= (size := self._journal.size):
            return Fault("unknown_index", f"note: there is no record {request.first}: the journal has {size}", "note")
        return None

    def _frames(self, request: AccessRequest) -> list[bytes]:
        frames: list[bytes] = []
        left = LIMIT
        try:
            for entry in self._journal.read(request.first, request.until):
                frame = Frame(entry.kind, entry.salt, encode(entry.record)).encode()
                left -= len(frame)
                if frames and left < 0:
                    break
                frames.append(frame)
        except JournalDamaged:
            if not frames:
                raise
        return frames

    def _journaled(self, request: AccessRequest, by: VerifierKey, until: int, *, granted: bool) -> bool:
        """Write down what becomes of the request. False where the same was written down before."""
        access = Access(
            time=0,
            by=by.name,
            purpose="audit",
            first=request.first,
            until=until,
            request=to_text(request.digest()),
            granted=granted,
        )
        (outcome,) = self._journal.append([Draft(access)])
        if not isinstance(outcome, Ack):
            raise Fault("refused", outcome.reason)
        return outcome.fresh
