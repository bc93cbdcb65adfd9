"""Proofs that a log or its witnesses said what cannot be true together, to be checked offline: `.tlog-misbehaviour`.

A file holds two signed checkpoints of one log. Three pairs contradict each other:

- a *split*: one size, two roots;
- a *fork*: the larger tree does not begin with the smaller. The hashes of RFC 6962's SUBPROOF, which lead to the larger
  tree's root and to no other, give the root that it had at the smaller size, and that is another than was signed;
- a *rollback*: somebody who signs with a time said at a later time that a smaller tree was the largest.
"""

from __future__ import annotations

import enum

import msgspec

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.consistency import prefix_roots
from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.evidence import check_hashes, encode_evidence, parse_evidence
from plainview.ledger.notes import Note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Policy
from plainview.ledger.spelling import printable, shown

SUFFIX = ".tlog-misbehaviour"
VERSION = "plainview/tlog-misbehaviour@v1"
"""The first line of a file."""


class Kind(enum.Enum):
    """How two checkpoints contradict each other."""

    SPLIT = "split"
    FORK = "fork"
    ROLLBACK = "rollback"


class Contradiction(msgspec.Struct, frozen=True):
    """What a proof proves."""

    kind: Kind
    smaller: Checkpoint
    larger: Checkpoint
    """Of a split, which size is the same, neither is."""
    log: bool
    """Whether the log contradicts itself."""
    witnesses: tuple[str, ...]
    """Those, by their names in the policy, who contradict themselves: who cosigned both, or rolled back."""

    def sentence(self) -> str:
        """What was proven, in words."""
        who = ["the log"] * self.log + [f"witness {printable(name)}" for name in self.witnesses]
        subject = " and ".join(who) if len(who) < 3 else f"{', '.join(who[:-1])} and {who[-1]}"
        origin, small, large = shown(self.smaller.origin), self.smaller.size, self.larger.size
        match self.kind:
            case Kind.SPLIT:
                return f"{subject} signed two different trees of {small:,} entries for {origin}"
            case Kind.FORK:
                return (
                    f"{subject} signed trees of {small:,} and of {large:,} entries for {origin}, and the larger "
                    "does not begin with the smaller"
                )
            case Kind.ROLLBACK:
                return (
                    f"{subject} signed {small:,} entries as all there were of {origin}, at a later time than "
                    f"{large:,} entries"
                )


class Misbehaviour(msgspec.Struct, frozen=True):
    """Two checkpoints and what shows that they contradict each other. Raises FormatError where no file holds it."""

    smaller: Note
    larger: Note
    hashes: tuple[bytes, ...] = ()
    """Of a fork, `consistency.prefix_proof` from the smaller size in the larger tree; else none."""

    def __post_init__(self) -> None:
        first, second = parse_checkpoint(self.smaller.text), parse_checkpoint(self.larger.text)
        if first.origin != second.origin:
            raise FormatError(
                f"misbehaviour: checkpoints of two logs, {shown(first.origin)} and {shown(second.origin)}"
            )
        if first.size > second.size:
            raise FormatError(f"misbehaviour: the larger checkpoint, {first.size}, stands before that of {second.size}")
        if self.hashes and not 0 < first.size < second.size:
            raise FormatError(f"misbehaviour: hashes, although none lead from {first.size} to {second.size}")
        check_hashes(self.hashes, "misbehaviour")

    def encode(self) -> bytes:
        """The file's one spelling."""
        return encode_evidence(VERSION, self.hashes, self.smaller, self.larger)

    def check(self, policy: Policy) -> Contradiction:
        """What these checkpoints prove to whoever believes the policy's keys to be the log's and its witnesses'.

        No quorum is asked for: what the log alone signed convicts it. Raises PolicyError for an unknown log,
        SignatureError where a checkpoint has no signature of the log or a bad one of a known key, ProofError where
        nothing contradicts.
        """
        origin = parse_checkpoint(self.smaller.text).origin
        keys = policy.keys_of(origin)
        smaller, signed_smaller = open_checkpoint(self.smaller, origin, keys)
        larger, signed_larger = open_checkpoint(self.larger, origin, keys)
        # By key for the log, which may have several, by name for witnesses; a cosignature's time, 0 for none.
        before = [(one.key.vkey(), one.time or 0) for one in signed_smaller]
        after = [(one.key.vkey(), one.time or 0) for one in signed_larger]
        seen_before = [(one.witness, one.time) for one in policy.witnessed(self.smaller)]
        seen_after = [(one.witness, one.time) for one in policy.witnessed(self.larger)]
        if smaller.size < larger.size and not self.hashes:
            log = bool(_rolled_back(before, after))
            witnesses = _rolled_back(seen_before, seen_after)
            if not log and not witnesses:
                raise ProofError(f"misbehaviour: {smaller.size} entries and then {larger.size} can both have been true")
            return Contradiction(Kind.ROLLBACK, smaller, larger, log, witnesses)
        both = tuple(sorted({name for name, _ in seen_before} & {name for name, _ in seen_after}))
        if smaller.size == larger.size:
            if smaller.root == larger.root:
                raise ProofError("misbehaviour: both checkpoints are of the same tree")
            return Contradiction(Kind.SPLIT, smaller, larger, True, both)
        old_root, new_root = prefix_roots(smaller.size, larger.size, self.hashes)
        if new_root != larger.root:
            raise ProofError(f"misbehaviour: the hashes do not lead to the root of {larger.size} entries")
        if old_root == smaller.root:
            raise ProofError(f"misbehaviour: the tree of {larger.size} entries does begin with that of {smaller.size}")
        return Contradiction(Kind.FORK, smaller, larger, True, both)


def parse_misbehaviour(data: bytes) -> Misbehaviour:
    """The proof whose file is `data`; else FormatError. `encode` gives the same bytes back."""
    return Misbehaviour(*parse_evidence(data, VERSION, "misbehaviour"))


def _rolled_back(smaller: list[tuple[str, int]], larger: list[tuple[str, int]]) -> tuple[str, ...]:
    """Who signed the smaller at a later second than the larger, of those who said when."""
    first: dict[str, int] = {}
    for who, time in larger:
        if time:
            first[who] = min(time, first.get(who, time))
    return tuple(sorted({who for who, time in smaller if time > first.get(who, time)}))
