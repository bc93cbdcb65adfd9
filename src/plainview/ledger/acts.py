"""Acts: what licensor, operator, partner, builders and auditors say about a release, its licence and its pages, and
what operator and partner order beside it.

An act is the text of a signed note. Whether it counts is `licensing`'s, and what may rank by it `standing`'s.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar, get_args

import msgspec

from plainview.ledger.act_fields import Obligation, line_name, read, written
from plainview.ledger.errors import FormatError
from plainview.ledger.lines import Lines
from plainview.ledger.notes import NOTE_LIMIT
from plainview.ledger.scopes import Scope
from plainview.ledger.spelling import shown

TITLE = "plainview/act/v1"
"""The first line of an act."""
LABEL_LIMIT = 100
"""Characters at most of what is shown beside a video."""


class Act(msgspec.Struct, frozen=True):
    """What every act is. Raises FormatError where no text says it."""

    kind: ClassVar[str]

    log: str
    """The origin of the log in which it counts."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if rows := written(field, value):
                what = f"{self.kind}, {line_name(field)}"
                # Equal only where that was all of its lines: nothing that is read has a newline in it.
                if read(field, Lines("\n".join(rows), what)) != value:
                    raise FormatError(f"{what}: {shown(repr(value))} is not how it is read")

    def text(self) -> str:
        """The one text of this act."""
        lines = [TITLE, f"act {self.kind}"]
        for field in self.__struct_fields__:
            lines += written(field, getattr(self, field))
        return "".join(f"{line}\n" for line in lines)

    def digest(self) -> bytes:
        """SHA-256 of the text: what a review or an extension names."""
        return hashlib.sha256(self.text().encode()).digest()


class Licence(Act, frozen=True):
    """The licensor lets the operator use the algorithm: where, how long, and what for."""

    kind = "licence"

    number: int
    """1 for the first; each counts one up."""
    scope: Scope
    begins: int
    """Unix milliseconds from which it holds."""
    until: int
    """Unix milliseconds from which it holds no more."""
    wind_down: int
    """Milliseconds after `until` in which viewers' data are exported and nothing else runs."""
    obligations: tuple[Obligation, ...]
    """In the order of their times."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self)
        _check_order(self)


class Submission(Act, frozen=True):
    """The licensor offers a release under a licence."""

    kind = "submission"

    release: bytes
    """Digest of its manifest."""
    base: bytes | None
    """Digest of the release that it changes; None where it changes none."""
    licence: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base == self.release:
            raise FormatError("submission: a release does not change itself")


class Build(Act, frozen=True):
    """A builder installed the release from its bundle and ran its golden vectors."""

    kind = "build"

    release: bytes
    golden: bytes
    """Digest of what the golden vectors came to."""
    cpu: str
    """The model, as the machine names it."""
    environment: bytes
    """Digest of the versions that it ran with, as a receipt has it."""


class Result(Act, frozen=True):
    """The auditor ran a suite of tests on the release."""

    kind = "result"

    release: bytes
    suite: str
    passed: bool
    results: bytes
    """Digest of all that came out."""


class Approval(Act, frozen=True):
    """The partner lets a release rank, and its learner learn by itself."""

    kind = "approval"

    release: bytes
    seen: int
    """Records of the log that its signers had read: all below this index."""
    licence: int
    scope: Scope
    begins: int
    until: int
    epoch_least: int
    """Records of the journal at least from the end of one automatic epoch to the end of the next, while it holds."""
    epoch_most: int
    """And at most."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self)
        _check_epochs(self)


class Emergency(Act, frozen=True):
    """A partner and an operator let a release rank for a short time, built and tested or not. It must be reviewed."""

    kind = "emergency"

    release: bytes
    seen: int
    licence: int
    scope: Scope
    begins: int
    until: int
    epoch_least: int
    """As an approval's."""
    epoch_most: int
    reason: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self)
        _check_epochs(self)


class Review(Act, frozen=True):
    """The partner has looked at all that ran under an emergency."""

    kind = "review"

    emergency: bytes
    """Digest of its act."""
    outcome: str


class Revocation(Act, frozen=True):
    """A partner stops a release: whatever let it rank ends."""

    kind = "revocation"

    release: bytes
    seen: int
    reason: str


class Admission(Act, frozen=True):
    """The partner lets a data set in: its rows may be journaled, and teach."""

    kind = "admission"

    origin: str
    """Its name, as the records that come of it have it."""
    data: bytes
    """Digest of its files, as its `Origin` record has it."""
    terms: str
    """The licence that it is under, likewise."""
    rows: int
    """Records at most that come of it: videos, histories and impressions."""


class Extension(Act, frozen=True):
    """A licence, approval or emergency holds longer."""

    kind = "extension"

    extends: bytes
    """Digest of its act."""
    until: int


