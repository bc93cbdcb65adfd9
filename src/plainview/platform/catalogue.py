"""The videos there are: taking them in, and finding one's record in the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plainview.journal import Draft, Entry, Journal, Refused
from plainview.platform.faults import Fault
from plainview.platform.lineage import Progress
from plainview.records import UPLOAD, Record, Video
from plainview.records.catalogue import Tags
from plainview.records.fields import U8, U53, AgeBand, Digest, Millis, Region, Text
from plainview.storage import ObjectLost, ObjectStore
from plainview.storage.filesystem import HostFileSystem, make_durable, write_durable

LISTING = "catalogue.json"
CARDS = 65_536
"""Encoded videos kept at hand."""
MERGE = 65_536
"""New videos after which they are sorted in with the rest."""


class NewVideo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A video's metadata, as its creator sends it."""

    video: U53
    creator: U53
    duration: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    """Milliseconds."""
    caption: Text = ""
    tags: Tags = ()
    sound: U53 = 0
    form: U8 = 0
    region: Region = "ZZ"
    audience: AgeBand = "unknown"
    created: Millis | None = None
    """Unix ms, when it was first published; the server's time where left out."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a video."""

    id: int
    creator: int
    caption: str
    duration: int
    """Milliseconds."""
    created: int
    """Unix ms."""
    tags: tuple[int, ...]
    sound: int
    form: int
    region: str
    audience: str
    origin: str


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a video's latest record is, and whose it is."""

    index: int
    creator: int


class _Listing(Record, frozen=True):
    """Where the projection is kept."""

    upto: U53
    journal: Digest
    """Hash of record 0's leaf fields: a listing of another journal is not used."""
    object: Digest


