"""What the partner itself knows, held against the log as it grows: its acts and accesses, promises made to its viewers,
times at which witnesses cosigned."""

from __future__ import annotations

from collections.abc import Callable

from plainview.ledger.errors import LedgerError
from plainview.ledger.promises import parse_promise
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import MirrorError, Misbehaved
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.clocks import Clocks
from plainview.oversight.partner.following import Following, Mirrored
from plainview.oversight.partner.log import OwnLog, OwnLogDamaged
from plainview.oversight.partner.outbox import Outbox
from plainview.oversight.partner.reporting import Reporting
from plainview.oversight.partner.requests import Requests
from plainview.oversight.receipts import parse_receipt
from plainview.oversight.tallies import Off
from plainview.records.fields import to_bytes, to_text
from plainview.storage.filesystem import PARTIAL

SIGNING = 10.0
"""Seconds at most from signing a checkpoint to showing it."""


class Holding:
    """For the thread that follows. `clock` gives Unix milliseconds, `monotonic` seconds that never go back."""

    def __init__(
        self,
        following: Following,
        reporting: Reporting,
        log: OwnLog,
        outbox: Outbox,
        requests: Requests,
        receipts: MirrorFiles,
        clocks: Clocks,
        auditor: str,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """`auditor` is the name of the key by which records are asked for."""
        self._following = following
        self._reporting = reporting
        self._telling = reporting.telling
        self._log = log
        self._outbox = outbox
        self._requests = requests
        self._receipts = receipts
        self._clocks = clocks
        self._auditor = auditor
        self._clock = clock
        self._monotonic = monotonic
        self._looked = 0.0

    def acts(self, mirrored: Mirrored) -> None:
        """Hold the log against the partner's own."""
        charter = self._following.charter
        assert charter is not None
        try:
            entries = self._log.entries()
        except (OwnLogDamaged, OSError) as error:
            self._telling.could_not("log", str(error))
            return
        taken = self._following.index_of
        for line in self._outbox.look(entries, lambda note: taken(note) is not None, mirrored.checkpoint.size, charter):
            self._telling.say(line)
        for one in self._outbox.swallowed():
            detail = f"{one.told}\n{one.note}"
            self._reporting.find("swallowed", mirrored.checkpoint.size, f"act {one.index}", detail)

    def accesses(self, mirrored: Mirrored, *, grown: bool) -> None:
        """Hold the accesses of the log against what the partner asked for."""
        foreign = []
        while self._following.accesses:
            index, access = self._following.accesses.pop()
            digest = to_bytes(access.request)
            self._requests.seen(digest)
            if access.by == self._auditor and not self._requests.made(digest):
                foreign.append(index)
        if foreign:
            said = (
                f"{len(foreign):,} accesses, the first record {min(foreign):,}, say that the auditor's key asked for "
                "them, and this directory's program did not: another one has the key, or the operator made them up"
            )
            self._telling.remark("accesses", [said])
        looked, self._looked = self._looked, self._monotonic()
        if grown:  # since the look before: by a tree that was signed after what was durable a while earlier
            for digest in self._requests.unseen(looked - SIGNING):
                detail = "records were opened to the partner, and no access was written down before the log grew"
                self._reporting.find("access", mirrored.checkpoint.size, to_text(digest), detail)

    def tallies(self) -> None:
        """Tell what of the operator's counts cannot be so, and what of them is lost: that an operator says itself."""
        tallied = self._following.tallied
        while tallied:
            one = tallied[0]
            if isinstance(one, Off):
                self._reporting.find("tally", one.index, one.stage, one.detail, one.records, opened=False)
            else:
                self._telling.say(
                    f"record {one.index:,} says that what became of feed requests from record {one.first:,} to "
                    f"{one.upto - 1:,} was counted and lost: of {one.pages:,} pages there nobody counts the answers"
                )
            del tallied[0]  # not before: a full disk may keep what was found from being written

    def promises(self) -> None:
        """Hold the log to what it promised the partner's viewers, and who asked about a page: merge deadlines, too."""
        late, odd = [], []
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
            except LedgerError as error:
                odd.append(f"{name}: {error}")
                continue
            except MirrorError as error:
                self._telling.remark("promises", [*odd, f"{name}: {error}"])
                return
            if parse_promise(receipt.note().text).deadline < self._clock():
                late.append(receipt.index)
        which = ", ".join(map(str, late[:5]))
        said = f"entries promised by now are not there ({which}); nothing that was cosigned proves it"
        self._telling.remark("promises", [*odd, said] if late else odd)

    def public_times(self, mirrored: Mirrored) -> None:
        """Hold the journal times that the log shows against those of its cosignatures, once it has grown."""
        charter = self._following.charter
        assert charter is not None
        cosigned = [one.time for one in charter.policy.witnessed(mirrored.note) if one.time]
        public, self._following.times = self._following.times, []
        tolerance = charter.bounds.clock_tolerance
        found = self._clocks.cosigned(mirrored.checkpoint.size, cosigned, public, tolerance)
        if found is not None:
            self._reporting.find("clock", found[0], "", found[1], {found[0]})
