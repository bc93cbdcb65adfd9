"""Brings a data set into the journal: in batches, resumable, never twice and never over another's ids."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from plainview.journal.entry import Ack, Draft, Refused
from plainview.journal.journal import Journal
from plainview.journal.keys import import_key, key_of
from plainview.platform.imports.source import Source
from plainview.records import Origin, Record, Video, Viewer
from plainview.storage import StoreFull

BATCH = 4096
"""Records in one submission."""
AHEAD = 4
"""Submissions that may wait for the journal's writer while the next is made."""

Progress = Callable[[int], None]
"""Told how many records have just become durable, or were so already."""


DAY = 86_400_000


class ImportRefused(Exception):
    """The import would not go with what the journal holds. Nothing of it was written."""


class NotAdmitted(ImportRefused):
    """The partner has not let the data set in. That it was tried is in the journal."""


class ImportHeldUp(Exception):
    """The disk is full. What was written stays, and is how the import begins."""


class Loaded(msgspec.Struct, frozen=True):
    """What came of an import."""

    records: int
    """Records of the source, the origin included: all are in the journal now."""
    fresh: int
    """Of these, records that were not there before."""
    shift: int
    """Milliseconds added to the source's times."""
    faults: int
    """Rows of the source that were left out."""
    older: int
    """See `source.Source`."""


def run(journal: Journal, source: Source, shift: int | None, progress: Progress) -> Loaded:
    """Append all records of `source`; those that are there already are left as they are.

    `shift` is what `source.Source.records` adds to times. None moves the log by whole days, so that hours stay
    what they were, until its last impression falls within a day before the import's start: the journal time of its
    origin record, which an interrupted import finds again. Without an impression nothing moves. Run again with the
    same files and the same choice of shift, an import goes on where it stopped; run again when done, it adds nothing.
    Once nothing speaks against it, the list of the source's faults is kept.

    Raises ImportRefused, before anything is written, where the journal has another data set's viewers or videos under
    the same ids, or an import of this name from other files, of another provenance or with another shift, and
    NotAdmitted where the journal's fence does not let it in; ImportHeldUp where the disk is full; and what else
    `Faults.keep` and `Journal.submit` raise.
    """
    check_origins(journal, source)
    _check_ids(journal, source)
    if shift is not None:
        _check_shift(journal, source, shift)
    source.faults.keep()
    kept = 0

    def keep(count: int) -> None:
        nonlocal kept
        kept += count
        progress(count)

    waiting: deque[Future[list[Ack | Refused]]] = deque()
    try:
        begun = journal.append([_draft(source.origin, source.origin.origin)])[0]
        if isinstance(begun, Refused) and begun.code == "origin":
            raise NotAdmitted(begun.reason)
        begun = _settled(begun)
        keep(1)
        if shift is None:
            shift = (begun.time - source.last) // DAY * DAY if source.last else 0
            _check_shift(journal, source, shift)
        fresh = int(begun.fresh)
        for drafts in _batches(source, shift):
            # An impression that comes before its video teaches nothing, for good: what is there must be a beginning.
            waiting.append(journal.submit(drafts, after=waiting[-1] if waiting else None))
            if len(waiting) > AHEAD:
                fresh += _take(waiting.popleft(), keep)
        while waiting:
            fresh += _take(waiting.popleft(), keep)
    except StoreFull as error:
        raise ImportHeldUp(
            f"no space left; {kept:,} of {source.total:,} records of {source.origin.origin} are in the journal, and "
            "stay. Free some space and run the same command again: it adds the rest"
        ) from error
    return Loaded(source.total, fresh, shift, source.faults.count, source.older)


def _batches(source: Source, shift: int) -> Iterator[list[Draft]]:
    name = source.origin.origin
    records = source.records(shift)
    next(records)  # the origin went first
    while drafts := [_draft(record, name) for record in islice(records, BATCH)]:
        yield drafts


def _draft(record: Record, name: str) -> Draft:
    """Rows carry their key in their fields; the others get one of the import's and their id."""
    match record:
        case Origin():
            return Draft(record, import_key(f"{name}/origin", 0))
        case Viewer():
            return Draft(record, import_key(f"{name}/viewer", record.viewer))
        case _:
            return Draft(record, key_of(record))


def _take(future: Future[list[Ack | Refused]], progress: Progress) -> int:
    outcomes = [_settled(outcome) for outcome in future.result()]
    progress(len(outcomes))
    return sum(outcome.fresh for outcome in outcomes)


def _settled(outcome: Ack | Refused) -> Ack:
    if isinstance(outcome, Refused):
        raise ImportRefused(f"the journal refused a record ({outcome.code}): {outcome.reason}")
    return outcome


def check_origins(journal: Journal, source: Source) -> None:
    """Raises ImportRefused where the journal has an import of this name from other files, or of another provenance."""
    ours = source.origin
    for entry in journal.of_kind("origin"):
        record = entry.record
        if not isinstance(record, Origin) or record.origin != ours.origin:
            continue
        if record.digest != ours.digest:
            raise ImportRefused(
                f"{record.origin} was imported before from other files (digest {record.digest}, these have "
                f"{ours.digest}), and what a journal has of an import is never amended: import files that "
                "were mended or changed into a new data directory (--home), or put the first ones back to go on"
            )
        if (record.source, record.licence) != (ours.source, ours.licence):
            raise ImportRefused(
                f"{record.origin} was imported before as of {record.source!r}, licence {record.licence!r}, and what a "
                "journal has of an import is never amended: say the same again (--source, --licence) to go on, or "
                "import into a new data directory (--home)"
            )


def _check_ids(journal: Journal, source: Source) -> None:
    """No id of the source may already be somebody else's. Ours are known by their key, whoever changed them since."""
    videos = {
        entry.record.video
        for entry in journal.of_kind("video")
        if isinstance(entry.record, Video) and entry.record.origin != source.origin.origin
    }
    _refuse_shared(journal, "video", videos, source.videos(), source)
    viewers = {entry.record.viewer for entry in journal.of_kind("viewer") if isinstance(entry.record, Viewer)}
    _refuse_shared(journal, "viewer", viewers, source.viewers(), source)


def _refuse_shared(journal: Journal, what: str, there: set[int], ours: NDArray[np.int64], source: Source) -> None:
    name = source.origin.origin
    shared = np.intersect1d(np.array(sorted(there), np.int64), ours).tolist()
    if journal.find(import_key(f"{name}/origin", 0)) is not None:
        shared = [number for number in shared if journal.find(import_key(f"{name}/{what}", number)) is None]
    if shared:
        raise ImportRefused(
            f"{len(shared)} {what} ids of {name} are taken in this journal, the first is {shared[0]}, by another data "
            "set (they number their own from 0) or by the app; import it into a data directory of its own (--home)"
        )


def _check_shift(journal: Journal, source: Source, shift: int) -> None:
    """What is there already of this import must have been moved in time by as much."""
    for record in source.records(shift):
        if isinstance(record, Origin):
            continue
        key = _draft(record, source.origin.origin).key
        index = None if key is None else journal.find(key)
        if index is not None:
            found = journal.entry(index).record
            if isinstance(found, Video) and isinstance(record, Video) and found.created != record.created:
                begun = found.created - record.created + shift
                raise ImportRefused(
                    f"{source.origin.origin} was begun with its times shifted by {begun} ms, not {shift} ms; run it "
                    "again as it was begun (with or without --keep-times)"
                )
        return
