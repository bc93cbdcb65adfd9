"""What the partner has checked, as one value: all that a control looks at."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from plainview.feed.configuration import Configuration, Manifest
from plainview.ledger.acts import AnyAct
from plainview.ledger.charters import Charter, parse_charter
from plainview.ledger.errors import ProofError
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Witnessed
from plainview.ledger.standing import Standing
from plainview.oversight.acts import Acts
from plainview.oversight.controls.pages import Asking, Before, Pages, Places, Turn
from plainview.oversight.controls.verdicts import Cited, Counted
from plainview.oversight.decisions import Deciding
from plainview.oversight.public_entries import is_of_kind, leaf_kind
from plainview.oversight.reports.counting import Counting
from plainview.oversight.reports.report import Report
from plainview.oversight.tallies import Lost, Off, Reconciling
from plainview.records import (
    PUBLIC,
    UPLOAD,
    Access,
    Act,
    Decision,
    Epoch,
    History,
    Impression,
    Origin,
    Page,
    Record,
    Release,
    Tally,
    Video,
)
from plainview.records import Charter as CharterRecord
from plainview.records.codec import RecordError, decode
from plainview.records.fields import to_bytes, to_text
from plainview.records.leaf import public_leaf

EPOCHS = 65_536
"""Epochs at hand, for the pages that pin them: more than a release may let a page lag."""


class At(NamedTuple):
    """A record of the log, and where it stands."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    record: Any


class InForce(NamedTuple):
    """A charter, from its record on."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    charter: Charter


class Wrong(NamedTuple):
    """A charter or act that was taken down as what it is not."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    kind: str
    why: str


class Found(msgspec.Struct, frozen=True):
    """A file among the partner's findings."""

    file: str
    """Its name."""
    digest: bytes
    """SHA-256 of its bytes."""
    what: str
    """The kind of finding; `misbehaviour` or `broken promise` of a proof against the log; empty for what is none."""
    stage: str
    index: int | None
    """Of the record that it is about."""
    sentence: str
    """What was found, in words."""
    unproven: str
    """Why the file proves nothing by itself; empty where it does."""
    act: str = ""
    """Of an act that was swallowed, its note."""
    shown: bool = False
    """Whether what was found follows from the file, and not only that its records are in the log."""


class Own(NamedTuple):
    """An act of the partner's own log."""

    place: int
    """Its index there."""
    act: AnyAct
    record: int | None
    """Where the operator's log has it; None where it has it not."""
    left: str
    """Why no honest operator takes it by now; empty where one would."""

    @property
    def kind(self) -> str:
        return self.act.kind


class Reported(NamedTuple):
    """A transparency report that lies in the partner's directory."""

    file: str
    note: Note
    report: Report
    counting: Counting
    """Of the records that it is on."""


class Canaries(msgspec.Struct, frozen=True):
    """What the partner's own viewers were given."""

    viewers: int
    pages: int
    """Whose receipts they had, and that were compared with the journal. Their indexes would tell who these viewers are.
    """
    late: int
    """Entries that the log promised them and has not, by a cosigned time after the promise's."""


class Counts(msgspec.Struct, frozen=True):
    """What the operator's tallies come to."""

    counted: int
    """Pages that are in the range of one that counts."""
    lost: int
    """Pages in later ranges of which the counts were lost."""
    before: int
    """Pages before the first tally that counts."""
    off: tuple[Off, ...]
    """What of them cannot be so."""


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What the partner's directory has beside the log's records."""

    time: int
    """Now, in Unix milliseconds."""
    size: int
    """Records in the log as mirrored."""
    opened: int
    """Of which so many, from the first on, are in the partner's copy of the journal."""
    witnessed: tuple[Witnessed, ...] | None
    """The cosignatures by which the checkpoint counts; None where it does not."""
    uncounted: str
    """Why it does not, in words."""
    foreign: Cited
    """Accesses by the auditor's key for which the partner's program never asked."""
    roots: Mapping[int, bytes]
    """Of the trees that draws, verifications, reports and manifests name, by size, as the mirrored log has them."""
    found: tuple[Found, ...]
    own: tuple[Own, ...]
    reports: tuple[Reported, ...]
    """Those that can be read."""
    canaries: Canaries


