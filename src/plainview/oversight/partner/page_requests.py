"""What a viewer is answered who asks about a page of theirs: whether the log has what they were shown, and whether it
comes out again.

Whoever has a page's receipt can open its leaf: the viewer, the operator and the partner can, and nobody else. So it is
all that is asked for, and what is answered is of that page alone.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.notes import Note
from plainview.ledger.policies import Policy
from plainview.oversight.charters import Charters
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.following import Following, Mirrored
from plainview.oversight.partner.rerunning import Rerunning
from plainview.oversight.receipts import Receipt, parse_receipt
from plainview.records import Page, RecordError, decode
from plainview.replay.findings import Report

BODY_LIMIT = 1 << 20
"""Bytes of a request: an answer with a whole trace has less."""
RATE = 10.0
"""Receipts a second that are looked into, of all viewers together: what is none of the log's takes no one's turn."""
BURST = 50
"""That may come at once."""
OPEN = 1000
"""Receipts that wait for the log to have their page, at most."""

Verdict = Literal["identical", "differs", "inconclusive", "waiting", "broken"]


class Answer(msgspec.Struct, frozen=True):
    """What is known of one page."""

    verdict: Verdict
    """`identical`: computed again it is the same, to the byte. `differs`: it is not. `inconclusive`: it could not be
    judged. `waiting`: it was not looked at yet. `broken`: the log has another record there than it promised."""
    index: int
    """Of the page's record in the log."""
    upto: int
    """All records of the log below it were looked at."""
    said: str
    """In words."""


class Busy(Exception):
    """No request is looked into for now, and why."""


def claim(data: bytes, charters: Charters) -> Receipt:
    """The receipt that a viewer handed in, which the log has promised, with the signatures by which that is so alone.

    Raises LedgerError where it is none.
    """
    receipt = parse_receipt(data)

    def check(policy: Policy) -> Receipt:
        origin = receipt.check(policy).origin
        note, known = receipt.note(), {(key.name, key.key_id) for key in policy.keys_of(origin)}
        signed = tuple(one for one in note.signatures if (one.name, one.key_id) in known)
        return replace(receipt, promise=Note(note.text, signed).encode().decode())

    return charters.judged(receipt.index, check)


def hold(receipt: Receipt, mirrored: Mirrored) -> Answer | None:
    """What there is to say of a receipt whose page the log has not; None where it has it. Raises LedgerError."""
    index, size = receipt.index, mirrored.checkpoint.size
    if index >= size:
        said = f"the log has promised this page as record {index:,}, and is known here up to {size:,}: ask again later"
        return Answer("waiting", index, size, said)
    (entry,) = mirrored.entries(index, index + 1)
    if entry == receipt.entry():
        return None
    said = f"the log has promised this page as record {index:,}, and has another record there"
    return Answer("broken", index, size, said)


def hand_over(answer: Answer, receipt: Receipt, receipts: MirrorFiles) -> Answer:
    """Have the log held to what it promised, by who follows it: of a broken promise there will be a proof.

    Of a receipt that `claim` gave, and of each promise once. Not for two threads at once. The answer says so where too
    many wait already.
    """
    promised = hashlib.sha256(receipt.note().text.encode()).hexdigest()
    name = f"{RECEIPTS}/asked-{receipt.index}-{promised}.json"
    if receipts.read(name) is not None:
        return answer
    if len(receipts.names(RECEIPTS)) >= OPEN:
        said = f"{answer.said}; {OPEN:,} receipts wait to be held against the log, and this one is not kept"
        return replace(answer, said=said)
    receipts.write(name, msgspec.json.encode(receipt))
    return answer


def judge(receipt: Receipt, report: Report, upto: int) -> Answer:
    """What re-running all records below `upto`, or that page alone, came to for a page that the log has.

    Raises FormatError where what was promised is no page.
    """
    index = receipt.index
    if index >= upto:
        said = f"record {index:,} is in the log, and pages below {upto:,} are re-run by now: ask again later"
        return Answer("waiting", index, upto, said)
    try:
        release = decode(Page, receipt.body.encode()).release
    except RecordError as error:
        raise FormatError(f"receipt: its body is no page ({error})") from error
    for one in report.differing:
        if one.index == index:
            said = f"computed again, it is not what the log has: {one.stage}, {one.detail}"
            return Answer("differs", index, upto, said)
    damaged = min((one.index for one in report.differing if one.kind == "record"), default=index)
    if report.unreached and damaged < index:
        said = f"it rests on record {damaged:,}, which was not opened as the log has it"
        return Answer("inconclusive", index, upto, said)
    if release in report.inconclusive:
        said = f"not all pages of release {release} could be re-run: {report.why_inconclusive[release]}"
        return Answer("inconclusive", index, upto, said)
    said = f"record {index:,} of the log is this page, and by release {release} it comes out the same, bit for bit"
    return Answer("identical", index, upto, said)


class PageRequests:
    """Requests as they come to the running program. May be used from many threads."""

    def __init__(
        self,
        path: Path,
        following: Following,
        rerunning: Rerunning,
        receipts: MirrorFiles,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """What was answered is kept in the file `path`, as `Asked` says; what the log has not yet in `receipts`, for
        whoever holds the log to its promises. Raises OSError."""
        self._asked = Asked(path)
        self._following = following
        self._rerunning = rerunning
        self._receipts = receipts
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left, self._since = float(BURST), monotonic()

    def answer(self, data: bytes) -> Answer:
        """Look into one. Raises Busy, LedgerError where it is no receipt of this log, and OSError."""
        mirrored, (report, upto) = self._following.mirrored, self._rerunning.known
        if mirrored is None:
            raise Busy("nothing of the log is here yet")
        receipt = claim(data, self._following.believed)
        self._admit()
        try:
            answer = hold(receipt, mirrored)
        except LedgerError as error:
            raise Busy(f"what is here of the log cannot be read ({error})") from error
        if answer is not None:
            with self._lock:
                answer = hand_over(answer, receipt, self._receipts)
        elif report is None:
            answer = Answer("waiting", receipt.index, 0, "no page was re-run yet: ask again later")
        else:
            answer = judge(receipt, report, upto)
        self._asked.add(self._clock(), answer)
        return answer

    def _admit(self) -> None:
        with self._lock:
            now = self._monotonic()
            self._left, self._since = min(self._left + RATE * (now - self._since), BURST), now
            if self._left < 1:
                raise Busy(f"{RATE:g} receipts a second are looked into")
            self._left -= 1


class Asked:
    """What viewers asked about and were answered, in a file that only grows: time, index and verdict a line.

    Nothing is written down where it would be the same as the last time. May be used from many threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        data = path.read_bytes() if path.exists() else b""
        self._whole = data.rfind(b"\n") + 1
        """Bytes: what a crash cut short is written over."""
        self._last: dict[int, bytes] = {}
        """Verdict by index."""
        for line in data[: self._whole].splitlines():
            _, index, verdict = line.split(b" ")
            self._last[int(index)] = verdict

    def add(self, time: int, answer: Answer) -> None:
        """Write an answer down, given at that time in Unix milliseconds. Raises OSError."""
        verdict = answer.verdict.encode()
        with self._lock:
            if self._last.get(answer.index) == verdict:
                return
            line = b"%d %d %s\n" % (time, answer.index, verdict)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, line, self._whole)
            finally:
                os.close(descriptor)
            self._whole += len(line)
            self._last[answer.index] = verdict
