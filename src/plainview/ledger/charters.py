"""Charters: who runs, owns and oversees a log, how many of each must sign, and the bounds that everything in it keeps.

A charter is the text of a signed note. Its first is record 0 of the journal, and its digest the trust anchor that is
handed over out of band; a later one amends it, signed by the quorum of the one before.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import msgspec

from plainview.ledger.errors import FormatError, PolicyError
from plainview.ledger.hashing import HASH_SIZE
from plainview.ledger.keys import VerifierKey, parse_vkey
from plainview.ledger.lines import Lines
from plainview.ledger.notes import NOTE_LIMIT, Note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.policies import Policy
from plainview.ledger.policy_files import encode_policy, parse_policy
from plainview.ledger.quorums import Asked, lacking, said
from plainview.ledger.schemes import ED25519
from plainview.ledger.scopes import MILLION
from plainview.ledger.spelling import (
    TIME_LIMIT,
    check_characters,
    check_hash,
    check_number,
    from_decimal,
    moment,
    shown,
)

ROLES = ("operator", "licensor", "partner", "builder", "auditor")
AGREEING = ROLES[:3]
"""The roles whose quorums bring a charter into force. Builders and auditors attest to releases and agree on nothing."""
LEAST = (1, 1, 1, 2, 1)
"""Fewest keys of each of ROLES, and its lowest quorum: builders check each other."""
TITLE = "plainview/charter/v1"
"""The first line of a charter."""
BOUND_LIMIT = 2**32 - 1
"""No bound is higher, so that a time and a bound added are a time."""
_FIRST = "none"
"""What stands for the charter before the first."""
_UNTIL = " until "
"""Before the end of a key, where it has one. No name of a key has a space."""


class Party(msgspec.Struct, frozen=True):
    """A key and whose it is."""

    role: str
    key: VerifierKey
    until: int | None = None
    """Unix milliseconds from which on nothing counts that it signed, whenever it did; None where it has no end."""

    def ended(self, at: int | None) -> bool:
        """Whether the key has ended at that journal time; None asks of no time."""
        return at is not None and self.until is not None and at >= self.until

    def end_told(self, *, soon: bool = False) -> str:
        """What is said of a key that has ended, or that will."""
        assert self.until is not None
        ends = "ends" if soon else "ended"
        return f"the key {shown(self.key.name)} of the {self.role} {ends} on {moment(self.until)}"


class Bounds(msgspec.Struct, frozen=True):
    """What everything in the journal keeps. Numbers from 0 to BOUND_LIMIT."""

    clock_tolerance: int = 5_000
    """Milliseconds that journal time may lie outside the witness times around it."""
    now_tolerance: int = 2_000
    """Milliseconds at most between a page's `now` and its append."""
    merge_delay: int = 5_000
    """Milliseconds at most from a record to the published checkpoint that has it."""
    replay_window: int = 30
    """Days for which a page can be re-run."""
    retention: int = 400
    """Days for which a viewer's events are kept, if they do not ask for less."""
    emergency_limit: int = 72 * 3_600_000
    """Milliseconds at most from the beginning to the end of an emergency."""
    emergency_share: int = 200_000
    """Millionths of the traffic at most that an emergency is for: a fifth shows what it does, and most are spared."""