class Evidence(Outside, frozen=True, kw_only=True):
    """What is known of a log and its operator, all of it checked against the log's root."""

    charters: tuple[InForce, ...]
    standing: Standing
    """What stands after the last record."""
    wrong: tuple[Wrong, ...]
    """Charters and acts that were taken down as what they are not."""
    kinds: Mapping[str, Cited]
    """All records by their kinds, private ones as far as they were opened."""
    releases: tuple[At, ...]
    unfit: Mapping[int, str]
    """Of `releases` those that may not take charge where they stand, and why: their manifest or policies cannot be
    read, or are not what they are said to be, or nothing allows it."""
    decisions: tuple[At, ...]
    beyond: Mapping[int, str]
    """Of `decisions` those that may not stand where they do, and why."""
    origins: tuple[At, ...]
    unadmitted: Mapping[int, str]
    """Of `origins` those that nobody had let in where they stand, and their names."""
    rows: Mapping[str, int]
    """Videos, histories and impressions of imports, by origin."""
    stray: tuple[Cited, ...]
    """Of those, the ones before which no record says where their import comes from."""
    accesses: tuple[At, ...]
    pages: Pages
    epochs: Places
    counts: Counts
    times: Mapping[int, int]
    """Journal times of acts, by index."""
    began: int
    """Journal time of the first record."""
    newest: int
    """And of the last one whose time is known."""

    def charter_at(self, index: int) -> Charter:
        """The one in force for the record at an index."""
        return [one.charter for one in self.charters if one.index < index][-1]

    def kind(self, name: str) -> Cited:
        """All records of a kind."""
        return self.kinds.get(name, Cited(name, 0, ()))


