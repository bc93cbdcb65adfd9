"""Parameters learned from a range of a journal, and what is to be said of where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from plainview.feed.configuration import Training
from plainview.journal import Entry, JournalReader
from plainview.learning.parameters import Parameters, learned, read_parameters
from plainview.learning.provenance import DataSet, Provenance, salt_of, tier
from plainview.ledger.frontier import Frontier
from plainview.ledger.standing import Standing
from plainview.platform.faults import HomeError
from plainview.platform.lineage import ACTS, CHUNK, Follower
from plainview.records import UPLOAD, Event, History, Impression, Origin, Page, Video
from plainview.records.arrays import pack_floats
from plainview.records.fields import to_bytes, to_text
from plainview.replay.bounds import Bounds
from plainview.replay.installed import Installed

RESIDENTS = 16_384
"""Viewers whose state is in memory."""


class Span(NamedTuple):
    """Which of a journal's records are read, and from which on acts teach."""

    start: int
    upto: int


class Learned(NamedTuple):
    """What a range of a journal comes to."""

    training: Training
    parameters: Parameters
    packed: bytes
    """They as a bundle has them."""
    partner: bytes
    """The partner's tier."""
    commitment: str
    """What the manifest says of it."""


def learn(journal: JournalReader, base: Installed, span: Span, advance: Callable[[int], None]) -> Learned:
    """What the release `base` learns from the records of `span`. The same on every machine.

    Everything is read from record 0 on and held to the bounds, admissions and signatures that a replay holds it to:
    what should not be in the journal teaches nothing. Epochs are not folded and pages not ranked again, as a replay
    does. `advance` is told how many records were read. Raises HomeError for what should not be there and for a range
    that teaches nothing, JournalDamaged.
    """
    follower = Follower(journal, base.configuration, RESIDENTS, base.world(), 0, span.start)
    bounds, counts, tree = Bounds(journal), _Counts(span.start), Frontier()
    before = tree.root()
    entries = journal.read(0, span.upto)
    while chunk := list(islice(entries, CHUNK)):
        for entry in chunk:
            _check(bounds, entry)
            counts.take(entry)
        start, stop = chunk[0].index, chunk[-1].index + 1
        if start < span.start <= stop:
            before = tree.extend(journal.leaf_hashes(start, span.start)).root()
        tree = tree.extend(journal.leaf_hashes(start, stop))
        follower.take([(entry.index, entry.record) for entry in chunk])
        advance(stop)
    head = follower.world.tables.head[0]
    if not head["taught"]:
        raise HomeError(f"records {span.start} to {span.upto - 1} hold nothing that could be learned from")
    packed = pack_floats(learned(follower.world.tables))
    try:
        parameters = read_parameters(packed)
    except ValueError as error:
        raise HomeError(f"what records {span.start} to {span.upto - 1} teach is out of bounds: {error}") from error
    provenance = Provenance(
        salt=salt_of(packed),
        data=counts.data(bounds.standing),
        uploads=counts.rows[UPLOAD, Video],
        events=counts.events,
        taught=int(head["taught"]),
        refused=int(head["refused"]),
    )
    partner, commitment = tier(provenance)
    training = Training(
        base=base.digest,
        log=bounds.standing.charter.origin,
        start=span.start,
        upto=span.upto,
        before=to_text(before),
        root=to_text(tree.root()),
        state=to_text(follower.world.digest()),
    )
    return Learned(training, parameters, packed, partner, commitment)


def _check(bounds: Bounds, entry: Entry) -> None:
    record = entry.record
    outside = bounds.take(entry, bounds.goes_on(record) if isinstance(record, Page) else None)
    if outside is not None:
        stage, detail = outside
        raise HomeError(
            f"record {entry.index} should not be in this journal ({stage}: {detail}), and nothing is learned from one "
            "that has such records; `plainview replay --all` names them all"
        )


class _Counts:
    """What of each data set was taken up."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._origins: list[Origin] = []
        self.rows: Counter[tuple[str, type]] = Counter()
        self.events = 0

    def take(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, ACTS) and entry.index < self._start:
            return
        if isinstance(record, Origin):
            self._origins.append(record)
        elif isinstance(record, (Video, History, Impression)):
            self.rows[record.origin, type(record)] += 1
        elif isinstance(record, Event):
            self.events += 1

    def data(self, standing: Standing) -> tuple[DataSet, ...]:
        return tuple(
            DataSet(
                origin=one.origin,
                digest=one.digest,
                licence=one.licence,
                admissions=tuple(
                    placed.index
                    for placed in standing.admissions
                    if (placed.act.origin, placed.act.data, placed.act.terms)
                    == (one.origin, to_bytes(one.digest), one.licence)
                ),
                videos=self.rows[one.origin, Video],
                histories=self.rows[one.origin, History],
                impressions=self.rows[one.origin, Impression],
            )
            for one in self._origins
        )