class Catalogue:
    """A projection of the journal's `video` records: id -> creator and index of the latest record.

    May be used from many threads; `observe` belongs to the journal's writer.
    """

    def __init__(
        self, journal: Journal, objects: ObjectStore, directory: Path, identity: str, clock: Callable[[], int]
    ) -> None:
        self._journal = journal
        self._objects = objects
        self._path = directory / LISTING
        self._identity = identity
        self._clock = clock
        self._files = HostFileSystem()
        self._merging = threading.Lock()
        self._placing = threading.Lock()
        self._adding = threading.Lock()
        self._sorted = np.zeros((3, 0), np.int64)
        """Rows id (ascending), index, creator."""
        self._recent: dict[int, Place] = {}
        self._count = 0
        self._upto = 0
        self._stored: str | None = None
        self._cards: dict[int, tuple[int, msgspec.Raw]] = {}
        """By video: index of the record it was made from, and the card."""

    def restore(self, progress: Progress | None = None) -> None:
        """Load what was kept, and read the records that came since."""
        self._load()
        end = self._journal.size
        found: dict[int, Place] = {}
        for count, entry in enumerate(self._journal.of_kind("video", self._upto, end), 1):
            assert isinstance(entry.record, Video)
            found[entry.record.video] = Place(entry.index, entry.record.creator)
            if progress is not None and count % 1000 == 0:
                progress("Reading the catalogue", entry.index, end)
        self._merge(found)
        self._count = self._sorted.shape[1]
        self._upto = end

    def save(self) -> None:
        """Keep the projection for the next start. One caller at a time."""
        with self._merging:
            upto = self._upto
            self._merge(self._recent)
            table = self._sorted
        stored = self._objects.put({"video": table})
        listing = _Listing(upto=upto, journal=self._identity, object=stored)
        make_durable(self._files, self._path.parent)
        write_durable(self._files, self._path, [msgspec.json.encode(listing)])
        if self._stored is not None and self._stored != stored:
            self._objects.delete(self._stored)
        self._stored = stored

    @property
    def stored(self) -> str | None:
        """The object that the next start loads; None where nothing was kept yet."""
        return self._stored

    def find(self, video: int) -> Place | None:
        """Where `video` is, None where there is none of that id."""
        place = self._recent.get(video)
        if place is not None:
            return place
        table = self._sorted
        at = int(table[0].searchsorted(video))
        if at < table.shape[1] and table[0, at] == video:
            return Place(int(table[1, at]), int(table[2, at]))
        return None

    def card(self, video: int) -> msgspec.Raw:
        """The `Card` of a video, encoded as JSON. Raises Fault for one that is not known."""
        place = self._place(video)
        index, card = self._cards.get(video, _NO_CARD)
        return card if index == place.index else self._keep(place.index, self._record(place))

    def gather(self, videos: Iterable[int]) -> None:
        """Have the cards of `videos` at hand: one look into the journal for all that are not.

        Raises Fault for one that is not known, JournalDamaged where a record is.
        """
        places = [(video, self._place(video).index) for video in videos]
        missing = [index for video, index in places if self._cards.get(video, _NO_CARD)[0] != index]
        if missing:
            for entry in self._journal.some(missing, trusting=True):
                assert isinstance(entry.record, Video)
                self._keep(entry.index, entry.record)

    def record(self, video: int) -> Video:
        """The latest record of a video. Raises Fault for one that is not known."""
        return self._record(self._place(video))

    def add(self, new: NewVideo) -> int:
        """Append a video's metadata, durably; returns its index. Sent again, it replaces what was there.

        Raises Fault where the id is another creator's, or the time of its publication is to come.
        """
        with self._adding:  # or two creators could both find an id free
            return self._add(new)

    def _add(self, new: NewVideo) -> int:
        place = self.find(new.video)
        if place is not None and place.creator != new.creator:
            raise Fault("foreign_video", f"video {new.video} is another creator's: choose another id", "video")
        now = self._clock()
        if new.created is not None and new.created > now + 60_000:
            raise Fault("future", f"created: {new.created} is in the future (it is {now} here)", "created")
        record = Video(
            time=0,
            video=new.video,
            creator=new.creator,
            created=now if new.created is None else new.created,
            duration=new.duration,
            tags=new.tags,
            sound=new.sound,
            form=new.form,
            region=new.region,
            audience=new.audience,
            origin=UPLOAD,
            caption=new.caption,
        )
        (outcome,) = self._journal.append([Draft(record)])
        if isinstance(outcome, Refused):
            raise Fault("refused", outcome.reason)
        return outcome.index

    def observe(self, entries: list[Entry]) -> None:
        """Take in new videos."""
        for entry in entries:
            if entry.kind == "video":
                video = entry.record
                assert isinstance(video, Video)
                self._count += self.find(video.video) is None
                with self._placing:  # or what is sorted in could take this one out, for the one before
                    self._recent[video.video] = Place(entry.index, video.creator)
        self._upto = entries[-1].index + 1
        if len(self._recent) > MERGE:
            with self._merging:
                self._merge(self._recent)

    def _keep(self, index: int, video: Video) -> msgspec.Raw:
        card = msgspec.Raw(msgspec.json.encode(_card(video)))
        if len(self._cards) >= CARDS:
            for old in list(self._cards)[: CARDS // 8]:
                self._cards.pop(old, None)
        self._cards[video.video] = (index, card)
        return card

    def _place(self, video: int) -> Place:
        place = self.find(video)
        if place is None:
            raise Fault("unknown_video", f"there is no video {video}", "video")
        return place

    def _record(self, place: Place) -> Video:
        record = self._journal.entry(place.index, trusting=True).record
        assert isinstance(record, Video)
        return record

    def __len__(self) -> int:
        return self._count  # asked for at every look at /health: not counted there and then

    def _merge(self, found: dict[int, Place]) -> None:
        """Sort `found` in. Whoever looks meanwhile finds each video in one of the two."""
        taken = dict(found)
        if not taken:
            return
        new = np.array([(video, place.index, place.creator) for video, place in taken.items()], np.int64).T
        old = self._sorted[:, ~np.isin(self._sorted[0], new[0])]
        both: NDArray[np.int64] = np.concatenate([old, new], axis=1)
        self._sorted = np.ascontiguousarray(both[:, np.argsort(both[0], kind="stable")])
        for video, place in taken.items():
            with self._placing:
                if self._recent.get(video) is place:
                    del self._recent[video]

    def _load(self) -> None:
        try:
            listing = msgspec.json.decode(self._path.read_bytes(), type=_Listing)
            if listing.journal != self._identity or listing.upto > self._journal.size:
                return
            table = self._objects.get(listing.object)["video"]
        except (OSError, msgspec.MsgspecError, ObjectLost, KeyError, ValueError):
            return  # it is read from the journal again
        self._sorted = table.astype(np.int64)
        self._upto = listing.upto
        self._stored = listing.object


_NO_CARD = (-1, msgspec.Raw(b""))


def _card(video: Video) -> Card:
    return Card(
        id=video.video,
        creator=video.creator,
        caption=video.caption,
        duration=video.duration,
        created=video.created,
        tags=video.tags,
        sound=video.sound,
        form=video.form,
        region=video.region,
        audience=video.audience,
        origin=video.origin,
    )
