"""Where findings are kept: a directory of files, each finding once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from plainview.journal import Entry, JournalDamaged, JournalReader
from plainview.journal.authorship import registered_key
from plainview.journal.keys import epoch_key
from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import to_base64
from plainview.ledger.standing import Standing
from plainview.moderation.rules.pack import rules_of
from plainview.oversight.findings import FINDING_LIMIT, SUFFIX, Exhibit, Finding, What, parse_finding
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.public_entries import is_of_kind, public_kind
from plainview.records import PUBLIC, Decision, Epoch, Event, Page, Record, Release, Setting, Viewer, encode
from plainview.records.fields import DASHES, to_bytes, to_text


class Findings:
    """May be used from many threads. A file's name is made of what was found where, so that it is written once."""

    def __init__(self, directory: Path) -> None:
        self._files = MirrorFiles(directory)
        self._lock = threading.Lock()

    def keep(self, finding: Finding) -> Path | None:
        """Where it was written; None where the same was found before."""
        name, same = f"{finding.what}-{finding.index}", finding.stage
        if finding.what == "swallowed":  # by an ever larger log
            name = "swallowed"
        which = hashlib.sha256(same.encode()).hexdigest()[:8]
        return self._put(f"{name}-{which}{SUFFIX}", finding.encode())

    def keep_file(self, path: Path) -> Path | None:
        """Keep a proof that was written elsewhere, too. None where it is here."""
        return self._put(path.name, path.read_bytes())

    def all(self, odd: Callable[[str], None]) -> Iterator[Finding]:
        """Those that are kept, proofs left out. `odd` is told of each file that is none, or cannot be read."""
        for name in self._files.names("."):
            if not name.endswith(SUFFIX):
                continue
            try:
                data = self._files.read(name)
                if data is not None:
                    yield parse_finding(data)
            except (FormatError, OSError) as error:
                odd(f"{self._files.path(name)}, a finding, is passed over ({error}); move it away")

    def _put(self, name: str, data: bytes) -> Path | None:
        with self._lock, self._alone():
            if self._files.read(name) is not None:
                return None
            self._files.write(name, data)
        return self._files.path(name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While another process that keeps findings here waits: a page may be looked at while the program runs."""
        path = self._files.path(".")
        path.mkdir(parents=True, exist_ok=True)
        directory = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)


def finding(
    what: What,
    index: int,
    stage: str,
    detail: str,
    mirrored: Mirrored,
    records: Iterable[int],
    journal: JournalReader,
    release: str = DASHES,
    *,
    opened: bool = True,
) -> Finding:
    """A finding with these records of the log as exhibits, each opened as far as the copy has it, if they are to be.

    Where a file of all of them would be too large for a reader, the record that it is about is shown, and the charters.
    """
    wanted = sorted({one for one in records if one < mirrored.checkpoint.size})
    bare = Finding(
        what=what,
        index=index,
        stage=stage[:200],
        detail=detail[:20_000],
        release=release,
        checkpoint=mirrored.note.encode().decode(),
        records=(),
    )
    room = FINDING_LIMIT - len(bare.encode())
    return replace(bare, records=_exhibits(index, wanted, mirrored, journal if opened else None, room))


def related(index: int, journal: JournalReader, standing: Standing | None) -> set[int]:
    """The records beside that one of which a judge can see what is wrong with it, as far as they are few.

    `standing` is what the log's acts come to, as far as that is known: of a page the last revocation is among them.
    """
    entry = _entry(index, journal)
    found: set[int] = {index}
    if entry is None:
        return found
    record = entry.record
    if isinstance(record, Page):
        epoch = journal.find(epoch_key(record.epoch))
        found |= {epoch} if epoch is not None else set()
        found |= set(record.grounds)
        stops = () if standing is None else standing.revocations
        release = to_bytes(record.release)
        found |= set([one.index for one in stops if one.index < index and one.act.release == release][-1:])
        upto = min(record.request.acknowledged, index)
        with suppress(JournalDamaged):
            found |= {one.index for one in islice(journal.owned(entry.owner, record.viewer_upto, upto), 1)}
    elif isinstance(record, Epoch) and record.epoch:
        before = journal.find(epoch_key(record.epoch - 1))
        found |= {before} if before is not None else set()
    elif isinstance(record, Event):
        found.add(record.page)
    elif isinstance(record, (Setting, Viewer)):
        with suppress(JournalDamaged):
            told = (one for one in journal.owned(entry.owner, 0, index) if isinstance(one.record, Viewer))
            found |= {one.index for one in islice((one for one in told if registered_key([one.record]) != DASHES), 1)}
    with suppress(JournalDamaged):
        releases = journal.of_kind("release", 0, index, newest_first=True)
        found |= {one.index for one in islice((one for one in releases if _bears(one.record, record)), 1)}
    return found


def _bears(release: Record, record: Record) -> bool:
    """Whether a judge of a record asks for that release. All there are would be too much for a file: each brings its
    policies."""
    assert isinstance(release, Release)
    match record:
        case Page():
            return release.digest == record.release
        case Decision():
            with suppress(ValueError):
                return rules_of(release).name.digest == record.pack
            return False
        case _:
            return False


def in_charge(index: int, journal: JournalReader) -> str:
    """The release that a record was re-run with: the one in charge there; dashes where that cannot be told."""
    with suppress(JournalDamaged):
        for entry in journal.of_kind("release", 0, index + 1, newest_first=True):
            assert isinstance(entry.record, Release)
            return entry.record.digest
    return DASHES


def _exhibits(
    about: int, wanted: list[int], mirrored: Mirrored, journal: JournalReader | None, room: int
) -> tuple[Exhibit, ...]:
    """At most `room` bytes of them: all, else what is needed most. What no file can show, since it is no text, is
    left out."""
    shown: list[tuple[int, int, Exhibit]] = []  # how little each is needed, its bytes
    taken, allowed = 0, 2
    for index, entry, hashes in mirrored.shown(wanted):
        rank = 0 if index == about else 1 if is_of_kind("charter", entry) else 2
        if rank > allowed:
            continue
        exhibit = _exhibit(index, entry, hashes, journal)
        with suppress(UnicodeEncodeError):
            shown.append((rank, len(encode(exhibit)) + 1, exhibit))
            taken += shown[-1][1]
        while taken > room:
            allowed -= 1
            shown = [one for one in shown if one[0] <= allowed]
            taken = sum(size for _, size, _ in shown)
    return tuple(exhibit for _, _, exhibit in shown)


def _exhibit(index: int, entry: bytes, hashes: Sequence[bytes], journal: JournalReader | None) -> Exhibit:
    proof = tuple(map(to_base64, hashes))
    text = entry.decode("utf-8", "surrogateescape")
    if (kind := public_kind(entry)) in PUBLIC:
        return Exhibit(index=index, entry=text, proof=proof, kind=kind, salt="", body="")
    opened = None if journal is None else _entry(index, journal)
    if opened is None:
        return Exhibit(index=index, entry=text, proof=proof, kind="", salt="", body="")
    body = encode(opened.record).decode()
    return Exhibit(index=index, entry=text, proof=proof, kind=opened.kind, salt=to_text(opened.salt), body=body)


def _entry(index: int, journal: JournalReader) -> Entry | None:
    """A record of the copy; None where it is not there, or damaged."""
    try:
        return journal.entry(index)
    except (IndexError, JournalDamaged):
        return None
