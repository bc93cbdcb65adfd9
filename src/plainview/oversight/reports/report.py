"""A transparency report as text: who, which records, and numbers, each with a mark that says who can compute it."""

from __future__ import annotations

import hashlib
import re
from typing import Literal, NamedTuple

import msgspec

from plainview.ledger.charters import digest_text, parse_digest
from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.notes import NOTE_LIMIT, Note, check_key_name, parse_note
from plainview.ledger.spelling import shown

TITLE = "plainview/report/v1"
"""The first line of a report."""
SUFFIX = ".plainview-report"

Mark = Literal["public", "opened"]
PUBLIC: Mark = "public"
"""Anybody can compute it, from the log's public entries."""
OPENED: Mark = "opened"
"""It takes the private records, which are opened to the partner."""

_WORD = "[a-z0-9][a-z0-9._:-]*"
_NUMBER = re.compile(rf"({_WORD}(?: {_WORD})*) ((?:0|[1-9]\d*)(?:/[1-9]\d*)?)", re.ASCII)


class Number(NamedTuple):
    """One of a report."""

    mark: Mark
    name: str
    """Words with a space between."""
    value: str
    """A whole number, or two of them as `n/m`: n out of m."""


class Report(msgspec.Struct, frozen=True):
    """What an auditor signs."""

    log: str
    """The log's origin."""
    number: int
    """1 for the first; each counts one up."""
    start: int
    upto: int
    """It is on the records from `start` on and below that index."""
    root: bytes
    """Of the log's tree of `upto` records."""
    verification: int
    """Index of the act that says what came of re-running all pages below `upto`."""
    numbers: tuple[Number, ...]

    def text(self) -> str:
        """The one text of this report."""
        lines = [
            TITLE,
            f"log {self.log}",
            f"number {self.number}",
            f"start {self.start}",
            f"upto {self.upto}",
            f"root {digest_text(self.root)}",
            f"verification {self.verification}",
            *(" ".join(one) for one in self.numbers),
        ]
        return "".join(f"{line}\n" for line in lines)

    def digest(self) -> bytes:
        """SHA-256 of the text: what the act that announces it names."""
        return hashlib.sha256(self.text().encode()).digest()

    @property
    def what(self) -> str:
        """It, in words."""
        return f"report {self.number:,} on records {self.start:,} to {self.upto - 1:,}"


def parse_report(text: str) -> Report:
    """The report whose `text` this is; else FormatError, which names the line."""
    if not text.endswith("\n"):
        raise FormatError("report: the last line has no newline")
    lines = Lines(text.removesuffix("\n"), "report")
    lines.take_whole(TITLE)
    log = lines.take("log")
    check_key_name(log)
    number, start, upto = (lines.take_number(name) for name in ("number", "start", "upto"))
    root = parse_digest(lines.take("root"), lines.where)
    verification = lines.take_number("verification")
    numbers = tuple(_numbers(lines))
    if number < 1 or start >= upto:
        raise FormatError(f"report: number {number} on records from {start} until {upto}: there is no such one")
    return Report(log, number, start, upto, root, verification, numbers)


def read_report(data: bytes) -> tuple[Note, Report]:
    """A report's file: the signed note, and the report that is its text. FormatError where it is none."""
    if len(data) > NOTE_LIMIT:
        raise FormatError(f"report: more than {NOTE_LIMIT:,} bytes, which none has")
    note = parse_note(data)
    return note, parse_report(note.text)


def _numbers(lines: Lines) -> list[Number]:
    found: dict[str, Number] = {}
    while mark := next((one for one in (PUBLIC, OPENED) if lines.next_is(one)), None):
        said = lines.take(mark)
        parts = _NUMBER.fullmatch(said)
        if parts is None:
            raise FormatError(f"{lines.where}: {shown(said)} is not a name and a number")
        if parts[1] in found:
            raise FormatError(f"{lines.where}: {shown(parts[1])} stands there twice")
        found[parts[1]] = Number(mark, parts[1], parts[2])
    lines.end(f"`{PUBLIC}` or `{OPENED}`")
    return list(found.values())
