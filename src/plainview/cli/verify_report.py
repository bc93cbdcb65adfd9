"""`plainview verify` of a transparency report: its numbers, computed again from a copy of the log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.cli.belief import Belief
from plainview.cli.verdicts import Verdict
from plainview.cli.verify import Unreadable, read
from plainview.ledger.spelling import printable, shown
from plainview.oversight.acts import judged
from plainview.oversight.mirror.copies import CHECKPOINT, ENTRIES_LIMIT, Copy
from plainview.oversight.reports.checking import Held, check_report
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import PUBLIC, read_report

if TYPE_CHECKING:
    from plainview.records import Record

MIRROR, JOURNAL = "mirror", "journal"
"""In a partner's directory."""
Taken = tuple[int, bytes, "Record | None"]
"""An index, the log's entry there, and its record if it was opened."""


def verify_report(data: bytes, directory: Path, belief: Belief) -> Verdict:
    """Of a report and a mirror's or a partner's directory. Raises LedgerError, Unreadable and OSError."""
    if belief.charters is None:
        raise Unreadable("who is an auditor says the log's charter: give the first one's digest as --charter DIGEST")
    partners = (directory / MIRROR / CHECKPOINT).is_file()
    place = directory / MIRROR if partners else directory
    if not partners and not (place / CHECKPOINT).is_file():
        raise Unreadable(f"{printable(str(directory))}: neither a mirror's copy of a log nor a partner's directory")
    copy = Copy(lambda path: read(place / path, ENTRIES_LIMIT), belief.charters, judge=False)
    belief.check_policy(lambda policy: policy.check(copy.note))
    if not partners:
        return report_verdict(data, copy)
    from contextlib import closing

    try:
        from plainview.journal import JournalDamaged
        from plainview.oversight.partner.log_records import LogRecords, mirrored_in
        from plainview.storage import StoreError
    except ModuleNotFoundError as error:
        raise Unreadable(
            f"{printable(str(directory))}: {error.name}, by which a partner's directory is read, is not installed; "
            "install plainview[learn], or give a mirror's copy, for which plainview[verify] is enough"
        ) from error
    try:
        with closing(LogRecords(directory / JOURNAL, mirrored_in(directory))) as records:
            taken = ((one.index, one.entry, one.record) for one in records.records())
            return report_verdict(data, copy, taken, records.size)
    except (JournalDamaged, StoreError) as error:
        raise Unreadable(f"{printable(str(directory))}: {error}") from error


def report_verdict(data: bytes, copy: Copy, taken: Iterable[Taken] | None = None, opened: int = 0) -> Verdict:
    """Of a report, by a copy of its log, all of which was checked; `taken` are its records, `opened` so many of them.

    Raises LedgerError, and Unreadable where the copy ends before it.
    """
    note, report = read_report(data)
    if report.upto > copy.size:
        raise Unreadable(f"{report.what} needs a copy of all of these, and this one has {copy.size:,}")
    acts = judged(copy.entries(copy.size))
    assert acts.last is not None  # the copy's charters were taken up
    counting = Counting(report.start, report.upto)
    for index, entry, record in taken or ((at, entry, None) for at, entry in enumerate(copy.entries(report.upto))):
        if index >= report.upto:
            break
        counting.take(index, entry, record)
    whole = opened >= report.upto
    reports = acts.last.reports
    known = report.number <= len(reports)
    charter = acts.before(reports[report.number - 1].index).charter if known else acts.last.charter
    held = Held(charter.origin, acts.last, acts.wrong, copy.root(report.upto), counting, whole)
    act = check_report(note, report, held, charter.keys_of("auditor"))
    public = sum(one.mark == PUBLIC for one in report.numbers)
    rest = len(report.numbers) - public
    which = f"all {len(report.numbers):,} numbers" if whole else f"the {public:,} public numbers"
    by = ", ".join(printable(one.name) for one in note.signatures)
    proven = f"{which} of {report.what} of the log {shown(report.log)} are what these come to; signed by {by}"
    left = f"that pages were re-run as the auditor says in record {report.verification:,}"
    if act is None:
        left += "; that the log announces it, as this copy has no such act yet"
    else:
        proven += f", and announced by record {act.index:,}"
    if not whole and rest:
        left += f"; its {rest:,} opened numbers, which a partner's directory with these records opened shows"
    return Verdict(proven, left)
