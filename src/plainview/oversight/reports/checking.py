"""Whether a report is what the log comes to: pure, and the same for `plainview controls` and `plainview verify`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from plainview.ledger.acts import Report as Act
from plainview.ledger.acts import Verification
from plainview.ledger.errors import ProofError, SignatureError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.opening import open_note
from plainview.ledger.spelling import shown
from plainview.ledger.standing import Placed, Standing
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import PUBLIC, Number, Report

NAMED = 10
"""Numbers that differ which are named at most; the others are counted."""


class Held(NamedTuple):
    """What a log has to hold a report against."""

    origin: str
    standing: Standing
    """What stands after its last record."""
    wrong: Collection[int]
    """Indexes of the acts that were taken down as what they are not."""
    root: bytes
    """Of its tree of the report's `upto`."""
    counting: Counting
    """Of the report's range, that took all of the log's records."""
    opened: bool
    """Whether the private ones were opened to it."""


def check_report(note: Note, report: Report, held: Held, auditors: Iterable[VerifierKey]) -> Placed[Act] | None:
    """The act that announces it; None where the log has none of that number yet.

    Raises LedgerError where it is not of this log, a number is not what the records come to, no auditor has signed it,
    or another was announced. Where the records were not `opened`, only public numbers are looked at.
    """
    if report.log != held.origin:
        raise ProofError(f"{report.what} is on the log {shown(report.log)}, and this is {shown(held.origin)}")
    if report.root != held.root:
        raise ProofError(f"{report.what} is on another history: its root is not that of this log's {report.upto:,}")
    verification = verification_of(report, held.standing)
    found = held.counting.numbers(verification, held.standing, held.wrong, opened=held.opened)
    if differing := differences(report.numbers, found, opened=held.opened):
        more = len(differing) - NAMED
        said = "; ".join(differing[:NAMED]) + (f"; and {more:,} more differ" if more > 0 else "")
        raise ProofError(f"{report.what} does not recompute: {said}")
    try:
        open_note(note, auditors)
    except SignatureError as error:
        raise SignatureError(f"{report.what} is not signed by an auditor: {error}") from error
    return announced(report, held.standing)


def act_of(report: Report) -> Act:
    """The act that announces it."""
    return Act(report.log, report.number, report.start, report.upto, report.root, report.digest())


def announced(report: Report, standing: Standing) -> Placed[Act] | None:
    """The act that announces it; None where there is none of its number. ProofError where that says otherwise."""
    if report.number > len(standing.reports):
        return None
    placed = standing.reports[report.number - 1]
    if placed.act != act_of(report):
        raise ProofError(f"{report.what} is not what record {placed.index:,} announces as report {report.number:,}")
    return placed


def verification_of(report: Report, standing: Standing) -> Verification:
    """The act that it names. ProofError where that is none that re-ran all pages in it."""
    for one in standing.verifications:
        if one.index == report.verification and (one.act.upto, one.act.root) == (report.upto, report.root):
            return one.act
    raise ProofError(
        f"{report.what}: record {report.verification:,} is not a verification of all records below {report.upto:,}"
    )


def differences(said: Sequence[Number], found: Sequence[Number], *, opened: bool) -> list[str]:
    """Each number that is not the same, with both values, in words. Only the public ones, unless all was `opened`."""
    ours = {one for one in said if opened or one.mark == PUBLIC}
    theirs = set(found)
    names = dict.fromkeys(one[:2] for one in (*said, *found) if one in ours ^ theirs)
    values = {one[:2]: one.value for one in ours}, {one[:2]: one.value for one in theirs}
    return [
        f"{mark} {name} is {values[0].get((mark, name), 'not in it')}, and {values[1].get((mark, name), 'not there')} "
        "by the log"
        for mark, name in names
    ]
