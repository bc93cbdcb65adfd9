"""What a file proves, and what it does not: for each kind that is checked offline, two sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from plainview.ledger.broken_promises import Kind as Broken
from plainview.ledger.broken_promises import parse_broken_promise
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import ProofError
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.misbehaviour import Kind, parse_misbehaviour
from plainview.ledger.notes import Note
from plainview.ledger.policies import NO_QUORUM, Accepted, Policy
from plainview.ledger.promises import Promise
from plainview.ledger.spelling import printable, shown
from plainview.oversight.charters import Charters

if TYPE_CHECKING:
    from plainview.oversight.receipts import Receipt

T = TypeVar("T")


class Verdict(NamedTuple):
    """Two sentences, without full stops."""

    proven: str
    not_proven: str
    shown: bool = True
    """Whether what a finding accuses follows from its file; else its records are in the log, and that is all."""


Trust = Policy | Charters
"""Whose keys are believed."""


class Claimed(NamedTuple):
    """An entry that is to be in a log, by where it comes from."""

    name: str
    leaf: bytes
    """Its hash."""
    promise: Promise | None = None
    """That it is in a log at an index; None where only the proof says."""


def claimed_page(name: str, receipt: Receipt, trust: Trust) -> Claimed:
    """The entry of a page whose receipt holds. Raises LedgerError where it does not."""
    promise = _judged(trust, receipt.index, receipt.check)
    return Claimed(f"the page in {name}", promise.leaf, promise)


def receipt_verdict(name: str, receipt: Receipt, trust: Trust) -> Verdict:
    """Of an answer with a page's receipt. Raises LedgerError."""
    promise = _judged(trust, receipt.index, receipt.check)
    return Verdict(
        f"the log {shown(promise.origin)} promised to have the page in {name} as its entry {promise.index:,} by "
        f"{moment(promise.deadline)}",
        f"that it has it, which its .tlog-proof shows (GET /v1/pages/{promise.index}/proof); that what the page's "
        f"record says is true, and that {name} says the same beside its receipt",
    )


def log_proof_verdict(data: bytes, trust: Trust, claimed: Claimed) -> Verdict:
    """Of a `.tlog-proof` and the entry it is of. Raises LedgerError."""
    proof = parse_log_proof(data)
    head = parse_checkpoint(proof.checkpoint.text)
    if (promise := claimed.promise) and (promise.origin, promise.index) != (head.origin, proof.index):
        raise ProofError(
            f"a proof of entry {proof.index} of {shown(head.origin)}, and {claimed.name} is entry {promise.index} of "
            f"{shown(promise.origin)}"
        )
    accepted, policy = _judged(trust, head.size, lambda policy: (proof.verify(claimed.leaf, policy), policy))
    proven = (
        f"{claimed.name} is entry {proof.index:,} of {head.size:,} in the log {shown(head.origin)}, whose root the "
        f"log's key signed, {_cosigned(accepted, policy)}"
    )
    not_proven = "that what the entry says is true, and that everybody is shown this same log"
    if policy.quorum != NO_QUORUM:
        not_proven += ", for which there is the word of those who cosigned"
    if proof.extra is not None:
        not_proven += "; the file's extra data, which nothing signs"
    return Verdict(proven, not_proven)


def misbehaviour_verdict(data: bytes, trust: Trust) -> Verdict:
    """Of a `.tlog-misbehaviour`. Raises LedgerError."""
    proof = parse_misbehaviour(data)
    found = proof.check(_joint(trust, proof.smaller, proof.larger))
    match found.kind:
        case Kind.SPLIT | Kind.FORK:
            not_proven = "which of the two is the true history, or who it was that had the key"
        case Kind.ROLLBACK:
            not_proven = (
                "that the two trees differ in an entry that both have, or whether it was the clock that was wrong"
            )
    return Verdict(found.sentence(), not_proven)


def broken_promise_verdict(data: bytes, trust: Trust) -> Verdict:
    """Of a `.tlog-broken-promise`. Raises LedgerError."""
    proof = parse_broken_promise(data)
    policy = _joint(trust, proof.promise, proof.against)
    found = proof.check(policy)
    if found.kind is Broken.LATE and isinstance(trust, Charters):
        trust.check_steady(found.promise.index, found.promise.deadline)
    match found.kind:
        case Broken.OTHER:
            not_proven = "what the promised entry was, or who it was that had the key"
        case Broken.TWICE:
            not_proven = "which of the two it keeps, if any, or who it was that had the key"
        case Broken.LATE:
            least = policy.overlap()
            not_proven = (
                f"whose fault it was; nor anything, if {least} of those who cosigned late said what was not true or "
                "had a clock that was ahead, or if the log publishes with fewer witnesses than this policy asks for"
            )
    return Verdict(found.sentence(), not_proven)


def finding_verdict(data: bytes, trust: Trust) -> Verdict:
    """Of a `.plainview-finding`, whose own charters are taken up. Raises LedgerError."""
    from plainview.oversight.findings import NOT_PROVEN, check_finding, parse_finding, take_charters
    from plainview.oversight.judging import judge

    finding = parse_finding(data)
    if isinstance(trust, Charters):
        take_charters(finding, trust)
    size = parse_checkpoint(finding.checkpoint.partition("\n\n")[0] + "\n").size
    proven, policy = _judged(trust, size, lambda policy: (check_finding(finding, policy), policy))
    head = proven.accepted.checkpoint
    listed = ", ".join(f"{one.index:,}" for one in finding.records)
    judged = judge(finding.index, proven.records, proven.kinds)
    said = (
        f"{'' if judged else 'only that '}records {listed} are what the file says, in the tree of {head.size:,} "
        f"entries of the log {shown(head.origin)}, whose root the log's key signed, "
        f"{_cosigned(proven.accepted, policy)}"
    )
    if judged:
        said += f"; record {finding.index:,} breaks what it must keep: {'; '.join(judged)}"
    found = f"what {'else of this ' if judged else ''}was found: {finding.sentence()}"
    return Verdict(said, f"{found}. {NOT_PROVEN[finding.what].format(finding=finding)}", bool(judged))


def _judged(trust: Trust, size: int, check: Callable[[Policy], T]) -> T:
    """What `check` says by the policy that goes with the size of a tree, or the index promised. Raises LedgerError."""
    return trust.judged(size, check) if isinstance(trust, Charters) else check(trust)


def _joint(trust: Trust, *signed: Note) -> Policy:
    """By which checkpoints and promises are judged together."""
    return trust.joint(*((_size(note), note) for note in signed)) if isinstance(trust, Charters) else trust


def _size(note: Note) -> int:
    """Of a checkpoint's tree, or the index that is promised: a checkpoint's second line is a number."""
    _, second, third, *_ = note.text.split("\n")
    return int(second if second.isdecimal() else third)


def _cosigned(accepted: Accepted, policy: Policy) -> str:
    if not accepted.witnessed:
        return "and no witness of the policy"
    times = ", ".join(
        f"{printable(one.witness)} ({moment(one.time * 1000) if one.time else 'at a time it does not say'})"
        for one in accepted.witnessed
    )
    quorum = "" if policy.quorum == NO_QUORUM else f", which reaches the quorum {shown(policy.quorum)}"
    return f"and which was cosigned by {times}{quorum}"


def moment(milliseconds: int) -> str:
    """A time as it is written, in UTC; one that no calendar has, as a number."""
    seconds, rest = divmod(milliseconds, 1000)
    try:
        written = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms after 1970"
    return f"{written}.{rest:03} UTC" if rest else f"{written} UTC"
