"""A report on a log whose operator lies: who draws it up, control 44 and `plainview verify` read the same out of it."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.journal.frames import Frame
from plainview.keys.key_files import read_key
from plainview.ledger.acts import AnyAct, Draw, Finding, Reveal, Verification
from plainview.ledger.acts import Report as Announcement
from plainview.ledger.charters import digest_text
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.tree import Tree
from plainview.oversight.partner.copy import JournalCopy, Unfit
from plainview.oversight.partner.directory import JOURNAL, LOG, MIRROR, REPORTS
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.reports.report import read_report
from plainview.oversight.sampling import MOST_DRAWN
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.records import KIND_OF, PUBLIC, Act, Page, Record, encode
from plainview.records.digests import commitment
from plainview.records.fields import DASHES
from plainview.records.leaf import personal_leaf, public_leaf
from plainview.storage import SqliteRecords
from tests.cli.homes import invoke
from tests.oversight.partner.opened import frame, mirror_of
from tests.oversight.partner.partners import digest_of, partner_of
from tests.platform.homes import begun
from tests.platform.parties import Parties
from tests.records.examples import EXAMPLES

SALT, SECRET = bytes(32), bytes(range(32))
LATER = 1_000_000_000
"""Milliseconds."""


class Hostile:
    """A log whose operator writes down what it likes, and the directory of a partner to whom all of it is opened."""

    def __init__(self, path: Path) -> None:
        self._home, self.directory = path / "home", path / "partner"
        begun(self._home)
        self.keys = partner_of(self._home, self.directory)
        self._parties = Parties(self._home)
        with closing(Home(self._home).read()) as journal:
            entries = list(journal.read())
            self.leaves = journal.leaves(0, journal.size)
        self._frames = [frame(one) for one in entries]
        self.time = entries[-1].record.time  # type: ignore[attr-defined]  # all kinds have one
        self.origin = self._parties.origin

    def root(self) -> bytes:
        return Tree(map(leaf_hash, self.leaves)).root()

    def add(self, record: Any, **changes: Any) -> None:
        """Append it at the journal's time."""
        made: Record = replace(record, time=self.time, **changes)
        kind, body = KIND_OF[type(made)], encode(made)
        public = kind in PUBLIC
        self._frames.append(Frame(kind, b"" if public else SALT, body))
        self.leaves.append(public_leaf(kind, made) if public else personal_leaf(kind, commitment(SALT, body)))

    def act(self, act: AnyAct, by: str = "auditor", *, counts: bool = True) -> None:
        """Take down an act that a party has signed, or nobody whom the charter names."""
        stranger = self.keys.log.note(act.text()).decode()
        note = stranger if by == "stranger" else self._parties.note(act.text(), by)
        self.add(Act(time=0, note=note, counts=counts))

    def verified(self) -> Verification:
        """That all pages so far were re-run."""
        return Verification(self.origin, len(self.leaves), self.root(), 3, 3, 0, 0)

    def mirrored(self) -> None:
        """The partner has all of it."""
        mirror_of(self.leaves, self.directory / MIRROR, read_key(self._home / LOG / KEY))
        with closing(JournalCopy(SqliteRecords(self.directory / JOURNAL, writing=True))) as copy:
            while copy.size < len(self.leaves):
                copy.take(self.leaves[copy.size :], lambda first, until: self._frames[first:until])

    def judged(self, *arguments: object) -> tuple[int, str]:
        """What a command comes to, and what it says, by the log's charter."""
        made = invoke(*arguments, f"--charter={digest_text(digest_of(self._home))}")
        return made.exit_code, made.output


def lie(log: Hostile) -> None:
    """All that an operator can write down that is not so; between it stands what the auditor's report rests on."""
    page = EXAMPLES["page"]
    assert isinstance(page, Page)
    for n, (arms, orders) in enumerate(((("calm:on",), ()), (("calm:on", "no:such"), (1, 2**53 - 1)), ((), (0, 1)))):
        placed = (replace(page.items[0], video=number, selector="ordered") for number in orders)
        log.add(page, n=n, arms=arms, orders=orders, items=(*page.items, *placed))
    log.act(Draw(log.origin, 1, hashlib.sha256(SECRET).digest()))
    reveal = Reveal(log.origin, 1, SECRET, len(log.leaves), log.root(), 3, 2, 0)
    log.act(replace(reveal, pages=2**53 - 1, sampled=MOST_DRAWN + 1), "stranger")
    log.act(replace(reveal, differing=1), "operator")
    log.act(reveal)
    for by, counts in (("auditor", False), ("stranger", True), ("operator", True)):
        log.act(Finding(log.origin, bytes(32), 7, "record 7 is not what was appended"), by, counts=counts)
    for counts in (True, False):
        log.add(Act(time=0, note="no act", counts=counts))
    log.add(EXAMPLES["order"], order=1)  # pages above name it, and nobody gave it
    for first, until in ((1000, 1200), (9, 5)):
        log.add(EXAMPLES["access"], first=first, until=until)
    log.act(log.verified())
    log.act(Announcement(log.origin, 1, 0, len(log.leaves), log.root(), bytes(32)), "operator")
    log.act(log.verified())
    log.act(replace(log.verified(), identical=0, differing=3), "stranger")