class Charter(msgspec.Struct, frozen=True):
    """What the parties agreed on. Raises FormatError where that cannot be written or cannot hold."""

    number: int
    """0 for the first; each amendment counts one up."""
    previous: bytes | None
    """Digest of the charter that it amends; None for the first."""
    origin: str
    """The log's origin line, the name of its key."""
    parties: tuple[Party, ...]
    """By role in the order of ROLES. Nobody's key stands twice."""
    quorums: tuple[int, ...]
    """How many of each of ROLES must sign where the role is asked. Of builders, how many must attest the same."""
    bounds: Bounds
    baseline: bytes
    """Digest of the release that serves when no other may."""
    policy: Policy
    """The log's keys and no other log's, whom it asks to cosign, and who must have."""

    def __post_init__(self) -> None:
        check_number(self.number, "charter, number")
        if (self.number == 0) != (self.previous is None):
            raise FormatError("charter: the first, and only the first, amends none")
        if self.previous is not None:
            check_hash(self.previous, "charter, previous")
        check_hash(self.baseline, "charter, baseline")
        for name in Bounds.__struct_fields__:
            if not 0 <= (bound := getattr(self.bounds, name)) <= BOUND_LIMIT:
                raise FormatError(f"charter, {_line_name(name)}: {bound} is not from 0 to 2^32 - 1")
        if self.bounds.emergency_share > MILLION:
            raise FormatError(f"charter, emergency-share: {self.bounds.emergency_share} is more than all, {MILLION}")
        try:
            encode_policy(self.policy).decode()
        except UnicodeDecodeError:
            raise FormatError("charter: its policy is not UTF-8") from None
        self._check_parties()
        names = [log.key.name for log in self.policy.logs]
        if self.origin not in names:
            raise FormatError(f"charter: its policy names no log {shown(self.origin)}")
        if others := set(names) - {self.origin}:
            raise FormatError(f"charter: its policy names another log, {shown(min(others))}")

    def _check_parties(self) -> None:
        for party in self.parties:
            if party.role not in ROLES:
                raise FormatError(f"charter: {shown(party.role)} is none of {', '.join(ROLES)}")
        if [party.role for party in self.parties] != sorted((party.role for party in self.parties), key=_place):
            raise FormatError(f"charter: its parties do not stand in the order {', '.join(ROLES)}")
        if len(self.quorums) != len(ROLES):
            raise FormatError(f"charter: {len(self.quorums)} quorums for {len(ROLES)} roles")
        for role, least, quorum in zip(ROLES, LEAST, self.quorums, strict=True):
            keys = self.keys_of(role)
            if not least <= quorum <= len(keys):
                raise FormatError(
                    f"charter: {quorum} of {len(keys)} {role} keys; {least} to all of at least {least} can be asked"
                )
        seen: dict[bytes, str] = {}
        for what, key in self._all_keys():
            if key.public in seen:
                raise FormatError(f"charter: {what} and {seen[key.public]} share the key {shown(key.vkey())}")
            seen[key.public] = what
        for party in self.parties:
            if party.key.scheme is not ED25519:
                raise FormatError(f"charter: a {party.role}'s key signs with Ed25519 (0x01), not {party.key.code:#04x}")
            if party.until is not None and not 0 <= party.until <= TIME_LIMIT:
                raise FormatError(f"charter: a {party.role}'s key ends at {party.until}, which no calendar shows")

    def _all_keys(self) -> Iterator[tuple[str, VerifierKey]]:
        for party in self.parties:
            yield f"{party.role} {party.key.name}", party.key
        for log in self.policy.logs:
            yield f"log {log.key.name}", log.key
        for witness in self.policy.witnesses:
            yield f"witness {witness.name}", witness.key

    def keys_of(self, role: str, at: int | None = None) -> tuple[VerifierKey, ...]:
        """The keys of one of ROLES: those that have not ended at that journal time, or all."""
        return tuple(party.key for party in self.parties if party.role == role and not party.ended(at))

    def quorum_of(self, role: str, at: int | None = None) -> Asked:
        """As many keys of one of ROLES as its quorum, of those that have not ended then."""
        return Asked(role, self.keys_of(role, at), self.quorums[_place(role)])

    def ended(self, at: int | None) -> tuple[Party, ...]:
        """The parties whose key has ended at that journal time; none where None asks of no time."""
        return tuple(party for party in self.parties if party.ended(at))

    def text(self) -> str:
        """The one text of this charter."""
        lines = [
            TITLE,
            f"number {self.number}",
            f"previous {_FIRST if self.previous is None else digest_text(self.previous)}",
            f"origin {self.origin}",
            *(f"party {party.role} {party.key.vkey()}{_end_of(party)}" for party in self.parties),
            *(f"quorum {role} {quorum}" for role, quorum in zip(ROLES, self.quorums, strict=True)),
            *(f"{_line_name(name)} {getattr(self.bounds, name)}" for name in Bounds.__struct_fields__),
            f"baseline {digest_text(self.baseline)}",
            "policy",
        ]
        return "".join(f"{line}\n" for line in lines) + encode_policy(self.policy).decode()

    def digest(self) -> bytes:
        """SHA-256 of the text: what is handed over out of band, and what an amendment names."""
        return hashlib.sha256(self.text().encode()).digest()


def digest_text(digest: bytes) -> str:
    """A digest as releases and records have it: 43 characters of base64url."""
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def parse_digest(text: str, what: str) -> bytes:
    """The digest whose `digest_text` this is; else FormatError."""
    try:
        digest = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except ValueError:
        digest = b""
    if len(digest) != HASH_SIZE or digest_text(digest) != text:
        raise FormatError(f"{what}: {shown(text)} is no digest in 43 characters of base64url")
    return digest


