"""What the program tells, a line at a time and each once, and what it keeps of what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from plainview.ledger.spelling import printable
from plainview.oversight.findings import Finding
from plainview.oversight.mirror.mirror import Misbehaved
from plainview.oversight.partner.keeping import Findings


class Told(NamedTuple):
    """Whom it tells what."""

    say: Callable[[str], None]
    """What has changed, as it should."""
    remark: Callable[[str], None]
    """What keeps it from going on, or is odd."""
    found: Callable[[str], None]
    """What was found wrong."""


class Telling:
    """May be used from many threads, each for things of its own."""

    def __init__(self, told: Told, findings: Findings, announce: Callable[[Finding], None]) -> None:
        """`announce` is told of each finding that is new."""
        self._told = told
        self._findings = findings
        self._announce = announce
        self._remarked: dict[str, list[str]] = {}
        self._met: set[tuple[object, ...]] = set()
        self.unable: dict[str, str] = {}
        """What could not be done the last time, and why."""

    @property
    def findings(self) -> int:
        """Met since the start, those that were known too."""
        return len(self._met)

    def say(self, line: str) -> None:
        """Tell that something has changed."""
        self._told.say(line)

    def remark(self, what: str, remarks: list[str]) -> None:
        """Tell what is odd of something, where that is not what was told last."""
        if self._remarked.get(what, []) != remarks:
            self._remarked[what] = remarks
            for remark in remarks:
                self._told.remark(remark)

    def could_not(self, what: str, why: str) -> None:
        """Tell that something could not be done."""
        self.unable[what] = why
        self.remark(what, [why])

    def could(self, what: str) -> None:
        """It could be done."""
        self.unable.pop(what, None)
        self._remarked.pop(what, None)

    def is_new(self, *same: object) -> bool:
        """Whether nothing was found yet that is the same."""
        return same not in self._met

    def find(self, made: Finding, *same: object) -> None:
        """Keep a finding, and tell and announce it where it was not kept before this start either."""
        path = self._findings.keep(made)
        self._met.add(same)
        if path is not None:
            self._told.found(f"{made.sentence()}; {printable(str(path))}")
            self._announce(made)

    def prove(self, error: Misbehaved) -> None:
        """Keep a proof against the log, too."""
        if self._findings.keep_file(error.path) is not None:
            self._told.found(str(error))
        self._met.add(("proof", error.path.name))

    def convict(self, error: Misbehaved) -> None:
        """Keep a proof against a witness, too: the log is followed on."""
        if self._findings.keep_file(error.path) is not None:
            self._told.found(f"{error}; the log is followed on, and that word no longer counts")
