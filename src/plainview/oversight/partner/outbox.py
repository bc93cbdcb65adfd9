"""The partner's acts on their way: each is in the partner's log first, and must appear in the operator's.

While one is overdue the witness withholds its cosignature, so that whoever swallows an act publishes nothing any more.
Let through are a checkpoint that is proven to have it, or an act that was late for an innocent reason could never
appear; and one checkpoint where the operator takes nothing for now: it may have signed it before it went down, and
takes acts again only once that is cosigned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from plainview.http.asking import AskError, ask
from plainview.ledger.acts import parse_act
from plainview.ledger.charters import Charter
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.spelling import hash_from_base64, shown
from plainview.oversight.partner.opening import BUSY, Unanswered
from plainview.oversight.public_entries import public_record
from plainview.records.act import Act

ALLOWED = 5.0
"""Seconds from the first attempt to hand an act in until it must be in the operator's log."""
TIMEOUT = 5.0
"""Seconds for an answer to an act."""
PATH = "/v1/acts"
PROVING = 1.5
"""Seconds for a proof: whoever asks for a cosignature waits for two."""
_ANSWER = 1 << 16
_PROOF = 1 << 18


class Sent(NamedTuple):
    """What came of handing an act in."""

    record: int | None
    """Where the operator says that it is; None where it says no such thing."""
    decided: bool
    """Whether the operator decided on it, and not only that it takes nothing now."""
    told: str
    """What it said, for people."""