def parse_charter(text: str) -> Charter:
    """The charter whose `text` this is; else FormatError, which names the line."""
    if len(text) > NOTE_LIMIT:
        raise FormatError(f"charter: {len(text)} characters, at most {NOTE_LIMIT} are read")
    check_characters(text, "charter")
    head, policy_line, policy = text.partition("\npolicy\n")
    if not policy_line:
        raise FormatError("charter: no line `policy`, with a policy file after it")
    lines = Lines(head, "charter")
    lines.take_whole(TITLE)
    number = lines.take_number("number")
    previous = lines.take("previous")
    origin = lines.take("origin")
    parties = []
    while lines.next_is("party"):
        role, _, rest = lines.take("party").partition(" ")
        if role not in ROLES:
            raise FormatError(f"{lines.where}: {shown(role)} is none of {', '.join(ROLES)}")
        vkey, ends, until = rest.partition(_UNTIL)
        parties.append(Party(role, parse_vkey(vkey), from_decimal(until, lines.where) if ends else None))
    quorums = tuple(lines.take_number(f"quorum {role}") for role in ROLES)
    bounds = Bounds(*(lines.take_number(_line_name(name)) for name in Bounds.__struct_fields__))
    baseline = parse_digest(lines.take("baseline"), lines.where)
    lines.end("`policy`")
    charter = Charter(
        number,
        None if previous == _FIRST else parse_digest(previous, "charter, previous"),
        origin,
        tuple(parties),
        quorums,
        bounds,
        baseline,
        parse_policy(policy.encode()),
    )
    if charter.text() != text:
        raise FormatError("charter: its policy has comments, spaces or an order that the one spelling has not")
    return charter


def missing(note: Note, charter: Charter, previous: Charter | None = None, *, at: int | None) -> list[Asked]:
    """What `note` still needs to bring `charter` into force after `previous`, None before the first.

    Signed by the quorum of each of AGREEING of the charter before, of its own where it is the first; and by every key
    that is new, so that nobody is made a party with a key that is not theirs. A key that has ended at the journal time
    `at` counts for nothing, is no party of what comes into force then, and comes back only as a new one. Without a
    time, where only a file has it, ends are not asked for.

    Raises SignatureError where a known key's signature does not verify, PolicyError where it does not follow on
    `previous` and where a key of it has ended.
    """
    _check_follows(charter, previous)
    if ended := charter.ended(at):
        told = "; ".join(party.end_told() for party in ended)
        raise PolicyError(f"charter {charter.number}: {told}: renew it or leave it out")
    parties = {party.key for party in charter.parties}
    deciding = charter if previous is None else previous
    signed = {one.key for one in verified_signatures(note, {party.key for party in deciding.parties} | parties)}
    asked = [deciding.quorum_of(role, at) for role in AGREEING]
    if previous is not None:
        new = parties - {party.key for party in previous.parties if not party.ended(at)}
        asked.append(Asked("new keys", tuple(sorted(new, key=VerifierKey.vkey)), len(new)))
    return lacking(asked, signed)


def check_charter(note: Note, previous: Charter | None = None, *, at: int | None) -> Charter:
    """The charter in `note`, if it is in force after `previous`, journaled at the time `at` as `missing` has it.

    Raises FormatError, and what `missing` raises; PolicyError where signatures are missing.
    """
    charter = parse_charter(note.text)
    if left := missing(note, charter, previous, at=at):
        told = said(left, () if previous is None else ends_told(note, previous, at))
        raise PolicyError(f"charter {charter.number}: signatures are missing: {told}")
    return charter


def ends_told(note: Note, charter: Charter, at: int | None) -> list[str]:
    """Which signatures of the charter's parties on the note do not count, since their keys have ended, in words."""
    signed = {(signature.name, signature.key_id) for signature in note.signatures}
    return [party.end_told() for party in charter.ended(at) if (party.key.name, party.key.key_id) in signed]


def _check_follows(charter: Charter, previous: Charter | None) -> None:
    if previous is None:
        if charter.number:
            raise PolicyError(f"charter {charter.number}: it amends another, which is not given")
        return
    if charter == previous:
        raise PolicyError(f"charter {charter.number}: it is in force already")
    if charter.number != previous.number + 1 or charter.previous != previous.digest():
        raise PolicyError(f"charter {charter.number}: it does not amend charter {previous.number} as that stands")
    if charter.origin != previous.origin:
        raise PolicyError(f"charter {charter.number}: another origin is another log, and no amendment")


def _end_of(party: Party) -> str:
    return "" if party.until is None else f"{_UNTIL}{party.until}"


def _line_name(field: str) -> str:
    return field.replace("_", "-")


def _place(role: str) -> int:
    return ROLES.index(role)
