"""`plainview verify`: check a proof offline, believing nothing but the keys that are given.

Needs what plainview[verify] installs, and so neither Typer nor Rich.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from plainview.ledger import log_proofs, misbehaviour
from plainview.ledger.bundles import ENTRY_LIMIT
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.evidence import EVIDENCE_LIMIT
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.keys import parse_vkey
from plainview.ledger.log_proofs import PROOF_LIMIT, parse_log_proof
from plainview.ledger.misbehaviour import Kind, parse_misbehaviour
from plainview.ledger.policies import NO_QUORUM, Accepted, Log, Policy, Witnessed
from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
from plainview.ledger.spelling import shown

_HELP = """\
A .tlog-proof shows that an entry, which is to be given too, stands in a log that the policy believes. A
.tlog-misbehaviour shows that a log or its witnesses said what cannot be true together. Nothing is fetched.
"""
_CODES = """\
Exit code: 0 proven; 1 not proven, because a signature, a quorum or a hash does not hold; 2 not checked, because
something cannot be read.
"""


class _Unreadable(Exception):
    """A file or an argument that is not what it should be."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser("plainview verify", description=_HELP, epilog=_CODES, allow_abbrev=False)
    made.add_argument("file", type=Path, metavar="FILE", help="a .tlog-proof or .tlog-misbehaviour file")
    made.add_argument("--policy", type=Path, metavar="FILE", help="whose keys are believed, in C2SP tlog-policy")
    made.add_argument(
        "--log", action="append", default=[], metavar="VKEY", help="a log's key that is believed, beside the policy's"
    )
    made.add_argument("--entry", type=Path, metavar="FILE", help="the entry that is to be in the log, its exact bytes")
    return made


def verify(arguments: Sequence[str]) -> int:
    """Say what was proven and what was not, each in a sentence; the exit code. Usage errors raise SystemExit(2)."""
    options = parser().parse_args(arguments)
    try:
        policy = _policy(options.policy, options.log)
        data = _read(options.file, max(PROOF_LIMIT, EVIDENCE_LIMIT))
        match data.partition(b"\n")[0].decode("ascii", "replace"):
            case log_proofs.VERSION:
                proven, not_proven = _log_proof(data, policy, options.entry)
            case misbehaviour.VERSION:
                if options.entry:
                    raise _Unreadable("--entry belongs to a .tlog-proof; a proof of misbehaviour is of no entry")
                proven, not_proven = _misbehaviour(data, policy)
            case _:
                raise _Unreadable("neither a .tlog-proof nor a .tlog-misbehaviour by its first line")
    except FormatError as error:
        return _failed(f"error: {options.file}: {error}", 2)
    except _Unreadable as error:
        return _failed(f"error: {error}", 2)
    except LedgerError as error:
        return _failed(f"Not proven: {options.file}: {error}.", 1)
    print(f"Proven: {proven}.")
    print(f"Not proven: {not_proven}.")
    return 0


def _log_proof(data: bytes, policy: Policy, entry: Path | None) -> tuple[str, str]:
    if entry is None:
        raise _Unreadable("a .tlog-proof is of an entry: give its exact bytes as --entry FILE")
    proof = parse_log_proof(data)
    accepted = proof.verify(leaf_hash(_read(entry, ENTRY_LIMIT)), policy)
    head = accepted.checkpoint
    proven = (
        f"{entry} is entry {proof.index:,} of {head.size:,} in the log {shown(head.origin)}, whose root the log's key "
        f"signed, {_cosigned(accepted, policy)}"
    )
    not_proven = "that what the entry says is true, and that everybody is shown this same log"
    if policy.quorum != NO_QUORUM:
        not_proven += ", for which there is the word of those who cosigned"
    if proof.extra is not None:
        not_proven += "; the file's extra data, which nothing signs"
    return proven, not_proven


def _cosigned(accepted: Accepted, policy: Policy) -> str:
    if not accepted.witnessed:
        return "and no witness of the policy"
    times = ", ".join(f"{one.witness} ({_time(one)})" for one in accepted.witnessed)
    quorum = "" if policy.quorum == NO_QUORUM else f", which reaches the quorum {shown(policy.quorum)}"
    return f"and which was cosigned by {times}{quorum}"


def _misbehaviour(data: bytes, policy: Policy) -> tuple[str, str]:
    found = parse_misbehaviour(data).check(policy)
    match found.kind:
        case Kind.SPLIT | Kind.FORK:
            not_proven = "which of the two is the true history, or who it was that had the key"
        case Kind.ROLLBACK:
            not_proven = (
                "that the two trees differ in an entry that both have, or whether it was the clock that was wrong"
            )
    return found.sentence(), not_proven


def _policy(file: Path | None, vkeys: Sequence[str]) -> Policy:
    if file is None and not vkeys:
        raise _Unreadable("whose keys are believed? give --policy FILE, or --log VKEY")
    try:
        logs = tuple(Log(parse_vkey(vkey)) for vkey in vkeys)
        if file is None:
            return Policy(logs, (), (), NO_QUORUM)
        policy = parse_policy(_read(file, POLICY_LIMIT))
        return Policy(policy.logs + logs, policy.witnesses, policy.groups, policy.quorum)
    except FormatError as error:
        raise _Unreadable(f"{file or '--log'}: {error}") from error


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise _Unreadable(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise _Unreadable(f"{path}: more than {limit:,} bytes, which none of its kind has")
    return data


def _time(one: Witnessed) -> str:
    """When a witness says that it cosigned."""
    if not one.time:
        return "at a time it does not say"
    try:
        return datetime.fromtimestamp(one.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{one.time} s after 1970"


def _failed(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
