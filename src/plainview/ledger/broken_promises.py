"""Proofs that a log broke a promise, to be checked offline: `.tlog-broken-promise`.

A file holds the promise and what stands against it, both signed by the log. That is one of:

- *other*: a checkpoint with the promised index, where another leaf stands. That leaf's hash and its inclusion proof
  show it;
- *late*: a checkpoint without the promised index that a quorum cosigned after the deadline;
- *twice*: another promise, of another leaf at the same index.
"""

from __future__ import annotations

import enum

import msgspec

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.errors import FormatError, PolicyError, ProofError
from plainview.ledger.evidence import check_hashes, encode_evidence, parse_evidence
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.notes import Note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Policy, Witnessed
from plainview.ledger.promises import Promise, open_promise, parse_promise
from plainview.ledger.spelling import printable, shown

SUFFIX = ".tlog-broken-promise"
VERSION = "plainview/tlog-broken-promise@v1"
"""The first line of a file."""


class Kind(enum.Enum):
    """How a promise is broken."""

    OTHER = "other"
    LATE = "late"
    TWICE = "twice"


class Breach(msgspec.Struct, frozen=True):
    """What a proof proves of the log."""

    kind: Kind
    promise: Promise
    against: Checkpoint | Promise
    late: tuple[Witnessed, ...] = ()
    """Of a late one: who cosigned after the deadline, a quorum."""

    def sentence(self) -> str:
        """What was proven, in words."""
        broken = f"the log broke its promise of entry {self.promise.index:,} of {shown(self.promise.origin)}"
        if isinstance(self.against, Promise):
            return f"{broken}: it promised two different ones, of which only one can stand there"
        size = self.against.size
        if self.kind is Kind.OTHER:
            return f"{broken}: in the tree of {size:,} entries that it signed, another stands there"
        after = min(one.time for one in self.late) * 1000 - self.promise.deadline
        who = ", ".join(dict.fromkeys(printable(one.witness) for one in self.late))
        return (
            f"{broken}: {after:,} ms after its deadline, and later, its {size:,} entries were cosigned as all there "
            f"were by {who}"
        )


class BrokenPromise(msgspec.Struct, frozen=True):
    """A promise and what shows that it is broken. Raises FormatError where no file holds it."""

    promise: Note
    against: Note
    """A checkpoint, or another promise of the same index."""
    hashes: tuple[bytes, ...] = ()
    """Where a checkpoint has the promised index: the hash of the leaf there and its inclusion proof; else none."""

    def __post_init__(self) -> None:
        promise, against = parse_promise(self.promise.text), _parse_against(self.against.text)
        if promise.origin != against.origin:
            raise FormatError(f"broken promise: of two logs, {shown(promise.origin)} and {shown(against.origin)}")
        if isinstance(against, Promise):
            if against.index != promise.index or self.hashes:
                raise FormatError(
                    f"broken promise: two promises, of entries {promise.index} and {against.index}, and "
                    f"{len(self.hashes)} hashes: of one entry they must be, and hashes are not needed"
                )
        elif bool(self.hashes) != (against.size > promise.index):
            raise FormatError(
                f"broken promise: {len(self.hashes)} hashes, for entry {promise.index} of {against.size}: the leaf "
                "there and its proof are needed where the entry is, and none where it is not"
            )
        check_hashes(self.hashes, "broken promise")

    def encode(self) -> bytes:
        """The file's one spelling."""
        return encode_evidence(VERSION, self.hashes, self.promise, self.against)

    def check(self, policy: Policy) -> Breach:
        """What this proves to whoever believes the policy's keys to be the log's and its witnesses'.

        Another leaf, in a tree or promised, needs the log's key alone. Lateness needs witnesses: an old checkpoint can
        be handed to one that lags behind at any time, and only where any two quorums share a witness did one of those
        who cosigned late know the larger tree, if there was one in time. Raises PolicyError for an unknown log, for a
        quorum not reached late and for quorums that need share nobody; SignatureError where either note has no
        signature of the log or a bad one of a known key; ProofError where the promise was kept or the hashes lead
        nowhere.
        """
        origin = parse_promise(self.promise.text).origin
        keys = policy.keys_of(origin)
        promise = open_promise(self.promise, origin, keys)
        if isinstance(_parse_against(self.against.text), Promise):
            second = open_promise(self.against, origin, keys)
            if second.leaf == promise.leaf:
                raise ProofError(f"broken promise: both promise the same entry {promise.index}")
            return Breach(Kind.TWICE, promise, second)
        checkpoint, _ = open_checkpoint(self.against, origin, keys)
        if self.hashes:
            leaf, *path = self.hashes
            verify_inclusion(leaf, promise.index, checkpoint.size, checkpoint.root, path)
            if leaf == promise.leaf:
                raise ProofError(f"broken promise: entry {promise.index} of {checkpoint.size} is the one promised")
            return Breach(Kind.OTHER, promise, checkpoint)
        if not policy.overlap():
            raise PolicyError(
                f"broken promise: two sets of witnesses that reach the quorum {shown(policy.quorum)} need not share "
                "one, so those who cosigned late may never have been shown what was published in time"
            )
        # Whole seconds, cut off: a cosignature was made in that second or later. 0 says nothing of time.
        late = tuple(one for one in policy.witnessed(self.against) if one.time * 1000 > promise.deadline)
        if not policy.reaches_quorum(one.witness for one in late):
            who = ", ".join(sorted({shown(one.witness) for one in late})) or "nobody"
            raise PolicyError(
                f"broken promise: cosigned after the deadline by: {who}; the quorum {shown(policy.quorum)} is not "
                "reached"
            )
        return Breach(Kind.LATE, promise, checkpoint, late)


def _parse_against(text: str) -> Checkpoint | Promise:
    """No text is both: a checkpoint's second line is a number, and a promise's, an origin, is none."""
    return parse_checkpoint(text) if text.split("\n")[1].isdecimal() else parse_promise(text)


def parse_broken_promise(data: bytes) -> BrokenPromise:
    """The proof whose file is `data`; else FormatError. `encode` gives the same bytes back."""
    return BrokenPromise(*parse_evidence(data, VERSION, "broken promise"))
