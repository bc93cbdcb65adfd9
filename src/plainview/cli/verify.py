"""`plainview verify`: check a proof offline, believing nothing but the keys that are given.

Needs what plainview[verify] installs, and so neither Typer nor Rich.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.cli.belief import Belief
from plainview.cli.verdicts import (
    Claimed,
    Trust,
    Verdict,
    broken_promise_verdict,
    claimed_page,
    finding_verdict,
    log_proof_verdict,
    misbehaviour_verdict,
    receipt_verdict,
)
from plainview.ledger import broken_promises, log_proofs, misbehaviour
from plainview.ledger.bundles import ENTRY_LIMIT
from plainview.ledger.charters import parse_digest
from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.keys import parse_vkey
from plainview.ledger.notes import NOTE_LIMIT, parse_note
from plainview.ledger.policies import NO_QUORUM, Log, Policy
from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy
from plainview.ledger.spelling import printable
from plainview.oversight.charters import Charters
from plainview.oversight.reports.report import TITLE as REPORT

if TYPE_CHECKING:
    from plainview.oversight.receipts import Receipt

FINDING = b"plainview/finding@v1"
"""How a finding's file begins (`oversight.findings`, which needs NumPy, is imported only where there is one)."""
FILE_LIMIT = 1 << 23
"""Bytes that are read of a file at most. No kind's own limit is higher."""

_HELP = """\
An answer with a page's receipt shows what the log promised. A .tlog-proof shows that an entry, which is to be given
too, stands in a log that is believed. A .tlog-misbehaviour shows that a log or its witnesses said what cannot be true
together, a .tlog-broken-promise that a log broke its promise, a .plainview-finding what a partner found. The numbers of
a .plainview-report are computed again, from a copy of the log. Nothing is fetched. Believed are a log's charters, by
the digest of the first, or a policy; what is proven with both given holds by both.
"""
_CODES = """\
Exit code: 0 proven, of a directory all that is known in it; 1 not proven, because a signature, a quorum or a hash does
not hold; 2 not checked, because something cannot be read, or the program failed; 3 a finding's records are in the log,
and what it accuses does not follow from them alone: how it is shown stands there; 130 interrupted.
"""


class Unreadable(Exception):
    """A file or an argument that is not what it should be."""


class _NotProven(Exception):
    """A file, and what in it does not hold."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser("plainview verify", description=_HELP, epilog=_CODES, allow_abbrev=False)
    made.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="an answer of /v1/feed or /v1/pages/INDEX, or its receipt, as JSON; a .tlog-proof, .tlog-misbehaviour, "
        ".tlog-broken-promise, .plainview-finding or .plainview-report file; or a directory of these, in which a "
        "mirror's copy of a log may be too",
    )
    made.add_argument(
        "--charter",
        metavar="DIGEST",
        help="of a log's first charter, by which its charters in force say who is believed",
    )
    made.add_argument(
        "--charter-file",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="that charter as it was signed, and after it each that amends it; a directory's are looked for in it",
    )
    made.add_argument("--policy", type=Path, metavar="FILE", help="whose keys are believed, in C2SP tlog-policy")
    made.add_argument(
        "--log", action="append", default=[], metavar="VKEY", help="a log's key that is believed, beside the policy's"
    )
    made.add_argument(
        "--copy",
        type=Path,
        metavar="DIR",
        help="by what a report's numbers are computed again: a mirror's copy of the log, or a partner's directory",
    )
    which = made.add_mutually_exclusive_group()
    which.add_argument("--entry", type=Path, metavar="FILE", help="the entry that is to be in the log, its exact bytes")
    which.add_argument("--receipt", type=Path, metavar="FILE", help="the answer with the page that is to be in the log")
    return made


def verify(arguments: Sequence[str]) -> int:
    """Say what was proven and what was not, each in a sentence; the exit code. Usage errors raise SystemExit(2)."""
    options = parser().parse_args(_joined(arguments))
    try:
        belief = _belief(options)
        if options.file.is_dir():
            from plainview.cli.verify_directory import verify_directory

            if options.entry or options.receipt or options.charter_file or options.copy:
                raise Unreadable(
                    f"{options.file}: is a directory, whose receipts, charters and copies are looked for in it: leave "
                    "--entry, --receipt, --charter-file and --copy out"
                )
            return verify_directory(options.file, belief, options.policy)
        found = _file(options, belief)
    except Unreadable as error:
        return _failed(f"error: {error}", 2)
    except OSError as error:
        return _failed(f"error: {printable(str(error.filename))}: {error.strerror}", 2)
    except _NotProven as error:
        return _failed(f"Not proven: {error}.", 1)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    print(f"Proven: {found.proven}.")
    print(f"Not proven: {found.not_proven}.")
    for line in belief.closing():
        print(line)
    return 0 if found.shown else 3


def _joined(arguments: Sequence[str]) -> list[str]:
    """`--charter DIGEST` as one argument: a digest may begin with a dash, and would be taken for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined[-1:] == ["--charter"]:
            joined[-1] = f"--charter={argument}"
        else:
            joined.append(argument)
    return joined


