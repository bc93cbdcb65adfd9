"""Where a partner's reports lie, and how one is drawn up: counted, signed, written down, announced in its own log."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from plainview.ledger.acts import Report as Act
from plainview.ledger.acts import parse_act
from plainview.ledger.charters import Charter
from plainview.ledger.errors import FormatError, LedgerError, ProofError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.standing import Standing
from plainview.oversight.acts import Acts, judged
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.directory import JOURNAL, LOG, REPORTS, alone, read_keys
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.log_records import LogRecords, mirrored_in
from plainview.oversight.partner.outbox import check_act
from plainview.oversight.public_entries import public_act
from plainview.oversight.reports.checking import act_of, announced
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import SUFFIX, Report, read_report
from plainview.records.digests import note_digest
from plainview.records.fields import to_text
from plainview.storage.filesystem import HostFileSystem, make_durable

_ASIDE = "refused"
"""Where those lie whose announcement the log has as an act that does not count."""
_NAME = re.compile(rf"[1-9][0-9]{{0,18}}{re.escape(SUFFIX)}")


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


class _Announcement(NamedTuple):
    """An act of the partner's own log that announces a report."""

    place: int
    entry: bytes
    act: Act


class Reports:
    """Those of a partner's directory, each in a file by its number."""

    def __init__(self, directory: Path) -> None:
        self._files = MirrorFiles(directory)

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is no report of that name. Raises OSError."""
        return self._files.read(name) if _NAME.fullmatch(name) else None

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

    def set_aside(self, one: Filed) -> None:
        """Keep it by what it says, too: another may be written in its place. Raises OSError."""
        self._files.write(f"{_ASIDE}/{to_text(one.report.digest())}", one.note.encode())

    def put_back(self, act: Act) -> None:
        """In place of any other of its number, where it was set aside. Raises OSError."""
        if (data := self._files.read(f"{_ASIDE}/{to_text(act.report)}")) is not None:
            with suppress(FormatError):  # as of any that cannot be read
                self.write(read_report(data)[1], data)

    def remove(self, name: str) -> None:
        """No error where it is not there."""
        self._files.remove(name)

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
            if (standing := acts.last) is None:
                raise ReportError("there is nothing to report: the log as mirrored has no records yet")
            charter = standing.charter
            if (key := keys.auditor.key) not in charter.keys_of("auditor", standing.time):
                raise ReportError(
                    f"the key {key.name} of {directory} is no auditor's by charter {charter.number:,}, in force: its "
                    "report would not count"
                )
            announcements = _announcements(own)
            said = {one.act for one in announcements}
            _keep_to(standing, reports, said)
            unsettled = (one for one in announcements if one.act.number > len(standing.reports))
            _check_none_waits(unsettled, charter, mirrored)
            report = _counted(records, acts, standing, mirrored.root)
        announcing = keys.auditor.note(act_of(report).text())
        check_act(announcing, charter)
        if announcing in own.entries():
            raise ReportError(
                f"{report.what} was announced before, and the operator's log has that as an act that does not count; "
                "once more was re-run, another can be drawn up"
            )
        data = keys.auditor.note(report.text())
        _check_readable(data, report)
        # The file first: what is announced is there. What was never announced is written over the next time; one that
        # was, and does not count, may come to count when somebody hands its act in again.
        for one in reports.all():
            if one.report.number == report.number and act_of(one.report) in said:
                reports.set_aside(one)
        path = reports.write(report, data)
        return Drawn(path, report, own.append(announcing))


def _check_readable(data: bytes, report: Report) -> None:
    """Once it is announced it stands: nothing is that nobody could read."""
    try:
        again = read_report(data)[1]
    except FormatError as error:
        raise ReportError(f"nobody could read {report.what}: {error}") from error
    if again != report:
        raise ReportError(f"{report.what} would be read as another than was counted")


def _announcements(own: OwnLog) -> list[_Announcement]:
    acts = ((place, entry, parse_act(parse_note(entry).text)) for place, entry in enumerate(own.entries()))
    return [_Announcement(place, entry, act) for place, entry, act in acts if isinstance(act, Act)]


def _keep_to(standing: Standing, reports: Reports, said: Collection[Act]) -> None:
    """Put those back that were `said` here and count by now, and remove those whose number another's report has by the
    log: their own announcement came too late."""
    for placed in standing.reports:
        if placed.act in said:
            reports.put_back(placed.act)
    for one in reports.all():
        try:
            announced(one.report, standing)
        except ProofError:
            if standing.reports[one.report.number - 1].act not in said:
                reports.remove(one.name)


def _check_none_waits(unsettled: Iterable[_Announcement], charter: Charter, mirrored: Mirrored) -> None:
    """Raises ReportError while one of them is on its way: neither in the log, be it as an act that does not count, nor
    one that no honest operator takes any more."""
    waiting: dict[bytes, _Announcement] = {}
    for one in unsettled:
        with suppress(LedgerError):
            check_act(one.entry, charter)
            waiting[note_digest(one.entry.decode())] = one
    if not waiting:
        return
    for entry in mirrored.entries(0, mirrored.checkpoint.size):
        with suppress(FormatError):
            if (there := public_act(entry)) is not None:
                waiting.pop(note_digest(there.note), None)
    for one in waiting.values():
        raise ReportError(
            f"report {one.act.number:,}, act {one.place:,} of the partner's log, is not in the operator's as mirrored; "
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
