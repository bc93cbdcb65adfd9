"""`plainview verify`: check a proof offline, believing nothing but the keys that are given.

Needs what plainview[verify] installs, and so neither Typer nor Rich.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.cli.verdicts import (
    Claimed,
    Verdict,
    broken_promise_verdict,
    claimed_page,
    log_proof_verdict,
    misbehaviour_verdict,
    receipt_verdict,
)
from plainview.ledger import broken_promises, log_proofs, misbehaviour
from plainview.ledger.bundles import ENTRY_LIMIT
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.keys import parse_vkey
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
from plainview.ledger.spelling import printable

if TYPE_CHECKING:
    from plainview.oversight.receipts import Receipt

FILE_LIMIT = 1 << 23
"""Bytes that are read of a file at most. No kind's own limit is higher."""

_HELP = """\
An answer with a page's receipt shows what the log promised. A .tlog-proof shows that an entry, which is to be given
too, stands in a log that the policy believes. A .tlog-misbehaviour shows that a log or its witnesses said what cannot
be true together, a .tlog-broken-promise that a log broke its promise. Nothing is fetched.
"""
_CODES = """\
Exit code: 0 proven, of a directory all that is known in it; 1 not proven, because a signature, a quorum or a hash does
not hold; 2 not checked, because something cannot be read, or the program failed; 130 interrupted.
"""


class Unreadable(Exception):
    """A file or an argument that is not what it should be."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser("plainview verify", description=_HELP, epilog=_CODES, allow_abbrev=False)
    made.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="an answer of /v1/feed or /v1/pages/INDEX, or its receipt, as JSON; a .tlog-proof, .tlog-misbehaviour or "
        ".tlog-broken-promise file; or a directory of these, in which a mirror's copy of a log may be too",
    )
    made.add_argument("--policy", type=Path, metavar="FILE", help="whose keys are believed, in C2SP tlog-policy")
    made.add_argument(
        "--log", action="append", default=[], metavar="VKEY", help="a log's key that is believed, beside the policy's"
    )
    which = made.add_mutually_exclusive_group()
    which.add_argument("--entry", type=Path, metavar="FILE", help="the entry that is to be in the log, its exact bytes")
    which.add_argument("--receipt", type=Path, metavar="FILE", help="the answer with the page that is to be in the log")
    return made


def verify(arguments: Sequence[str]) -> int:
    """Say what was proven and what was not, each in a sentence; the exit code. Usage errors raise SystemExit(2)."""
    options = parser().parse_args(arguments)
    reading = options.file
    try:
        policy = _policy(options.policy, options.log)
        if options.file.is_dir():
            from plainview.cli.verify_directory import verify_directory

            if options.entry or options.receipt:
                raise Unreadable(
                    f"{options.file}: is a directory, whose receipts are looked for in it: leave --entry and "
                    "--receipt out"
                )
            return verify_directory(options.file, policy, options.policy)
        data = read(options.file, FILE_LIMIT)
        claimed = None
        if options.entry:
            claimed = Claimed(printable(str(options.entry)), read(options.entry, ENTRY_LIMIT))
        elif options.receipt:
            reading = options.receipt
            claimed = claimed_page(printable(str(reading)), parsed_receipt(read(reading, FILE_LIMIT)), policy)
            reading = options.file
        found = verdict(printable(str(options.file)), data, policy, claimed)
    except FormatError as error:
        return _failed(f"error: {printable(str(reading))}: {error}", 2)
    except Unreadable as error:
        return _failed(f"error: {error}", 2)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except LedgerError as error:
        return _failed(f"Not proven: {printable(str(reading))}: {error}.", 1)
    print(f"Proven: {found.proven}.")
    print(f"Not proven: {found.not_proven}.")
    return 0


def verdict(name: str, data: bytes, policy: Policy, claimed: Claimed | None) -> Verdict:
    """What the file `data` proves; its kind is told from how it begins. `claimed` is what a `.tlog-proof` is of.

    Raises LedgerError where it does not hold, Unreadable for what is no file of those kinds or does not go with it.
    """
    version = data.partition(b"\n")[0].decode("ascii", "replace")
    if version == log_proofs.VERSION:
        if claimed is None:
            raise Unreadable(
                f"{name}: a .tlog-proof is of an entry: give its exact bytes as --entry FILE, or a page's answer as "
                "--receipt FILE"
            )
        return log_proof_verdict(data, policy, claimed)
    answer = data.lstrip()[:1] == b"{"
    if not answer and version not in (misbehaviour.VERSION, broken_promises.VERSION):
        raise Unreadable(
            f"{name}: neither a .tlog-proof nor a .tlog-misbehaviour or .tlog-broken-promise by its first line, nor an "
            "answer with a receipt"
        )
    if claimed:
        raise Unreadable(f"{name}: is of no entry, as only a .tlog-proof is: leave --entry and --receipt out")
    if version == misbehaviour.VERSION:
        return misbehaviour_verdict(data, policy)
    if version == broken_promises.VERSION:
        return broken_promise_verdict(data, policy)
    return receipt_verdict(name, parsed_receipt(data), policy)


def parsed_receipt(data: bytes) -> Receipt:
    """`oversight.receipts.parse_receipt`, whose NumPy is imported only where there is a receipt."""
    from plainview.oversight.receipts import parse_receipt

    return parse_receipt(data)


def read(path: Path, limit: int) -> bytes:
    """A file's bytes. Raises Unreadable, for more than `limit` too."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Unreadable(f"{printable(str(path))}: {error.strerror}") from error
    if len(data) > limit:
        raise Unreadable(f"{printable(str(path))}: more than {limit:,} bytes, which none of its kind has")
    return data


def _policy(file: Path | None, vkeys: Sequence[str]) -> Policy:
    if file is None and not vkeys:
        raise Unreadable("whose keys are believed? give --policy FILE, or --log VKEY")
    try:
        logs = tuple(Log(parse_vkey(vkey)) for vkey in vkeys)
        if file is None:
            return Policy(logs, (), (), NO_QUORUM)
        policy = parse_policy(read(file, POLICY_LIMIT))
        return Policy(policy.logs + logs, policy.witnesses, policy.groups, policy.quorum)
    except FormatError as error:
        raise Unreadable(f"{file or '--log'}: {error}") from error


def _failed(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