def _file(options: argparse.Namespace, belief: Belief) -> Verdict:
    data = read(options.file, FILE_LIMIT)
    if data.startswith(f"{REPORT}\n".encode()):
        return _report(options, belief, data)
    if options.copy:
        raise Unreadable(f"{printable(str(options.file))}: is no report, which --copy is for: leave it out")
    # A finding brings its charters along.
    if belief.charters is not None and (options.charter_file or not data.startswith(FINDING)):
        _take_up(options.charter_file, belief.charters)
    claimed = None
    if options.entry:
        claimed = Claimed(printable(str(options.entry)), leaf_hash(read(options.entry, ENTRY_LIMIT)))
    elif options.receipt:
        answer = read(options.receipt, FILE_LIMIT)
        with _told_of(options.receipt, belief) as of:
            receipt = parsed_receipt(answer)
            claimed = belief.check(lambda trust: claimed_page(of, receipt, trust))
    with _told_of(options.file, belief) as of:
        return belief.check(lambda trust: verdict(of, data, trust, claimed))


def _report(options: argparse.Namespace, belief: Belief, data: bytes) -> Verdict:
    from plainview.cli.verify_report import verify_report

    name = printable(str(options.file))
    if options.entry or options.receipt or options.charter_file:
        raise Unreadable(
            f"{name}: a report's charters are in the copy: leave --entry, --receipt and --charter-file out"
        )
    if options.copy is None:
        raise Unreadable(
            f"{name}: a report is computed again from the log: give a mirror's copy or a partner's directory as --copy "
            "DIR"
        )
    with _told_of(options.file):
        return verify_report(data, options.copy, belief)


def _take_up(files: Sequence[Path], charters: Charters) -> None:
    if not files:
        raise Unreadable(
            "--charter: give the charter with that digest, and after it each that amends it, as --charter-file FILE"
        )
    for path in files:
        data = read(path, NOTE_LIMIT)
        with _told_of(path):
            charters.read(parse_note(data))


@contextmanager
def _told_of(path: Path, belief: Belief | None = None) -> Iterator[str]:
    """The file's name. What is wrong with its content is raised as Unreadable and _NotProven, which begin with it, and
    the latter says by which charter of `belief` that is so."""
    name = printable(str(path))
    try:
        yield name
    except FormatError as error:
        raise Unreadable(f"{name}: {error}") from error
    except LedgerError as error:
        raise _NotProven(f"{name}: {error}{belief.judged() if belief else ''}") from error


def verdict(name: str, data: bytes, trust: Trust, claimed: Claimed | None) -> Verdict:
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
        return log_proof_verdict(data, trust, claimed)
    answer = data.lstrip()[:1] == b"{"
    if not answer and version not in (misbehaviour.VERSION, broken_promises.VERSION, FINDING.decode()):
        raise Unreadable(
            f"{name}: neither a .tlog-proof nor a .tlog-misbehaviour, .tlog-broken-promise or .plainview-finding by "
            "its first line, nor an answer with a receipt"
        )
    if claimed:
        raise Unreadable(f"{name}: is of no entry, as only a .tlog-proof is: leave --entry and --receipt out")
    if version == misbehaviour.VERSION:
        return misbehaviour_verdict(data, trust)
    if version == broken_promises.VERSION:
        return broken_promise_verdict(data, trust)
    if version == FINDING.decode():
        return finding_verdict(data, trust)
    return receipt_verdict(name, parsed_receipt(data), trust)


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


def _belief(options: argparse.Namespace) -> Belief:
    policy = _policy(options.policy, options.log) if options.policy or options.log else None
    if options.charter is None:
        if options.charter_file:
            raise Unreadable("--charter-file: which charter is believed says its digest, as --charter DIGEST")
        if policy is None:
            raise Unreadable("whose keys are believed? give --charter DIGEST, --policy FILE, or --log VKEY")
        return Belief(policy, None)
    try:
        charters = Charters(parse_digest(options.charter, "--charter"))
    except FormatError as error:
        raise Unreadable(str(error)) from error
    return Belief(policy, charters)


def _policy(file: Path | None, vkeys: Sequence[str]) -> Policy:
    try:
        policy = parse_policy(read(file, POLICY_LIMIT)) if file else Policy((), (), (), NO_QUORUM)
    except FormatError as error:
        raise Unreadable(f"{printable(str(file))}: {error}") from error
    try:
        logs = tuple(Log(parse_vkey(vkey)) for vkey in vkeys)
        return Policy(policy.logs + logs, policy.witnesses, policy.groups, policy.quorum)
    except FormatError as error:
        raise Unreadable(f"--log: {error}") from error


def _failed(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
