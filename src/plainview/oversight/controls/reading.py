"""Reads a partner's directory: nothing in it is believed that was not held against the log's root here and now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from plainview.ledger import broken_promises, misbehaviour
from plainview.ledger.acts import parse_act
from plainview.ledger.errors import LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Accepted
from plainview.ledger.promises import parse_promise
from plainview.oversight.charters import Charters
from plainview.oversight.controls.bearing import BROKEN_PROMISE, MISBEHAVIOUR
from plainview.oversight.controls.evidence import Canaries, Evidence, Found, Gathering, Outside, Own, Reported
from plainview.oversight.controls.verdicts import Counted
from plainview.oversight.findings import VERSION, parse_finding
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.canaries import RECEIPTS, Canary
from plainview.oversight.partner.directory import (
    CANARIES,
    FINDINGS,
    JOURNAL,
    LOG,
    REPORTS,
    REQUESTS,
    Keys,
    read_keys,
)
from plainview.oversight.partner.following import Mirrored
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.log_records import LogRecords, mirrored_in
from plainview.oversight.partner.outbox import check_act
from plainview.oversight.partner.reports import Reports
from plainview.oversight.partner.requests import Requests
from plainview.oversight.receipts import parse_receipt
from plainview.oversight.reports.counting import Counting
from plainview.records import Access, Act, Order, Page
from plainview.records.codec import decode
from plainview.records.digests import note_digest
from plainview.records.fields import to_bytes
from plainview.storage.filesystem import PARTIAL

Prove = Callable[[str, bytes], bool]
"""Whether what was found follows from its file, by its name and bytes; else only that its records are in the log.
Raises LedgerError where that does not hold either."""


def read_evidence(path: Path, digest: bytes, time: int, prove: Callable[[Charters], Prove]) -> Evidence:
    """What is in the partner's directory, by the digest of the log's first charter; `time` is now, in Unix ms.

    `prove` is given the log's charters. Raises DirectoryError where nothing was followed yet, and KeyFileError,
    JournalDamaged, StoreError, OwnLogDamaged, LedgerError and OSError where what is there is damaged.
    """
    keys, mirrored = read_keys(path), mirrored_in(path)
    charters, gathering, requests = Charters(digest), Gathering(), Requests(path / REQUESTS)
    notes: dict[bytes, int] = {}
    files = MirrorFiles(path / CANARIES)
    canaries = {canary.viewer: canary for canary in _canaries(files)}
    foreign, shown = Counted("access"), 0
    reports = tuple(
        Reported(*one, Counting(one.report.start, one.report.upto)) for one in Reports(path / REPORTS).all()
    )
    with closing(LogRecords(path / JOURNAL, mirrored)) as copy:
        for index, kind, record, commitment, entry in copy.records():
            if index == 0 or kind == "charter":
                _take_charter(charters, index, entry)
            for one in reports:
                one.counting.take(index, entry, record)
            if record is None:
                gathering.pass_over(index, entry)
                continue
            gathering.take(index, kind, record, commitment)
            match record:
                case Act() | Order():
                    notes.setdefault(note_digest(record.note), index)
                case Page() if (canary := canaries.get(record.viewer)) is not None and index < canary.checked:
                    shown += 1
                case Access(by=keys.auditor.key.name) if not requests.made(to_bytes(record.request)):
                    foreign.add(index)
                case _:
                    pass
    accepted, uncounted = _accepted(charters, mirrored)
    return gathering.evidence(
        Outside(
            time=time,
            size=mirrored.checkpoint.size,
            opened=copy.size,
            witnessed=None if accepted is None else accepted.witnessed,
            uncounted=uncounted,
            foreign=foreign.cited(),
            roots={size: mirrored.root(size) for size in sorted(gathering.sizes) if size <= mirrored.checkpoint.size},
            found=tuple(_findings(path / FINDINGS, prove(charters))),
            own=tuple(_own(path / LOG, keys, notes, charters)),
            reports=reports,
            canaries=Canaries(len(canaries), shown, len(set(_late(files, mirrored, accepted)))),
        )
    )


def _take_charter(charters: Charters, index: int, entry: bytes) -> None:
    try:
        charters.take(index, entry)
    except ProofError:
        if index == 0:
            raise  # any other that is not in force, the acts tell


def _accepted(charters: Charters, mirrored: Mirrored) -> tuple[Accepted | None, str]:
    """What the checkpoint says, where the charters accept it; else why they do not. Raises LedgerError where the log's
    key has not signed it."""
    head = mirrored.checkpoint
    if charters.last is None or head.origin != charters.last.origin:
        raise ProofError(f"what was mirrored is another log, {head.origin}")
    wrong: list[LedgerError] = []
    for policy in charters.policies(head.size):
        try:
            return policy.check(mirrored.note), ""
        except (PolicyError, SignatureError) as error:
            wrong.append(error)
    short = [error for error in wrong if isinstance(error, PolicyError)]
    if not short:
        raise wrong[0]
    return None, str(short[0])


def _own(directory: Path, keys: Keys, notes: dict[bytes, int], charters: Charters) -> Iterator[Own]:
    charter = charters.last
    assert charter is not None
    for place, entry in enumerate(OwnLog(directory, keys.log).entries()):
        act, left = parse_act(parse_note(entry).text), ""
        try:
            check_act(entry, charter)
        except LedgerError as error:
            left = str(error)
        yield Own(place, act, notes.get(note_digest(entry.decode())), left)


def _findings(directory: Path, prove: Prove) -> Iterator[Found]:
    for path in sorted(directory.iterdir()):
        if path.name.endswith(PARTIAL):
            continue  # it is being written
        data = path.read_bytes()
        shown, unproven = False, ""
        try:
            shown = prove(path.name, data)
        except LedgerError as error:
            unproven = str(error)
        yield replace(_found(path.name, data, unproven), shown=shown)


def _found(name: str, data: bytes, unproven: str) -> Found:
    digest, version = hashlib.sha256(data).digest(), data.partition(b"\n")[0].decode("ascii", "replace")
    try:
        if version == VERSION:
            one = parse_finding(data)
            act = one.detail.partition("\n")[2] if one.what == "swallowed" else ""
            return Found(name, digest, one.what, one.stage, one.index, one.sentence(), unproven, act)
        if version == misbehaviour.VERSION:
            misbehaviour.parse_misbehaviour(data)
            said = "somebody who signs for the log has contradicted themselves"
            return Found(name, digest, MISBEHAVIOUR, "", None, said, unproven)
        if version == broken_promises.VERSION:
            index = parse_promise(broken_promises.parse_broken_promise(data).promise.text).index
            said = f"the log promised an entry {index:,}, and did not keep that"
            return Found(name, digest, BROKEN_PROMISE, "", index, said, unproven)
    except LedgerError as error:
        return Found(name, digest, "", "", None, f"the file is damaged: {error}", unproven or str(error))
    return Found(name, digest, "", "", None, "no file of a finding", unproven or "it is of no kind that can be checked")


def _canaries(files: MirrorFiles) -> Iterator[Canary]:
    for name in (path.removeprefix("./") for path in files.names(".")):
        if name.isdecimal() and (data := files.read(name)) is not None:
            yield decode(Canary, data)


def _late(files: MirrorFiles, mirrored: Mirrored, accepted: Accepted | None) -> Iterator[int]:
    """Entries that the log promised in receipts which nobody has held it to yet, and should have by now and has not."""
    times = [one.time * 1000 for one in accepted.witnessed] if accepted else []
    for name in files.names(RECEIPTS):
        if name.endswith(PARTIAL) or (data := files.read(name)) is None:
            continue  # it is being written
        promise = parse_promise(parse_receipt(data).note().text)
        if promise.index < mirrored.checkpoint.size:
            (entry,) = mirrored.entries(promise.index, promise.index + 1)
            if leaf_hash(entry) != promise.leaf:
                yield promise.index
        elif any(time > promise.deadline for time in times):
            yield promise.index
