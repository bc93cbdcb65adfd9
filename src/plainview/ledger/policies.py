"""Trust policies (C2SP tlog-policy): which logs are believed, and whose cosignatures make a quorum.

How a policy is written in a file: `policy_files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.errors import FormatError, PolicyError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.opening import Verified, open_checkpoint, verified_signatures
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from plainview.ledger.spelling import shown

NO_QUORUM = "none"
"""The quorum that asks for no cosignature. Neither a witness nor a group may have this name."""
LOG_CODES = (ED25519.code, ML_DSA_44_COSIGNATURE.code)
WITNESS_CODES = (ED25519_COSIGNATURE.code, ML_DSA_44_COSIGNATURE.code)

FORBIDDEN_BYTE = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
"""What no line of a policy file has."""


class Log(msgspec.Struct, frozen=True):
    """A log that is believed. Its key's name is its origin."""

    key: VerifierKey
    url: str | None = None


class Witness(msgspec.Struct, frozen=True):
    """A cosigner, by its name in this policy. Bytes that are not UTF-8 stand in `name` and `url` as surrogates."""

    name: str
    key: VerifierKey
    url: str | None = None


class Group(msgspec.Struct, frozen=True):
    """Cosigns when at least `threshold` of its members, witnesses or groups before it, do."""

    name: str
    threshold: int
    members: tuple[str, ...]


class Quorum(msgspec.Struct, frozen=True):
    """The witness or group that must cosign, or NO_QUORUM."""

    name: str


Definition = Log | Witness | Group | Quorum


class Witnessed(msgspec.Struct, frozen=True):
    """A cosignature that holds."""

    witness: str
    time: int
    """Unix seconds, as the witness says; 0 where it says nothing of time (ML-DSA-44 alone may)."""


class Accepted(msgspec.Struct, frozen=True):
    """A checkpoint that a policy accepts, and why."""

    checkpoint: Checkpoint
    log: tuple[Verified, ...]
    """The log's own signatures."""
    witnessed: tuple[Witnessed, ...]


class Policy(msgspec.Struct, frozen=True):
    """What a policy file says. Raises FormatError where a file could not say it."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    """Each after the groups it names."""
    quorum: str

    def __post_init__(self) -> None:
        check_definitions(self.definitions())

    def definitions(self) -> Iterator[tuple[str, Definition]]:
        """Everything it says, in an order a file may have, each with a name for it in messages."""
        for log in self.logs:
            yield f"policy, log {shown(log.key.name)}", log
        for witness in self.witnesses:
            yield f"policy, witness {shown(witness.name)}", witness
        for group in self.groups:
            yield f"policy, group {shown(group.name)}", group
        yield "policy, quorum", Quorum(self.quorum)

    def check(self, note: Note, logs: Sequence[VerifierKey] = ()) -> Accepted:
        """The checkpoint in `note`, if this policy accepts it. `logs` are keys believed beside the policy's own.

        Raises FormatError if the note is no checkpoint; PolicyError for an unknown origin and a quorum not reached;
        SignatureError where no key of the log signed, or a signature of a known log or witness does not verify.
        """
        origin = parse_checkpoint(note.text).origin
        checkpoint, signed = open_checkpoint(note, origin, self.keys_of(origin, logs))
        witnessed = self.witnessed(note)
        if not self.reaches_quorum(one.witness for one in witnessed):
            given = ", ".join(sorted({shown(one.witness) for one in witnessed})) or "none"
            raise PolicyError(
                f"checkpoint {checkpoint.size} of {shown(origin)}: quorum {shown(self.quorum)} not reached; "
                f"cosigned by: {given}"
            )
        return Accepted(checkpoint, signed, witnessed)

    def keys_of(self, origin: str, logs: Sequence[VerifierKey] = ()) -> list[VerifierKey]:
        """The keys, of the policy's own and of `logs`, that are the log's. PolicyError if there is none."""
        keys = [key for key in (*(log.key for log in self.logs), *logs) if key.name == origin]
        if not keys:
            raise PolicyError(f"checkpoint of {shown(origin)}: the policy knows no log of this name")
        return keys

    def witnessed(self, note: Note) -> tuple[Witnessed, ...]:
        """Its witnesses' cosignatures on the note. SignatureError where one does not verify."""
        names = {witness.key: witness.name for witness in self.witnesses}
        return tuple(Witnessed(names[one.key], one.time or 0) for one in verified_signatures(note, names))

    def reaches_quorum(self, witnesses: Iterable[str]) -> bool:
        """Whether cosignatures of these witnesses, by their names here, are enough."""
        met = {NO_QUORUM, *witnesses}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def fewest(self) -> int:
        """How many witnesses the smallest of its quorums has; 0 where none need cosign."""
        least = {NO_QUORUM: 0, **{witness.name: 1 for witness in self.witnesses}}
        for group in self.groups:
            least[group.name] = sum(sorted(least[member] for member in group.members)[: group.threshold])
        return least[self.quorum]

    def overlap(self) -> int:
        """The fewest witnesses that any two of its quorums share; 0 where two of them need not share any.

        Exact, since nobody is a member of two groups: of k out of n members, two quorums have 2k - n in common.
        """
        least = {NO_QUORUM: 0, **{witness.name: 1 for witness in self.witnesses}}
        for group in self.groups:
            common = max(2 * group.threshold - len(group.members), 0)
            least[group.name] = sum(sorted(least[member] for member in group.members)[:common])
        return least[self.quorum]


