"""The embedded projection of worlds: a delta for each epoch, a snapshot now and then.

All of it can be deleted and folded again from the journal. So loss and damage are reported and never fatal.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from plainview.records import Epoch, Record
from plainview.records.fields import U32, U53, Digest
from plainview.storage.filesystem import FileSystem, HostFileSystem, make_durable, write_durable
from plainview.storage.objects import ObjectLost, ObjectMissing, ObjectStore

LISTING = "snapshots.json"

Arrays = Mapping[str, NDArray[np.generic]]

_logger = logging.getLogger(__name__)


class Snapshot(Record, frozen=True):
    """A whole world that was kept."""

    epoch: U32
    upto: U53
    """Index of the first record not folded in."""
    digest: Digest
    """The epoch's digest."""
    object: Digest
    """Where its arrays are."""


class Kept(NamedTuple):
    """A snapshot that could be loaded."""

    snapshot: Snapshot
    arrays: dict[str, NDArray[np.generic]]


class EpochStore:
    """Deltas and snapshots in `objects`, with a listing of the snapshots in `directory`.

    `report` gets one sentence for each thing found lost or damaged; by default it is logged as a warning.
    """

    def __init__(
        self,
        objects: ObjectStore,
        directory: Path,
        files: FileSystem | None = None,
        report: Callable[[str], None] = _logger.warning,
    ) -> None:
        self._objects = objects
        self._path = directory / LISTING
        self._files = files if files is not None else HostFileSystem()
        self._report = report
        self._listing = threading.Lock()

    def save_delta(self, arrays: Arrays) -> str:
        """Keep an epoch's delta, durably. What comes back is the epoch record's `delta`."""
        return self._objects.put(arrays)

    def load_delta(self, epoch: Epoch) -> dict[str, NDArray[np.generic]] | None:
        """The arrays of the rows that `epoch` touched; None, and a report, where they cannot be had: fold again.

        There is no report where they are merely gone and may have been pruned: see `pruned`.
        """
        try:
            return self._objects.get(epoch.delta)
        except ObjectMissing as error:
            if epoch.epoch > self.pruned():
                self._report_lost(f"the delta of epoch {epoch.epoch}", error)
        except ObjectLost as error:
            self._report_lost(f"the delta of epoch {epoch.epoch}", error)
        return None

    def bare(self) -> bool:
        """Whether nothing is kept at all, as where the journal alone was restored; then one report, and all is folded
        again."""
        if not self._objects.empty():
            return False
        self._report("no delta or snapshot is kept: every epoch is folded again from the journal, this once")
        return True

    def save_snapshot(self, epoch: Epoch, arrays: Arrays) -> Snapshot:
        """Keep the whole world as of `epoch`, durably, and list it."""
        snapshot = Snapshot(epoch=epoch.epoch, upto=epoch.upto, digest=epoch.digest, object=self._objects.put(arrays))
        with self._listing:
            # Written whole each time: a listing of a few thousand lines, and no torn end to think about.
            others = [other for other in self.snapshots() if other.epoch != epoch.epoch]
            self._list(sorted([snapshot, *others], key=lambda other: -other.epoch))
        return snapshot

    def snapshots(self) -> list[Snapshot]:
        """What is listed, newest first. An unreadable listing is reported and counts as empty."""
        try:
            return msgspec.json.decode(self._files.read(self._path), type=list[Snapshot])
        except FileNotFoundError:
            return []
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._report(f"{self._path} cannot be read ({error}): its snapshots are not used")
            return []

    def holds(self, snapshot: Snapshot) -> bool:
        """Whether its arrays are there; says nothing of their health."""
        return self._objects.holds(snapshot.object)

    def pruned(self) -> int:
        """The epoch up to which deltas may have been pruned: the second-newest snapshot's; -1 without two."""
        listed = self.snapshots()
        return listed[1].epoch if len(listed) > 1 else -1

    def prune(self, snapshots: Collection[Snapshot], objects: Collection[str]) -> int:
        """Keep only these of the snapshots that are listed, and of all objects theirs and `objects`.

        Returns how many objects were forgotten. What is listed is there at any moment: killed in between, objects are
        left over that the next time takes away. Nobody else may save a delta or snapshot meanwhile.
        """
        with self._listing:
            listed = self.snapshots()
            kept = [snapshot for snapshot in listed if snapshot in snapshots]
            if len(kept) < len(listed):
                self._list(kept)
        return self._objects.keep_only({*objects, *(snapshot.object for snapshot in kept)})

    def latest_snapshot(
        self, epoch: int | None = None, accepts: Callable[[Snapshot], bool] | None = None, since: int = 0
    ) -> Kept | None:
        """The newest snapshot that can be loaded, of `epoch` or earlier where that is given, of `since` or later.

        `accepts` says whether a snapshot is one of the journal's epochs (same number, same digest): one that is not,
        left over from another journal or lineage, is reported and passed over.
        """
        for snapshot in self.snapshots():
            if snapshot.epoch < since or (epoch is not None and snapshot.epoch > epoch):
                continue
            if accepts is not None and not accepts(snapshot):
                self._report(f"the snapshot of epoch {snapshot.epoch} is of another journal: it is not used")
                continue
            try:
                return Kept(snapshot, self._objects.get(snapshot.object))
            except ObjectLost as error:
                if snapshot in self.snapshots():  # else it was past keeping, and went meanwhile
                    self._report_lost(f"the snapshot of epoch {snapshot.epoch}", error)
        return None

    def _report_lost(self, name: str, error: ObjectLost) -> None:
        self._report(f"{name} is lost ({error}): it is folded again from the journal")

    def _list(self, listing: list[Snapshot]) -> None:
        make_durable(self._files, self._path.parent)
        write_durable(self._files, self._path, [msgspec.json.encode(listing)])
