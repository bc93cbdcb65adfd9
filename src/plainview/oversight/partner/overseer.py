"""One round of the partner's program: what is followed, held against each other, re-run and found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from plainview.http.fetching import FetchError
from plainview.journal import JournalDamaged
from plainview.journal.struct_types import complete_struct_types
from plainview.ledger.charters import Charter
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import LedgerError
from plainview.ledger.key_ends import key_ends
from plainview.ledger.notes import Note
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import MirrorError, Misbehaved
from plainview.oversight.partner.app_client import App, Odd
from plainview.oversight.partner.bookmarks import Bookmarks, Reader
from plainview.oversight.partner.canaries import Canaries, Promised, Wrong
from plainview.oversight.partner.clocks import Clocks
from plainview.oversight.partner.copy import JournalCopy
from plainview.oversight.partner.directory import (
    ASKED,
    CANARIES,
    DRAWS,
    FINDINGS,
    JOURNAL,
    LOG,
    MIRROR,
    REPORTS,
    REQUESTS,
    RERUN,
    WITNESS,
    Keys,
)
from plainview.oversight.partner.draws import Draws
from plainview.oversight.partner.following import Following, Mirrored
from plainview.oversight.partner.holding import Holding
from plainview.oversight.partner.keeping import in_charge, related
from plainview.oversight.partner.log import OwnLog, OwnLogDamaged
from plainview.oversight.partner.opening import Records, Unanswered
from plainview.oversight.partner.outbox import OperatorServer, Outbox
from plainview.oversight.partner.page_requests import PageRequests
from plainview.oversight.partner.reporting import Reporting
from plainview.oversight.partner.reports import Reports
from plainview.oversight.partner.requests import Requests
from plainview.oversight.partner.rerunning import Rerunning
from plainview.oversight.partner.served_app import ServedApp
from plainview.oversight.partner.taking_up import TakingUp
from plainview.oversight.partner.telling import Told
from plainview.oversight.witness.store import WitnessStore, WitnessStoreError
from plainview.oversight.witness.witness import Witness
from plainview.replay.bundled import Bundles
from plainview.replay.findings import Report
from plainview.replay.installed import Installed
from plainview.storage import SqliteRecords, StoreError

VERIFICATIONS = 3_600_000
"""Milliseconds at least from one announcement of how far all was re-run to the next."""
PASSING = (OSError, StoreError, JournalDamaged, LedgerError, OwnLogDamaged)
"""What may pass, or be mended while the program runs."""


class Surroundings(NamedTuple):
    """What the program has of the outside."""

    clock: Callable[[], int]
    """Unix milliseconds."""
    monotonic: Callable[[], float]
    """Seconds that never go back."""
    entropy: Callable[[int], bytes]
    pool: Executor
    """Fetches and writes files."""


class Audit(NamedTuple):
    """What is re-run, and with what."""

    installed: Installed
    bundles: Bundles | None
    """Of the releases whose pages are re-run, too."""
    sample: int
    """Pages drawn at a time."""
    draw_every: int
    """Milliseconds from the beginning of one draw to that of the next."""
    canaries: int
    """Viewers of the partner's own."""
    cores: int
    """That re-running uses."""
    environment: str
    """Digest of this one, as receipts name it."""
    program: str
    """Digest of all code that is installed."""
    from_the_start: bool = False
    """Whether all is re-run from record 0, whatever was kept of that."""


