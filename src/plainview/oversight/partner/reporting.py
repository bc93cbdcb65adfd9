"""What was found, as it becomes known: kept as a file, told, and announced by an act, each once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from plainview.journal import JournalReader
from plainview.ledger.signers import Signer
from plainview.oversight.findings import Finding, What
from plainview.oversight.partner.announcing import announce, announce_finding, announce_kept
from plainview.oversight.partner.following import Following
from plainview.oversight.partner.keeping import Findings, finding
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.telling import Telling, Told
from plainview.records.fields import DASHES


class Reporting:
    """May be used from many threads, each for things of its own. Asked for anything, it needs the log's charter."""

    def __init__(
        self, path: Path, told: Told, following: Following, journal: JournalReader, log: OwnLog, auditor: Signer
    ) -> None:
        """Findings lie in `path`, their exhibits are opened out of `journal`, acts stand in `log`."""
        self._findings = Findings(path)
        self.telling = Telling(told, self._findings, self._announce)
        self._following = following
        self._journal = journal
        self._log = log
        self._auditor = auditor

    def find(
        self,
        what: What,
        index: int,
        stage: str,
        detail: str,
        records: Iterable[int] = (),
        release: str = DASHES,
        *,
        opened: bool = True,
    ) -> None:
        """Keep a finding and announce it, once. Exhibits are these records, opened or not, and the log's charters."""
        same = {"swallowed": (what, stage), "ui": (what, index)}.get(what, (what, index, stage))
        if not self.telling.is_new(*same):
            return
        mirrored = self._following.mirrored
        assert mirrored is not None
        exhibits = {*records, *self._following.charter_indexes}
        made = finding(what, index, stage, detail, mirrored, exhibits, self._journal, release, opened=opened)
        self.telling.find(made, *same)

    def announce(self, kind: str, fields: dict[str, object]) -> str | None:
        """See `announcing.announce`."""
        return announce(self._log, self._auditor, self._origin, kind, fields)

    def announce_kept(self) -> None:
        """See `announcing.announce_kept`."""
        self.telling.remark("findings", announce_kept(self._log, self._auditor, self._origin, self._findings))

    @property
    def _origin(self) -> str:
        charter = self._following.charter
        assert charter is not None
        return charter.origin

    def _announce(self, made: Finding) -> None:
        announce_finding(self._log, self._auditor, self._origin, made)