class Gathering:
    """The log's records as they come, in index order, each checked by whoever hands it in."""

    def __init__(self) -> None:
        self._acts = Acts()
        self._charters: list[InForce] = []
        self._wrong: list[Wrong] = []
        self._kinds: dict[str, Counted] = {}
        self._releases: list[At] = []
        self._configurations: dict[str, Configuration | None] = {}
        self._epochs: OrderedDict[int, str] = OrderedDict()
        self._deciding = Deciding()
        self._unfit: dict[int, str] = {}
        self._decisions: list[At] = []
        self._beyond: dict[int, str] = {}
        self._origins: list[At] = []
        self._unadmitted: dict[int, str] = {}
        self._rows: dict[str, int] = {}
        self._stray: dict[str, Counted] = {}
        self._accesses: list[At] = []
        self._turns: dict[str, Turn] = {}
        self._asking = Asking()
        self._published = Places()
        self._reconciling = Reconciling()
        self._off: list[Off] = []
        self._times: dict[int, int] = {}
        self._began = 0
        self._newest = 0

    @property
    def sizes(self) -> set[int]:
        """Of the trees that draws, verifications, reports and manifests name."""
        standing = self.standing
        sizes = {one.act.upto for one in standing.verifications} | {one.act.size for one in standing.reveals}
        sizes |= {one.act.upto for one in standing.reports}
        for one in self._releases:
            training = training_of(one.record.manifest)
            sizes |= {size for name in ("start", "upto") if type(size := training.get(name)) is int}
        return sizes

    @property
    def standing(self) -> Standing:
        """What stands so far. Raises ProofError before the first charter."""
        if self._acts.last is None:
            raise ProofError("the log does not begin with a charter")
        return self._acts.last

    def take(self, index: int, kind: str, record: Record, commitment: bytes | None) -> None:
        """Take up the next record. Raises ProofError where the first is no charter."""
        self._kinds.setdefault(kind, Counted(kind)).add(index)
        if index == 0:
            self._began = record.time  # type: ignore[attr-defined]
        self._newest = max(self._newest, record.time)  # type: ignore[attr-defined]  # all kinds have one
        if kind in PUBLIC:
            if self._judge(index, kind, public_leaf(kind, record)) and isinstance(record, CharterRecord):
                self._charters.append(InForce(index, parse_charter(parse_note(record.note.encode()).text)))
            self._count(index, record)
        match record:
            case Page():
                self._reconciling.page(index)
                self._page(index, record, commitment)
            case Act():
                self._times[index] = record.time
            case Epoch():
                self._published.add(index, record.time)
                self._epochs[record.epoch] = record.digest
                if len(self._epochs) > EPOCHS:
                    self._epochs.popitem(last=False)
            case Release():
                self._releases.append(At(index, record))
                self._configurations[record.digest] = _configuration(record)
                if wrong := self._deciding.release(record, self.standing):
                    self._unfit[index] = wrong
            case Decision():
                self._decisions.append(At(index, record))
                if why := self._deciding.decision(record):
                    self._beyond[index] = why
            case Origin():
                self._origin(index, record)
            case Video() | History() | Impression() if record.origin != UPLOAD:
                self._rows[record.origin] = self._rows.get(record.origin, 0) + 1
                if not any(one.record.origin == record.origin for one in self._origins):
                    self._stray.setdefault(kind, Counted(kind)).add(index)
            case Access():
                self._accesses.append(At(index, record))
            case _:
                pass

    def pass_over(self, index: int, entry: bytes) -> None:
        """The next record was not opened, or cannot be read: only its entry is known."""
        self._judge(index, leaf_kind(entry) or "entry", entry)  # one that cannot be read may say that it is an act
        if is_of_kind("page", entry):
            self._asking.pass_over(index, self._newest)
            self._reconciling.page(index)

    def evidence(self, outside: Outside) -> Evidence:
        """All that was taken up, and what there is beside it."""
        return Evidence(
            charters=tuple(self._charters),
            standing=self.standing,
            wrong=tuple(self._wrong),
            kinds={kind: counted.cited() for kind, counted in sorted(self._kinds.items())},
            releases=tuple(self._releases),
            unfit=self._unfit,
            decisions=tuple(self._decisions),
            beyond=self._beyond,
            origins=tuple(self._origins),
            unadmitted=self._unadmitted,
            rows=self._rows,
            stray=tuple(counted.cited() for _, counted in sorted(self._stray.items())),
            accesses=tuple(self._accesses),
            pages=self._asking.pages(self._acts.last),
            epochs=self._published,
            counts=Counts(
                self._reconciling.counted, self._reconciling.lost, self._reconciling.before, tuple(self._off)
            ),
            times=self._times,
            began=self._began,
            newest=self._newest,
            **{name: getattr(outside, name) for name in outside.__struct_fields__},
        )

    def _judge(self, index: int, kind: str, entry: bytes) -> bool:
        """Whether it is what it was taken down as."""
        try:
            self._acts.take(index, entry)
        except ProofError as error:
            if not index:
                raise
            self._wrong.append(Wrong(index, kind, str(error).removeprefix(f"entry {index}: ")))
            return False
        return True

    def _count(self, index: int, record: Record) -> None:
        found: Iterator[Off | Lost]
        if isinstance(record, Tally):
            found = self._reconciling.tally(index, record)
        else:
            found = self._reconciling.public(index, record.time)  # type: ignore[attr-defined]
        self._off += [one for one in found if isinstance(one, Off)]

    def _page(self, index: int, page: Page, commitment: bytes | None) -> None:
        before = Before(
            self.standing,
            self._charters[-1].index,
            self._configurations,
            self._epochs.get(page.epoch),
            self._turns.get(page.session),
        )
        self._asking.take(index, page, before)
        self._turns[page.session] = Turn(page.viewer, page.n, to_text(commitment or bytes(32)))

    def _origin(self, index: int, origin: Origin) -> None:
        self._origins.append(At(index, origin))
        if self.standing.admitted(origin.origin, to_bytes(origin.digest), origin.licence) is None:
            self._unadmitted[index] = origin.origin


def fields_of(manifest: str) -> dict[str, Any]:
    """Those of a release's manifest, whatever version wrote it; none where it is no manifest."""
    try:
        return msgspec.json.decode(manifest.encode("utf-8", "surrogatepass"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}


def training_of(manifest: str) -> dict[str, Any]:
    """What it says of where a release's parameters come from; nothing where it says nothing."""
    said = fields_of(manifest).get("training")
    return said if isinstance(said, dict) else {}


def _configuration(release: Release) -> Configuration | None:
    """That of a release's manifest, where this version can read it."""
    manifest = release.manifest.encode("utf-8", "surrogatepass")
    if to_text(hashlib.sha256(manifest).digest()) == release.digest:
        with suppress(RecordError):
            return decode(Manifest, manifest).configuration
    return None