class Draw(Act, frozen=True):
    """An auditor has chosen a secret, before the checkpoint with which it will draw pages."""

    kind = "draw"

    number: int
    """1 for the first; each counts one up."""
    secret: bytes
    """SHA-256 of the secret's 32 bytes."""


class Reveal(Act, frozen=True):
    """The secret of a draw, and what came of re-running the pages that it drew."""

    kind = "reveal"

    number: int
    """The draw's."""
    secret: bytes
    """The 32 bytes themselves."""
    size: int
    """Of the tree that was drawn from: with its root the secret makes the seed (`records.digests.audit_seed`)."""
    root: bytes
    pages: int
    """In that tree."""
    sampled: int
    """Of those, drawn and re-run."""
    differing: int
    """Of those, not what the release computes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.differing <= self.sampled <= self.pages:
            raise FormatError(
                f"reveal: {self.differing} of {self.sampled} sampled differ, of {self.pages} pages: no such counts"
            )


class Verification(Act, frozen=True):
    """An auditor re-ran all pages of the log up to an index."""

    kind = "verification"

    upto: int
    """All records below it were re-run."""
    root: bytes
    """Of the tree of that size."""
    pages: int
    identical: int
    inconclusive: int
    differing: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pages != self.identical + self.inconclusive + self.differing:
            raise FormatError(
                f"verification: {self.identical} identical, {self.inconclusive} inconclusive and {self.differing} "
                f"differing are not {self.pages} pages"
            )


class Finding(Act, frozen=True):
    """An auditor found something that is not as it should be."""

    kind = "finding"

    file: bytes
    """SHA-256 of the file that shows it."""
    record: int | None
    """Index of the record that it is about; None where it is about none."""
    sentence: str
    """What it is, in plain words."""


class Report(Act, frozen=True):
    """An auditor has drawn up numbers of what the log has in a range of records: everything since the one before."""

    kind = "report"

    number: int
    """1 for the first; each counts one up."""
    start: int
    """Index of its first record: 0, or the `upto` of the one before."""
    upto: int
    """All records from `start` on and below it are in it."""
    root: bytes
    """Of the tree of that size."""
    report: bytes
    """SHA-256 of its text, which the auditor publishes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self)
        if self.start >= self.upto:
            raise FormatError(f"report: upto {self.upto} is not after start {self.start}")


class Order(Act, frozen=True):
    """A video is put on pages by order, not by its value: a boost."""

    kind = "order"

    number: int
    """1 for the first; each counts one up."""
    video: int
    regions: tuple[str, ...] | None
    """As a request has them, ascending; None for all."""
    begins: int
    until: int
    cap: int
    """Impressions at most."""
    label: str
    """What the viewer is shown beside the video."""
    reason: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self)
        _check_order(self)
        if self.cap < 1:
            raise FormatError("order: a cap of 0 is no order")
        if len(self.label) > LABEL_LIMIT:
            raise FormatError(f"order, label: {len(self.label)} characters, at most {LABEL_LIMIT} are shown")


class OrderEnd(Act, frozen=True):
    """An order ends before its time."""

    kind = "order-end"

    number: int
    """The order's."""
    reason: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_number(self)


OfReleases = Licence | Submission | Build | Result | Approval | Emergency | Review | Revocation | Extension
OfPages = Draw | Reveal | Verification | Finding | Report
"""Of whoever re-runs pages: they let nothing rank and end nothing."""
OfOrders = Order | OrderEnd
AnyAct = OfReleases | Admission | OfPages | OfOrders
KINDS: dict[str, type[AnyAct]] = {kind.kind: kind for kind in get_args(AnyAct)}


def parse_act(text: str) -> AnyAct:
    """The act whose `text` this is; else FormatError, which names the line or the field."""
    if len(text) > NOTE_LIMIT:
        raise FormatError(f"act: {len(text)} characters, at most {NOTE_LIMIT} are read")
    if not text.endswith("\n"):
        raise FormatError("act: the last line has no newline")
    lines = Lines(text.removesuffix("\n"), "act")
    lines.take_whole(TITLE)
    name = lines.take("act")
    if name not in KINDS:
        raise FormatError(f"{lines.where}: {shown(name)} is none of {', '.join(KINDS)}")
    kind = KINDS[name]
    fields = [read(field, lines) for field in kind.__struct_fields__]
    lines.end()
    return kind(*fields)


def _check_number(act: Licence | Report | Order | OrderEnd) -> None:
    if act.number < 1:
        raise FormatError(f"{act.kind}: the first has the number 1")


def _check_order(act: Licence | Approval | Emergency | Order) -> None:
    if act.begins >= act.until:
        raise FormatError(f"{act.kind}: until {act.until} is not after from {act.begins}")


def _check_epochs(act: Approval | Emergency) -> None:
    if not act.epoch_least <= act.epoch_most or not act.epoch_most:
        raise FormatError(
            f"{act.kind}: an epoch of {act.epoch_least} records at least and {act.epoch_most} at most cannot be"
        )
