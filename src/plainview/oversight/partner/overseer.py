"""One round of the partner's program: what is followed, held against each other, re-run and found."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import NamedTuple

from plainview.http.fetching import FetchError
from plainview.journal import JournalDamaged
from plainview.journal.frames import Frame
from plainview.ledger.act_fields import TEXT_LIMIT
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import LedgerError
from plainview.ledger.notes import Note
from plainview.ledger.promises import parse_promise
from plainview.oversight.findings import Finding, What
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import MirrorError, Misbehaved
from plainview.oversight.partner.announcing import announce
from plainview.oversight.partner.app_client import App, Odd
from plainview.oversight.partner.canaries import RECEIPTS, Canaries, Wrong
from plainview.oversight.partner.clocks import Clocks
from plainview.oversight.partner.copy import BATCH, JournalCopy, Unfit
from plainview.oversight.partner.directory import (
    CANARIES,
    DRAWS,
    FINDINGS,
    JOURNAL,
    LOG,
    MIRROR,
    REQUESTS,
    WITNESS,
    Keys,
)
from plainview.oversight.partner.draws import Draws
from plainview.oversight.partner.following import Following, Mirrored
from plainview.oversight.partner.keeping import Findings, finding, related
from plainview.oversight.partner.log import OwnLog, OwnLogDamaged
from plainview.oversight.partner.opening import Records, Unanswered, Withheld
from plainview.oversight.partner.outbox import OperatorServer, Outbox
from plainview.oversight.partner.requests import Requests
from plainview.oversight.partner.rerunning import Rerunning
from plainview.oversight.partner.telling import Telling, Told
from plainview.oversight.receipts import parse_receipt
from plainview.oversight.witness.store import WitnessStore, WitnessStoreError
from plainview.oversight.witness.witness import Witness
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.replay.bundled import Bundles
from plainview.replay.findings import Report
from plainview.replay.installed import Installed
from plainview.storage import SqliteRecords, StoreError
from plainview.storage.filesystem import PARTIAL

VERIFICATIONS = 3_600_000
"""Milliseconds at least from one announcement of how far all was re-run to the next."""
PASSING = (OSError, StoreError, JournalDamaged, LedgerError, OwnLogDamaged)
"""What may pass, or be mended while the program runs."""
SIGNING = 10.0
"""Seconds at most from signing a checkpoint to showing it."""
PATIENCE = 60.0
"""Seconds for which an operator may say no to records before that is a finding: the clocks may be apart."""


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
        self._keys, self._outside, self._audit_by = keys, outside, audit
        self._url = url
        self.log = OwnLog(path / LOG, keys.log)
        self._outbox = Outbox(OperatorServer(url), outside.monotonic)
        self._witnessed = WitnessStore(path / WITNESS)
        self._doubts: deque[tuple[Note, str]] = deque()
        """Checkpoints that the witness was handed, and that were not shown to continue what it had cosigned."""
        self.witness = Witness(
            [], [keys.witness], self._witnessed, lambda: outside.clock() // 1000, self._outbox.withheld,
            lambda note, reason: self._doubts.append((note, reason)),
        )  # fmt: skip
        self._telling = Telling(told, Findings(path / FINDINGS), self._announce_finding)
        self._following = Following(
            digest, url, MirrorFiles(path / MIRROR), outside.pool, tuple(charters), (keys.witness.key, self._cosigned),
            self._telling.convict,
        )  # fmt: skip
        self._copy = JournalCopy(SqliteRecords(path / JOURNAL, writing=True))
        self._requests = Requests(path / REQUESTS)
        self._clocks = Clocks()
        self._rerunning = Rerunning(self._copy.journal, audit.installed, audit.bundles, outside.monotonic)
        self._draws = Draws(path / DRAWS, audit.sample, self._announce, outside.entropy)
        self._receipts = MirrorFiles(path / CANARIES)
        self._canaries = Canaries(path / CANARIES, App(url), audit.canaries, outside.clock, outside.entropy)
        self._verified_pages, self._verified_again = 0, 0
        self._looked = 0.0
        self._refused_since: float | None = None
        self.ended = False
        """Whether the log has contradicted itself: there is nothing left to follow."""
        self._know()
        if self._following.mirrored is not None:  # before anything is cosigned
            self._hold_acts(self._following.mirrored)

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
            self._find("act", index, "", detail, mirrored, {index})
        while self._doubts:
            note, reason = self._doubts.popleft()
            size = parse_checkpoint(note.text).size
            detail = f"{reason}\n{note.encode().decode()}"
            self._find("rewritten", mirrored.checkpoint.size, f"a tree of {size:,} records", detail, mirrored, ())
        self._hold_acts(mirrored)
        self._hold_accesses(mirrored, grown=size != before)
        self._hold_promises()
        charter = self._following.charter
        if size != before and charter is not None:
            self._clocks.cosigned(size, [one.time for one in charter.policy.witnessed(mirrored.note) if one.time])

    def deliver(self) -> None:
        """Hand in what the operator's log has not."""
        for line in self._outbox.deliver():
            self._telling.say(line)

    def visit(self) -> None:
        """Have the partner's own viewers ask for a page each."""
        mirrored, charter = self._following.mirrored, self._following.charter
        if mirrored is None or charter is None:
            return
        try:
            for one in self._canaries.visit(charter.policy):
                self._wrong(one, mirrored)
        except (Unanswered, Odd) as error:
            self._telling.remark("visit", [f"the partner's viewers are not served: {error}"])
        else:
            self._telling.remark("visit", [])

    def audit(self, whole: bool = False) -> None:
        """Take up what the log has and the copy has not, re-run it, and go on with draws.

        With `whole` all that is here is re-run, and pages that come later behind an epoch each for itself.
        """
        mirrored = self._following.mirrored
        if mirrored is None:
            return
        try:
            self._take_up(mirrored)
            self._rerun(mirrored, whole)
            for one in self._canaries.compare(self._copy.journal):
                self._wrong(one, mirrored)
            self._check_clocks(mirrored)
            self._draw(mirrored)
        except PASSING as error:
            self.met("audit", error)

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

    def _know(self) -> None:
        charter = self._following.charter
        if charter is not None:
            self.witness.know([log.key for log in charter.policy.logs])

    def _cosigned(self, wanted: str) -> bytes | None:
        try:
            return self._witnessed.note(wanted)
        except WitnessStoreError as error:
            raise FetchError(str(error)) from error

    def _hold_acts(self, mirrored: Mirrored) -> None:
        charter = self._following.charter
        assert charter is not None
        try:
            entries = self.log.entries()
        except (OwnLogDamaged, OSError) as error:
            self._telling.could_not("log", str(error))
            return
        taken = self._following.index_of
        for line in self._outbox.look(entries, lambda note: taken(note) is not None, mirrored.checkpoint.size, charter):
            self._telling.say(line)
        for one in self._outbox.swallowed():
            detail = f"{one.told}\n{one.note}"
            self._find("swallowed", mirrored.checkpoint.size, f"act {one.index}", detail, mirrored, ())

    def _hold_accesses(self, mirrored: Mirrored, *, grown: bool) -> None:
        """Hold the accesses of the log against what the partner asked for."""
        foreign = []
        while self._following.accesses:
            index, access = self._following.accesses.pop()
            digest = to_bytes(access.request)
            self._requests.seen(digest)
            if access.by == self._keys.auditor.key.name and not self._requests.made(digest):
                foreign.append(index)
        if foreign:
            said = (
                f"{len(foreign):,} accesses, the first record {min(foreign):,}, say that the auditor's key asked for "
                "them, and this directory's program did not: another one has the key, or the operator made them up"
            )
            self._telling.remark("accesses", [said])
        looked, self._looked = self._looked, self._outside.monotonic()
        if grown:  # since the look before: by a tree that was signed after what was durable a while earlier
            for digest in self._requests.unseen(looked - SIGNING):
                detail = "records were opened to the partner, and no access was written down before the log grew"
                self._find("access", mirrored.checkpoint.size, to_text(digest), detail, mirrored, ())

    def _check_clocks(self, mirrored: Mirrored) -> None:
        """Journal time lies within the times of those who cosigned around it, give or take the charter's tolerance."""
        charter = self._following.charter
        assert charter is not None
        tolerance = charter.bounds.clock_tolerance
        for index, detail in self._clocks.outside(self._copy.journal, self._copy.size, tolerance):
            self._find("clock", index, "", detail, mirrored, {index})

    def _hold_promises(self) -> None:
        """Hold the log to what it promised the partner's viewers: merge deadlines, too."""
        late = []
        for name in self._receipts.names(RECEIPTS):
            if name.endswith(PARTIAL) or (data := self._receipts.read(name)) is None:
                continue  # it is being written
            try:
                receipt = parse_receipt(data)
                if self._following.keeps(receipt.note()):
                    self._receipts.remove(name)
                    continue
            except Misbehaved as error:
                self._telling.prove(error)
                self._receipts.remove(name)
                continue
            except (MirrorError, LedgerError) as error:
                self._telling.remark("promises", [f"{name}: {error}"])
                return
            if parse_promise(receipt.note().text).deadline < self._outside.clock():
                late.append(receipt.index)
        which = ", ".join(map(str, late[:5]))
        said = f"entries promised by now are not there ({which}); nothing that was cosigned proves it"
        self._telling.remark("promises", [said] if late else [])

    def _wrong(self, one: Wrong, mirrored: Mirrored) -> None:
        self._find("canary", one.index, f"{one.which}: {one.detail}"[:200], one.detail, mirrored, {one.index})

    def _take_up(self, mirrored: Mirrored) -> None:
        charter = self._following.charter
        assert charter is not None
        records = Records(
            self._url,
            charter.origin,
            self._keys.auditor,
            self._requests,
            self._outside.clock,
            self._outside.monotonic,
            self._outside.entropy,
        )
        asked = 0

        def open_(first: int, until: int) -> list[Frame]:
            nonlocal asked
            asked = first
            return records.open(first, until)

        self._telling.unable.pop("audit", None)
        while (start := self._copy.size) < (size := mirrored.checkpoint.size):
            entries = list(mirrored.entries(start, min(start + BATCH, size)))
            try:
                self._copy.take(entries, open_)
            except Unfit as error:
                detail = f"{error.detail}; nothing after it can be re-run until it is opened"
                self._find("opening", error.index, "", detail, mirrored, {error.index})
                return
            except Unanswered as error:
                self._telling.could_not("audit", f"records from {start:,} on are not opened for now: {error}")
                return
            except Withheld as error:
                self._withheld(asked, str(error), mirrored)
                return
            self._refused_since = None
        self._telling.could("audit")

    def _withheld(self, index: int, said: str, mirrored: Mirrored) -> None:
        now = self._outside.monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        self._telling.could_not("audit", f"records from {index:,} on are not opened: {said}")
        if now - self._refused_since > PATIENCE:
            self._find("opening", index, "", said, mirrored, {index})

    def _rerun(self, mirrored: Mirrored, whole: bool) -> None:
        report = self._rerunning.go_on(whole) if self._copy.size else None
        if report is None:
            return
        upto = self._rerunning.upto
        for one in report.differing:
            self._find(
                "re-run", one.index, one.stage, one.detail, mirrored, related(one.index, self._copy.journal),
                self._audit_by.installed.digest,
            )  # fmt: skip
        said = f"records below {upto:,} re-run: {report.pages:,} pages, {report.identical:,} identical"
        if report.inconclusive:
            said += f", {sum(report.inconclusive.values()):,} of other releases not re-run"
        if report.unreached:
            said += f", {report.unreached:,} not to be reached"
        self._telling.say(said)
        self._verified(report, upto, mirrored)

    def _verified(self, report: Report, upto: int, mirrored: Mirrored) -> None:
        """Announce now and then how far all was re-run, once pages have come: each announcement is a record itself."""
        now = self._outside.clock()
        whole = upto == report.records + report.missing <= mirrored.checkpoint.size  # or pages above it are counted
        if not whole or report.pages == self._verified_pages or now < self._verified_again:
            return
        self._verified_pages, self._verified_again = report.pages, now + VERIFICATIONS
        inconclusive = sum(report.inconclusive.values())
        self._announce(
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

    def _draw(self, mirrored: Mirrored) -> None:
        draws, now = self._draws, self._outside.clock()
        last = draws.last
        due = last is None or now - last.began >= self._audit_by.draw_every
        if due and (begun := draws.begin(now)) is not None:
            self._telling.say(f"draw {begun.number} is announced")
        drawn = draws.go_on(self._following.index_of, mirrored.root, self._following.pages)
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
            self._find("draw", at, f"draw {revealed.number}", said, mirrored, related(at, self._copy.journal))

    def _find(
        self,
        what: What,
        index: int,
        stage: str,
        detail: str,
        mirrored: Mirrored,
        records: Iterable[int],
        release: str = DASHES,
    ) -> None:
        """Keep a finding and announce it, once."""
        same = (what, stage) if what == "swallowed" else (what, index, stage)
        if not self._telling.is_new(*same):
            return
        exhibits = {*records, *self._following.charter_indexes}
        made = finding(what, index, stage, detail, mirrored, exhibits, self._copy.journal, release)
        self._telling.find(made, *same)

    def _announce_finding(self, made: Finding) -> None:
        file = hashlib.sha256(made.encode()).digest()
        record = None if made.what in ("swallowed", "access") else made.index  # what the log has not
        self._announce("finding", {"file": file, "record": record, "sentence": made.sentence()[:TEXT_LIMIT].strip()})

    def _announce(self, kind: str, fields: dict[str, object]) -> str | None:
        charter = self._following.charter
        assert charter is not None
        return announce(self.log, self._keys.auditor, charter.origin, kind, fields)