NUMBERS = {
    "acts licence": "1", "acts submission": "1", "acts build": "2", "acts result": "1", "acts approval": "1",
    "acts draw": "1", "acts reveal": "1", "acts verification": "1", "acts wrong": "9", "findings": "0",
    "accesses audit granted": "2", "accesses audit records": "200",
    "rerun pages": "3", "rerun identical": "3", "rerun inconclusive": "0", "rerun differing": "0",
    "draw 1 pages": "3", "draw 1 sampled": "2", "draw 1 differing": "0", "draw 1 tampered-at-most": "1/3",
    "arm calm:on pages": "2", "arm no:such pages": "1", "orders unknown videos": "4/10",
}  # fmt: skip
"""By hand; before `lie` stand the acts of a home that has begun."""


def drawn_up(log: Hostile) -> tuple[Path, bytes]:
    """The file of the report, and the act that announces it."""
    lie(log)
    log.mirrored()
    drawn = invoke("oversee", "report", log.directory)
    assert drawn.exit_code == 0, drawn.output
    (announcing,) = OwnLog(log.directory / LOG, log.keys.log).entries()
    return log.directory / REPORTS / "1.plainview-report", announcing


def readers(log: Hostile, file: Path) -> tuple[int, str, str, str]:
    """What `plainview verify` comes to and says of the file, then what control 44 does."""
    code, said = log.judged("verify", file, "--copy", log.directory)
    (control,) = json.loads(log.judged("controls", log.directory, 44, "--json")[1])["controls"]
    return code, said, control["state"], control["said"]


def test_all_readers_find_the_same_whatever_the_operator_writes_down(tmp_path: Path) -> None:
    log = Hostile(tmp_path)
    file, announcing = drawn_up(log)
    report = read_report(file.read_bytes())[1]
    some = tuple({name.split()[0] for name in NUMBERS} | {"order"})
    assert {one.name: one.value for one in report.numbers if one.name.startswith(some)} == NUMBERS
    code, said, state, _ = readers(log, file)
    assert (code, "this copy has no such act yet" in said, state) == (0, True, "not applicable"), said
    announced = len(log.leaves)
    log.add(Act(time=0, note=announcing.decode(), counts=True))
    log.mirrored()
    code, said, state, told = readers(log, file)
    assert (code, f"and announced by record {announced}.\n" in said, state) == (0, True, "met"), (said, told)
    assert f"Proven: all {len(report.numbers)} numbers of report 1 on records 0 to {report.upto - 1} " in said
    assert log.judged("verify", file, "--copy", log.directory / MIRROR)[0] == 0  # its public numbers
    for name in ("acts wrong", "accesses audit records", "draw 1 differing", "orders unknown videos"):
        changed = (one._replace(value=f"7{one.value}") if one.name == name else one for one in report.numbers)
        file.write_bytes(log.keys.auditor.note(replace(report, numbers=tuple(changed)).text()))
        code, said, state, told = readers(log, file)
        assert (code, state) == (1, "not met"), (said, told)
        assert f" {name} is 7{NUMBERS[name]}, and {NUMBERS[name]} by the log" in told
        assert told in said


def test_an_entry_that_nobody_can_read_moves_journal_time_for_all_readers(tmp_path: Path) -> None:
    """What is announced behind it came at a time that goes back, and does not count."""
    log = Hostile(tmp_path)
    file, announcing = drawn_up(log)
    log.leaves.append(b'{"k":"act","c":"%s","p":{"time":%d,' % (DASHES.encode(), log.time + LATER))
    log.leaves.append(public_leaf("act", Act(time=log.time, note=announcing.decode(), counts=True)))
    with pytest.raises(Unfit):
        log.mirrored()
    code, said, state, told = readers(log, file)
    assert (code, "this copy has no such act yet" in said, state) == (0, True, "not applicable"), (said, told)