class Overseer:
    """The partner's program on one directory. `follow`, `deliver` and `audit` each belong to a thread of their own."""

    def __init__(
        self,
        path: Path,
        keys: Keys,
        digest: bytes,
        url: str,
        audit: Audit,
        outside: Surroundings,
        told: Told,
        charters: Iterable[Note] = (),
    ) -> None:
        """Raises LedgerError where `charters` are not in force, MirrorError, OwnLogDamaged, StoreError and
        WitnessStoreError for what is damaged."""
        complete_struct_types()
        self._keys, self._outside, self._audit_by = keys, outside, audit
        self._url = url
        self.log = OwnLog(path / LOG, keys.log)
        self.reports = Reports(path / REPORTS)
        self._outbox = Outbox(OperatorServer(url), outside.monotonic)
        self._witnessed = WitnessStore(path / WITNESS)
        self._doubts: deque[tuple[Note, str]] = deque()
        """Checkpoints that the witness was handed, and that were not shown to continue what it had cosigned."""
        self.witness = Witness(
            [], [keys.witness], self._witnessed, lambda: outside.clock() // 1000, self._outbox.withheld,
            lambda note, reason: self._doubts.append((note, reason)),
        )  # fmt: skip
        self._following = Following(
            digest, url, MirrorFiles(path / MIRROR), outside.pool, tuple(charters), (keys.witness.key, self._cosigned),
            lambda error: self._telling.convict(error),
        )  # fmt: skip
        self._copy = JournalCopy(SqliteRecords(path / JOURNAL, writing=True))
        self._reporting = Reporting(path / FINDINGS, told, self._following, self._copy.journal, self.log, keys.auditor)
        self._telling = self._reporting.telling
        self._requests = Requests(path / REQUESTS)
        self._taking_up = TakingUp(self._copy, self._records, self._reporting, outside.clock, outside.monotonic)
        self._clocks = Clocks()
        reader = Reader(audit.program, audit.installed.digest, audit.environment)
        self._rerunning = Rerunning(
            self._copy.journal, audit.installed, audit.bundles, outside.monotonic, audit.cores, audit.environment,
            bookmarks=Bookmarks(path / RERUN, reader, self._root), told=told, from_the_start=audit.from_the_start,
        )  # fmt: skip
        self._draws = Draws(path / DRAWS, audit.sample, self._reporting.announce, outside.entropy)
        self._canaries = Canaries(path / CANARIES, App(url), audit.canaries, outside.clock, outside.entropy)
        self._served_app = ServedApp(url, outside.monotonic)
        receipts = MirrorFiles(path / CANARIES)
        self._holding = Holding(
            self._following, self._reporting, self.log, self._outbox, self._requests, receipts, self._clocks,
            keys.auditor.key.name, outside.clock, outside.monotonic,
        )  # fmt: skip
        self.page_requests = PageRequests(
            path / ASKED, self._following, self._rerunning, receipts, outside.clock, outside.monotonic
        )
        self._verified_pages, self._verified_again = 0, 0
        self.ended = False
        """Whether the log has contradicted itself: there is nothing left to follow."""
        self._know()
        if self._following.mirrored is not None:
            self._holding.acts(self._following.mirrored)  # before anything is cosigned
            self._holding.public_times(self._following.mirrored)
            self._announce_kept()

    def stop(self) -> None:
        """Have a round that is re-running end as soon as a start can go on from there. From any thread."""
        self._rerunning.stop()

    def close(self) -> None:
        """Give the files back."""
        self._rerunning.close()
        self._copy.close()
        self._witnessed.close()

    def follow(self) -> None:
        """Look at the operator's log once, and hold the partner's acts against it."""
        if self.ended:
            return
        before = self._following.size
        try:
            remarks = self._following.look()
        except MirrorError as error:
            self._telling.could_not("follow", str(error))
        except Misbehaved as error:
            self.ended = True
            self._telling.prove(error)
        else:
            self._telling.unable.pop("follow", None)
            self._telling.remark("follow", remarks)
        self._know()
        if (size := self._following.size) != before:
            self._telling.say(
                f"the log has grown to {size:,} entries, all checked; {len(self._following.pages):,} are pages"
            )
        mirrored = self._following.mirrored
        if mirrored is None:
            return
        for index, detail in list(self._following.wrong.items()):
            self._reporting.find("act", index, "", detail, {index})
        while self._doubts:
            note, reason = self._doubts.popleft()
            size = parse_checkpoint(note.text).size
            detail = f"{reason}\n{note.encode().decode()}"
            self._reporting.find("rewritten", mirrored.checkpoint.size, f"a tree of {size:,} records", detail)
        self._holding.acts(mirrored)
        self._holding.accesses(mirrored, grown=size != before)
        self._holding.tallies()
        self._holding.promises()
        if size != before:
            self._holding.public_times(mirrored)

    def deliver(self) -> None:
        """Hand in what the operator's log has not."""
        for line in self._outbox.deliver():
            self._telling.say(line)

    def visit(self) -> None:
        """Have the partner's own viewers open the app, ask for a page each, and open it again."""
        mirrored, charter = self._following.mirrored, self._following.charter
        if mirrored is None or charter is None:
            return
        self._open_app(mirrored, charter)
        following = self._following
        promised = Promised(
            lambda receipt: following.believed.judged(receipt.index, receipt.check), lambda: following.size
        )
        try:
            for one in self._canaries.visit(promised):
                self._wrong(one)
        except (Unanswered, Odd) as error:
            self._telling.remark("visit", [f"the partner's viewers are not served: {error}"])
        else:
            self._telling.remark("visit", [])
        self._open_app(mirrored, charter)

    def _open_app(self, mirrored: Mirrored, charter: Charter) -> None:
        taken = self._following.release
        if taken is None:
            return
        try:
            wrong = self._served_app.look(taken, mirrored.checkpoint.size, charter.bounds.merge_delay / 1000)
        except Unanswered as error:
            self._telling.remark("app", [f"the app is not served: {error}"])
            return
        self._telling.remark("app", [])
        if wrong is not None:
            self._reporting.find("ui", taken.index, wrong.digest, wrong.detail, {taken.index})

    def audit(self, whole: bool = False) -> None:
        """Take up what the log has and the copy has not, re-run it, and go on with draws.

        With `whole` all that is here is re-run, and pages that come later behind an epoch each for itself.
        """
        mirrored = self._following.mirrored
        if mirrored is None:
            return
        ended = self._key_ended()
        try:
            if ended:
                # Asked with it, the operator would say no, and be right: that must not pass for withholding.
                self._telling.could_not("audit", f"no records are asked for, and no draw is announced: {ended}")
            else:
                self._taking_up.go_on(mirrored)
            self._rerun(mirrored, whole)
            for one in self._canaries.compare(self._copy.journal):
                self._wrong(one)
            self._hold_times()
            if not ended:
                self._draw(mirrored)
        except PASSING as error:
            self.met("audit", error)

    def _key_ended(self) -> str:
        """That the program's own key has ended, in words; empty where it has not."""
        charter, own = self._following.charter, self._keys.auditor.key
        ended = () if charter is None else charter.ended(self._outside.clock())
        return next((party.end_told() for party in ended if party.key == own), "")

    def met(self, what: str, error: Exception) -> None:
        """One of the above could not go on, for a reason of this machine's: a full disk, a damaged file."""
        self._telling.could_not(what, f"{what} does not go on for now: {error}")

    @property
    def findings(self) -> int:
        """Met since the start, those that were known too."""
        return self._telling.findings

    @property
    def unable(self) -> dict[str, str]:
        """What could not be done the last time, and why."""
        return self._telling.unable

    @property
    def size(self) -> int:
        """Records of the log that are here."""
        return self._following.size

    @property
    def sound(self) -> str:
        """What was checked, in words."""
        report, pages = self._rerunning.report, "no page was re-run"
        if report is not None:
            pages = f"{report.pages:,} pages re-run, {report.identical:,} identical"
        return f"{self._following.size:,} entries mirrored, {self._copy.size:,} of them opened; {pages}"

    def _announce_kept(self) -> None:
        try:
            self._reporting.announce_kept()
        except (LedgerError, OwnLogDamaged, OSError) as error:
            self._telling.remark("findings", [f"what was found before may not be announced: {error}"])

    def _know(self) -> None:
        charter = self._following.charter
        if charter is not None:
            self.witness.know([log.key for log in charter.policy.logs])
            self._telling.remark("keys", key_ends(charter, self._outside.clock()))

    def _cosigned(self, wanted: str) -> bytes | None:
        try:
            return self._witnessed.note(wanted)
        except WitnessStoreError as error:
            raise FetchError(str(error)) from error

    def _root(self, size: int) -> bytes:
        assert self._following.mirrored is not None  # or nothing would be here that is re-run
        return self._following.mirrored.root(size)

    def _records(self) -> Records:
        charter, outside = self._following.charter, self._outside
        assert charter is not None
        return Records(
            self._url, charter.origin, self._keys.auditor, self._requests, outside.clock, outside.monotonic,
            outside.entropy,
        )  # fmt: skip

    def _wrong(self, one: Wrong) -> None:
        said = one.detail.partition("\n")[0]  # what follows is the answer itself
        self._reporting.find("canary", one.index, f"{one.which}: {said}"[:200], one.detail, {one.index})

    def _hold_times(self) -> None:
        """Journal time lies within the times of those who cosigned around it, give or take the charter's tolerance."""
        charter = self._following.charter
        assert charter is not None
        for index, detail in self._clocks.outside(self._copy.journal, self._copy.size, charter.bounds.clock_tolerance):
            self._reporting.find("clock", index, "", detail, {index})

    def _rerun(self, mirrored: Mirrored, whole: bool) -> None:
        report = self._rerunning.go_on(whole) if self._copy.size else None
        if report is None:
            return
        upto = self._rerunning.upto
        for one in report.differing:
            records, release = self._related(one.index), in_charge(one.index, self._copy.journal)
            self._reporting.find("re-run", one.index, one.stage, one.detail, records, release)
        said = f"records below {upto:,} re-run: {report.pages:,} pages, {report.identical:,} identical"
        if report.inconclusive:
            said += f", {sum(report.inconclusive.values()):,} of other releases not re-run"
        if report.unreached:
            said += f", {report.unreached:,} not to be reached"
        self._telling.say(said)
        self._verified(report, upto, mirrored)

    def _related(self, index: int) -> set[int]:
        return related(index, self._copy.journal, self._following.acts.last)

    def _verified(self, report: Report, upto: int, mirrored: Mirrored) -> None:
        """Announce now and then how far all was re-run, once pages have come: each announcement is a record itself."""
        now = self._outside.clock()
        whole = upto == report.records + report.missing <= mirrored.checkpoint.size  # or pages above it are counted
        if not whole or report.pages == self._verified_pages or now < self._verified_again:
            return
        self._verified_pages, self._verified_again = report.pages, now + VERIFICATIONS
        inconclusive = sum(report.inconclusive.values())
        self._reporting.announce(
            "verification",
            {
                "upto": upto,
                "root": mirrored.root(upto),
                "pages": report.pages,
                "identical": report.identical,
                "inconclusive": inconclusive,
                "differing": report.pages - report.identical - inconclusive,
            },
        )

    def _index_in(self, mirrored: Mirrored, note: str) -> int | None:
        """Where an act is in the log as `mirrored` has it: it may have come into it since."""
        index = self._following.index_of(note)
        return None if index is None or index >= mirrored.checkpoint.size else index

    def _draw(self, mirrored: Mirrored) -> None:
        draws, now = self._draws, self._outside.clock()
        last = draws.last
        due = last is None or now - last.began >= self._audit_by.draw_every
        if due and self._following.pages and (begun := draws.begin(now)) is not None:
            self._telling.say(f"draw {begun.number} is announced")
        drawn = draws.go_on(partial(self._index_in, mirrored), mirrored.root, self._following.pages)
        if drawn is not None:
            self._telling.say(
                f"draw {drawn.number}: {len(drawn.pages):,} of {drawn.population:,} pages are to be re-run"
            )
        last = draws.last
        if last is None or last.state != "drawn" or self._rerunning.upto < last.size:
            return
        revealed = draws.reveal(self._rerunning.differing(last.pages))
        if revealed is None:
            return
        said = revealed.sentence()
        self._telling.say(said)
        if revealed.differing:
            at = revealed.differing[0]
            self._reporting.find("draw", at, f"draw {revealed.number}", said, self._related(at))