class Operator(Protocol):
    """The server that acts are handed in at."""

    def send(self, note: str) -> Sent:
        """Hand the note of an act in."""
        ...

    def proof(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        """The entry that is to be at an index, and what is to prove it in the tree of that size.

        None where the operator has none, or what it says is nothing. Raises Unanswered.
        """
        ...


class Swallowed(NamedTuple):
    """An act that the operator was given and its log has not."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Where the act is in the partner's log."""
    note: str
    told: str


class _Waiting(msgspec.Struct):
    """An act that is not in the operator's log yet."""

    index: int
    note: str
    kind: str
    since: float | None = None
    """When it was first handed in, by the clock."""
    claim: int | None = None
    """Where the operator says that it is, as long as that may be so."""
    lied: bool = False
    """Whether the operator said where it is, and it is not there."""
    proven: bool = False
    """Whether a checkpoint that may be cosigned was proven to have it: all later ones have it, too."""
    decided: bool = False
    """Whether the operator decided on it, and not only that it takes nothing now."""
    told: str = "it was not handed in yet"
    spared: int | None = None
    """The size of the one checkpoint that is let through while it takes nothing."""


class OperatorServer:
    """The `Operator` at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def send(self, note: str) -> Sent:
        """See `Operator.send`."""
        body = msgspec.json.encode({"note": note})
        try:
            answer = ask(self._url + PATH, _ANSWER, TIMEOUT, body, {"content-type": "application/json"})
        except AskError as error:
            return Sent(None, False, str(error))
        try:
            found = msgspec.json.decode(answer.data)
            index = found.get("index") if answer.status in (200, 422) else None
            said = str(found.get("reason") or found.get("message") or "")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
            index, said = None, answer.data[:100].decode("utf-8", "replace")
        if type(index) is not int or index < 0:
            index = None
        told = f"the operator answered {answer.status}" + (f" ({shown(said)})" if said else "")
        return Sent(index, index is not None or answer.status not in BUSY, told)

    def proof(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        """See `Operator.proof`. The operator waits for the witness meanwhile, and not long."""
        try:
            answer = ask(f"{self._url}{PATH}/{index}/proof?size={size}", _PROOF, PROVING)
        except AskError as error:
            raise Unanswered(str(error)) from error
        if answer.status in BUSY:
            raise Unanswered(f"it answers {answer.status}")
        try:
            found = msgspec.json.decode(answer.data, type=_Proof)
            return found.entry.encode(), tuple(hash_from_base64(one, "proof") for one in found.hashes)
        except (FormatError, msgspec.DecodeError, UnicodeError, RecursionError):
            return None


class _Proof(msgspec.Struct):
    entry: str
    hashes: list[str]


def check_act(data: bytes, charter: Charter) -> None:
    """Raises LedgerError unless an honest operator takes the act in this note: a party of the charter signed it, and
    nobody else did."""
    note = parse_note(data)
    act = parse_act(note.text)
    if act.log != charter.origin:
        raise FormatError(f"it is for the log {shown(act.log)}, and this is {shown(charter.origin)}")
    signed = verified_signatures(note, [party.key for party in charter.parties])
    if not signed or len({one.key for one in signed}) < len(note.signatures):
        raise FormatError(f"others than parties of charter {charter.number} have signed it, or one twice, or nobody")


class Outbox:
    """May be used from many threads. `clock` gives seconds that never go back."""

    def __init__(self, operator: Operator, clock: Callable[[], float]) -> None:
        self._operator = operator
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._known = 0
        """Entries of the partner's log that were looked at."""

    def look(self, entries: Iterable[bytes], taken: Callable[[str], bool], size: int, charter: Charter) -> list[str]:
        """Hold the partner's log against the operator's, which has `size` entries: what changed, in words.

        `taken` says whether that has the act of a note. What no party of `charter` has signed is given up: an honest
        operator would not take it any more.
        """
        said = []
        with self._lock:
            for index, entry in enumerate(entries):
                if index >= self._known:
                    self._known = index + 1
                    note = entry.decode()
                    self._waiting[index] = _Waiting(index, note, parse_act(parse_note(entry).text).kind)
            for one in list(self._waiting.values()):
                if taken(one.note):
                    del self._waiting[one.index]
                    said.append(f"act {one.index} ({one.kind}) is in the operator's log")
                elif one.claim is not None and size > one.claim:
                    self._disprove(one)
                    said.append(f"act {one.index} ({one.kind}): {one.told}")
                elif (left := _left(one, charter)) is not None:
                    del self._waiting[one.index]
                    said.append(f"act {one.index} ({one.kind}) is given up: {left}")
        return said

    def deliver(self) -> list[str]:
        """Hand in what the operator has not taken, as far as is known: what it said, where that is new."""
        said = []
        with self._lock:
            due = [one for one in self._waiting.values() if one.claim is None]
        for one in due:
            with self._lock:
                one.since = self._clock() if one.since is None else one.since
            sent = self._operator.send(one.note)
            with self._lock:
                if sent.told != one.told:
                    said.append(f"act {one.index} ({one.kind}) was handed in: {sent.told}")
                one.claim, one.decided, one.told = sent.record, sent.decided, sent.told
        return said

    def withheld(self, checkpoint: Checkpoint) -> str:
        """Why the operator's log may not grow to that now, for the witness; empty where it may."""
        with self._lock:
            overdue = [one for one in self._overdue() if not one.proven]
        for one in overdue:
            if self._proven(one, checkpoint):
                one.proven = True
            elif one.claim is None and not one.decided and one.spared in (None, checkpoint.size):
                one.spared = checkpoint.size
            else:
                assert one.since is not None
                # First what an operator shows of an answer, cut short.
                return (
                    f"the partner's act {one.index} ({one.kind}) is missing from this log: it was handed in "
                    f"{self._clock() - one.since:.0f} s ago ({one.told}), and nothing is cosigned that is not proven "
                    "to have it"
                )
        return ""

    def swallowed(self) -> list[Swallowed]:
        """Acts that are overdue although the operator decided on them, and not on their way by its word."""
        with self._lock:
            overdue = self._overdue()
            lost = [one for one in overdue if one.lied or (one.decided and one.claim is None)]
            return [Swallowed(one.index, one.note, one.told) for one in lost]

    @property
    def waiting(self) -> int:
        """Acts that the operator's log has not yet."""
        return len(self._waiting)

    def _proven(self, one: _Waiting, checkpoint: Checkpoint) -> bool:
        """Whether the act is in that tree, where the operator says that it is."""
        claim = one.claim
        if claim is None or checkpoint.size <= claim:
            return False
        try:
            found = self._operator.proof(claim, checkpoint.size)
        except Unanswered:
            return False
        try:
            if found is not None and public_record("act", Act, found[0]).note == one.note:
                verify_inclusion(leaf_hash(found[0]), claim, checkpoint.size, checkpoint.root, found[1])
                return True
        except LedgerError:
            pass
        self._disprove(one)
        return False

    def _disprove(self, one: _Waiting) -> None:
        """It is handed in again: who takes it now, took nothing before."""
        one.told = f"the operator said that it is record {one.claim}, and it is not"
        one.claim, one.lied = None, True

    def _overdue(self) -> list[_Waiting]:
        now = self._clock()
        return [one for one in self._waiting.values() if one.since is not None and now - one.since > ALLOWED]


def _left(one: _Waiting, charter: Charter) -> str | None:
    try:
        check_act(one.note.encode(), charter)
    except LedgerError as error:
        return str(error)
    return None
