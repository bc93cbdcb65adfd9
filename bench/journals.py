"""Synthetic journals for benches: as many videos and viewers as wanted, and a history that they were watched in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np

from plainview.journal import Draft, Journal, Refused
from plainview.keys.client_viewer import ClientViewer
from plainview.ledger.acts import Admission
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.platform.lineage import Progress
from plainview.platform.local_charter import begin_locally
from plainview.platform.local_licence import admit_locally, license_locally
from plainview.platform.releases import installed_digest
from plainview.records import UNSIGNED, Impression, Origin, Record, Setting, Video, Viewer, encode, outcome_bits
from plainview.records.fields import to_text
from plainview.storage.sqlite import DATABASE

BATCH = 4096
CREATORS_PER_VIDEO = 10
BEGAN = 1_760_000_000_000
"""Journal time of the first impression."""


class Size(NamedTuple):
    """How much there is of everything."""

    videos: int
    viewers: int
    """Registered."""
    active: int
    """Of whom so many, the first, have watched anything."""
    impressions: int
    follows: int = 0
    """Creators that each active viewer follows, or all where there are fewer."""
    even: float = 0.0
    """Share of the impressions that are spread evenly over the videos: so much less is seen of the popular ones."""


class Built(msgspec.Struct, frozen=True):
    """What lies in a directory that `build` has filled."""

    size: Size
    seed: int
    release: str
    digest: str
    """SHA-256 over the exact bytes of the records, in order."""


def build(home: Home, size: Size, seed: int, progress: Progress | None = None) -> Built:
    """Write a journal into `home`, fold it and keep a snapshot; what an earlier run left there is used again.

    Raises RuntimeError where something else was left there.
    """
    note = home.path.with_suffix(".json")
    if note.exists():
        built = msgspec.json.decode(note.read_bytes(), type=Built)
        if (built.size, built.seed, built.release) != (size, seed, installed_digest()):
            raise RuntimeError(f"{home.path} holds another bench's journal: delete it, or give another --data")
        return built
    if (home.path / DATABASE).exists():
        raise RuntimeError(f"{home.path} was left unfinished: delete it, or give another --data")
    state = hashlib.sha256()
    parties = home.path.with_suffix(".parties")
    charter = begin_locally(home, parties)
    license_locally(home, parties)
    # Written first and folded then: a learner that follows the writer would take turns with it, and fall behind.
    journal = home.write()
    try:
        rows = size.videos + size.impressions
        admit_locally(journal, Admission(charter.origin, "bench", bytes(32), "synthetic", rows), parties)
        append(journal, _counted(_hashed(records(size, seed), state.update), size, progress))
    finally:
        journal.close()
    Application(home, progress=progress).close()
    built = Built(size, seed, installed_digest(), to_text(state.digest()))
    note.write_bytes(msgspec.json.encode(built))
    return built


def append(journal: Journal, wanted: Iterable[Record]) -> None:
    """Append records in batches, one being made while the last is written."""
    waiting = None
    drafts = (Draft(record) for record in wanted)
    while batch := list(islice(drafts, BATCH)):
        future = journal.submit(batch)
        if waiting is not None:
            _check(waiting.result())
        waiting = future
    if waiting is not None:
        _check(waiting.result())


def records(size: Size, seed: int) -> Iterator[Record]:
    """An import of `size`: popularity follows a power law, and viewers like tags of their own.

    Equal arguments give equal records.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    yield Origin(time=0, origin="bench", licence="synthetic", source="bench.journals", digest=to_text(bytes(32)))
    tags = random.integers(0, 40, (size.videos, 2)).tolist()
    durations = random.integers(5_000, 90_000, size.videos).tolist()
    authors = creators(size)
    for video in range(size.videos):
        yield Video(
            time=0,
            video=video,
            creator=video % authors,
            created=BEGAN,
            duration=durations[video],
            tags=tuple(dict.fromkeys(tags[video])),
            sound=video % 977 + 1,
            form=0,
            region="ZZ",
            audience="unknown",
            origin="bench",
            caption=f"A synthetic video, number {video}",
        )
    keys = [ClientViewer(viewer, random.bytes(32)) for viewer in range(size.active)]
    for viewer in keys:
        yield Viewer(time=0, **viewer.told(to_text(random.bytes(16)), "US", "18+", "personal"))
    for number in range(size.active, size.viewers):
        yield Viewer(time=0, viewer=number, region="US", age="18+", mode="personal", **UNSIGNED)
    for viewer in keys:
        for creator in random.choice(authors, min(size.follows, authors), replace=False).tolist():
            yield Setting(time=0, **viewer.chosen(to_text(random.bytes(16)), "follow", creator))
    tastes = [set(three) for three in random.integers(0, 40, (size.active, 3)).tolist()]
    liked, seen = outcome_bits("long_view", "click", "like"), outcome_bits("click")
    # A power law over shuffled ids, drawn by inverting its distribution function.
    ranks = (size.videos ** random.random(size.impressions) - 1).astype(np.int64)
    order = random.permutation(size.videos)
    videos = order[np.minimum(ranks * 3, size.videos - 1)]
    if size.even:
        evenly = random.random(size.impressions) < size.even
        videos = np.where(evenly, random.integers(0, size.videos, size.impressions), videos)
    viewers = random.integers(0, size.active, size.impressions)
    luck = random.random(size.impressions)
    for row, (video, viewer) in enumerate(zip(videos.tolist(), viewers.tolist(), strict=True)):
        hit = luck[row] < (0.25 if tastes[viewer].isdisjoint(tags[video]) else 0.7)
        yield Impression(
            time=0,
            origin="bench",
            row=row,
            viewer=viewer,
            video=video,
            surface=0,
            at=BEGAN + row * 1000,
            watched=durations[video] if hit else 2_000,
            outcomes=liked if hit else seen,
        )


def creators(size: Size) -> int:
    """How many there are: video v is creator v modulo that number's."""
    return max(1, size.videos // CREATORS_PER_VIDEO)


def _hashed(wanted: Iterable[Record], update: Callable[[bytes], None]) -> Iterator[Record]:
    for record in wanted:
        update(encode(record))
        yield record


def _counted(wanted: Iterable[Record], size: Size, progress: Progress | None) -> Iterator[Record]:
    follows = size.active * min(size.follows, creators(size))
    total = 1 + size.videos + size.viewers + follows + size.impressions
    for count, record in enumerate(wanted, 1):
        if progress is not None and (count % BATCH == 0 or count == total):
            progress("Writing records", count, total)
        yield record


def _check(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            raise RuntimeError(f"the journal refused a record ({outcome.code}): {outcome.reason}")
