"""Data directories whose journal has begun, and amendments of their charters: where tests get them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT
from plainview.journal import Draft, Fence, Journal, PlainSealer
from plainview.keys.key_files import read_key
from plainview.ledger.charters import AGREEING, Charter
from plainview.ledger.notes import Note
from plainview.platform.charters import Charters
from plainview.platform.home import Home
from plainview.platform.local_charter import begin_locally
from plainview.platform.local_licence import license_locally
from plainview.platform.log.opening import KEY
from plainview.records import Charter as CharterRecord
from plainview.storage import SqliteRecords
from plainview.storage.sqlite import DATABASE


def parties_of(path: Path) -> Path:
    """Where the keys of those lie who signed the charter of the home in `path`."""
    return path.with_name(f"{path.name}-parties")


def begun(path: Path, *, licensed: bool = True) -> Home:
    """The home in `path`, begun where nothing is there yet; with the installed release approved, unless not."""
    home = Home(path)
    if not (path / DATABASE).exists():
        begin_locally(home, parties_of(path))
        if licensed:
            license_locally(home, parties_of(path))
    return home


def size_of(path: Path) -> int:
    """How many records the journal in `path` has."""
    with closing(Home(path).read()) as journal:
        return journal.size


def charter_of(path: Path) -> Charter:
    """The charter in force in the home in `path`."""
    with closing(Home(path).read()) as journal:
        return Charters(journal).in_force.charter


def amendment(path: Path, signing: Iterable[str] = AGREEING, **changes: object) -> Note:
    """What amends the charter in force there, signed by who began it."""
    before = charter_of(path)
    follows = {"number": before.number + 1, "previous": before.digest()}
    text = replace(before, **(follows | changes)).text()
    return Note(text, tuple(read_key(parties_of(path) / role / KEY).sign(text) for role in signing))


def put(path: Path, note: str) -> None:
    """Append a charter's record as a writer does that checks nothing."""
    with closing(Journal(SqliteRecords(path, writing=True), PlainSealer(), Fence(DEFAULT.max_lag, 0))) as journal:
        journal.append([Draft(CharterRecord(time=0, note=note))])
