"""Where a partner's reports lie, and how one is drawn up: counted, signed, written down, announced in its own log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from plainview.ledger.acts import Report as Act
from plainview.ledger.acts import parse_act
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import NOTE_LIMIT, Note, parse_note
from plainview.ledger.standing import Standing
from plainview.oversight.acts import Acts, judged
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.directory import JOURNAL, LOG, REPORTS, alone, read_keys
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.log_records import LogRecords, mirrored_in
from plainview.oversight.partner.outbox import check_act
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import SUFFIX, Report, read_report
from plainview.storage.filesystem import HostFileSystem, make_durable


class ReportError(Exception):
    """Why no report is drawn up, and what to do."""


class Filed(NamedTuple):
    """A report's file."""

    name: str
    note: Note
    report: Report


class Drawn(NamedTuple):
    """A report that was drawn up."""

    path: Path
    report: Report
    place: int
    """Of the act that announces it, in the partner's own log."""


class Reports:
    """Those of a partner's directory, each in a file by its number."""

    def __init__(self, directory: Path) -> None:
        self._files = MirrorFiles(directory)

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is no report of that name. Raises OSError."""
        number = name.removesuffix(SUFFIX)
        return self._files.read(name) if name == f"{number}{SUFFIX}" and number.isdecimal() else None

    def all(self) -> list[Filed]:
        """What can be read of them, in no certain order. Raises OSError."""
        found = []
        for name in self._files.names("."):
            data = self.read(name.removeprefix("./"))
            with suppress(FormatError):  # whoever looks for that one says that it is not here
                if data is not None:
                    found.append(Filed(name.removeprefix("./"), *read_report(data)))
        return found

    def write(self, report: Report, data: bytes) -> Path:
        """Keep it, durably: where it lies. Raises OSError."""
        self._files.write(f"{report.number}{SUFFIX}", data)
        return self.path(report.number)

    def path(self, number: int) -> Path:
        """Where the one of that number lies."""
        return self._files.path(f"{number}{SUFFIX}")


def draw_up(directory: Path) -> Drawn:
    """Report on all that was re-run since the last report.

    Raises ReportError and DirectoryError where none can be, LedgerError where an honest operator would not take it,
    what `LogRecords` and `OwnLog` raise, and OSError.
    """
    keys, mirrored = read_keys(directory), mirrored_in(directory)
    reports, own = Reports(directory / REPORTS), OwnLog(directory / LOG, keys.log)
    make_durable(HostFileSystem(), directory / REPORTS)
    with alone(directory / REPORTS, "plainview oversee report"):
        with closing(LogRecords(directory / JOURNAL, mirrored)) as records:
            acts = judged(mirrored.entries(0, mirrored.checkpoint.size))
            standing = acts.last
            assert standing is not None
            charter = standing.charter
            if (key := keys.auditor.key) not in charter.keys_of("auditor", standing.time):
                raise ReportError(
                    f"the key {key.name} of {directory} is no auditor's by charter {charter.number:,}, in force: its "
                    "report would not count"
                )
            _check_none_waits(own, len(standing.reports) + 1)
            report = _counted(records, acts, standing, mirrored.root)
        act = Act(charter.origin, report.number, report.start, report.upto, report.root, report.digest())
        announcing = keys.auditor.note(act.text())
        check_act(announcing, charter)
        data = keys.auditor.note(report.text())
        if len(data) > NOTE_LIMIT:
            raise ReportError(f"{report.what} has {len(data):,} bytes, and nobody reads more than {NOTE_LIMIT:,}")
        # The file first: what is announced is there. What was never announced is written over the next time.
        path = reports.write(report, data)
        return Drawn(path, report, own.append(announcing))


def _check_none_waits(own: OwnLog, number: int) -> None:
    for place, entry in enumerate(own.entries()):
        act = parse_act(parse_note(entry).text)
        if isinstance(act, Act) and act.number >= number:
            raise ReportError(
                f"report {act.number:,}, act {place:,} of the partner's log, is not in the operator's as mirrored; "
                "`plainview oversee run` hands it in, and then the next can be drawn up"
            )


def _counted(records: LogRecords, acts: Acts, standing: Standing, root: Callable[[int], bytes]) -> Report:
    start = standing.reports[-1].act.upto if standing.reports else 0
    verifications = [one for one in standing.verifications if one.act.upto > start]
    if not verifications:
        since = f"since report {len(standing.reports):,}, which ends with record {start - 1:,}, " if start else ""
        raise ReportError(
            f"there is nothing to report: {since}the log has no act that says how far its pages were re-run; "
            "`plainview oversee run` announces that once an hour, where pages have come"
        )
    for last in reversed(verifications):
        if last.act.upto <= records.size and last.act.root == root(last.act.upto):
            break
    else:
        raise ReportError(
            f"there is nothing to report yet: records from {records.size:,} on were not opened to the partner, or not "
            "re-run as this log has them; `plainview oversee run` goes on with that"
        )
    counting = Counting(start, last.act.upto)
    for one in records.records():
        if one.index >= last.act.upto:
            break
        counting.take(one.index, one.entry, one.record)
    return Report(
        log=standing.charter.origin,
        number=len(standing.reports) + 1,
        start=start,
        upto=last.act.upto,
        root=last.act.root,
        verification=last.index,
        numbers=counting.numbers(last.act, standing, acts.wrong, opened=True),
    )