def check_definitions(definitions: Iterable[tuple[str, Definition]]) -> None:
    """Raises FormatError unless a file may hold these definitions in this order."""
    logs: list[VerifierKey] = []
    witnesses: list[VerifierKey] = []
    names = {NO_QUORUM}
    members: set[str] = set()
    quorums = 0
    for where, definition in definitions:
        match definition:
            case Log(key, url):
                _check_key(key, logs, LOG_CODES, f"{where}: a log's key")
                _check_word(key.name, where)
                _check_word(url or "-", where)
            case Witness(name, key, url):
                _check_key(key, witnesses, WITNESS_CODES, f"{where}: a witness's key")
                _check_word(key.name, where)
                _check_word(url or "-", where)
                _define(name, names, where)
            case Group(name, threshold, listed):
                if not 1 <= threshold <= len(listed):
                    raise FormatError(
                        f"{where}: {threshold} of {len(listed)} members; 1 to all of at least one can be asked"
                    )
                for member in listed:
                    if member == NO_QUORUM or member not in names:
                        raise FormatError(f"{where}: member {shown(member)} is not defined on a line before")
                    if member in members:
                        raise FormatError(f"{where}: {shown(member)} is a member of a group already")
                    members.add(member)
                _define(name, names, where)
            case Quorum(name):
                quorums += 1
                if name not in names:
                    raise FormatError(f"{where}: quorum {shown(name)} is not defined on a line before")
                if quorums > 1:
                    raise FormatError(f"{where}: a second quorum")
    if not quorums:
        raise FormatError("policy: no quorum line; `quorum none` asks for no cosignatures")


def _check_key(key: VerifierKey, known: list[VerifierKey], codes: tuple[int, ...], what: str) -> None:
    if key.code not in codes:
        allowed = " or ".join(f"{code:#04x}" for code in codes)
        raise FormatError(f"{what} has signature type {allowed}, not {key.code:#04x} ({key.scheme.title})")
    for other in known:
        if key.public == other.public or (key.name, key.key_id) == (other.name, other.key_id):
            raise FormatError(f"{what} is there already, as {shown(other.vkey())}")
    known.append(key)


def _define(name: str, names: set[str], where: str) -> None:
    _check_word(name, where)
    if name in names:
        raise FormatError(f"{where}: the name {shown(name)} is taken")
    names.add(name)


def _check_word(word: str, where: str) -> None:
    """Raises FormatError unless `word` can stand on a line as one word."""
    try:
        data = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = b""
    if not data or b" " in data or b"\t" in data or b"\n" in data or FORBIDDEN_BYTE.search(data):
        raise FormatError(f"{where}: {shown(word)} is not one word without control characters")
