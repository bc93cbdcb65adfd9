"""Replay: every epoch and page computed again from the journal alone, and compared with what was written down.

Nothing that was stored beside the journal is read: no trace, delta, snapshot or projection. The world is folded from
record 0. At each `epoch` record it is cut and compared; then the pages that pin this epoch are ranked again, each with
its viewer's state as of `viewer_upto`, the receipt's `now` and its request.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import ACTION, Actions, Reader
from plainview.feed.configuration import Configuration
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned, pin
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.feed.viewers import apply_all, digest, new_viewers, without_profile
from plainview.journal import Entry, JournalDamaged, JournalReader
from plainview.learning import epochs as worlds
from plainview.learning.fold import Fold, empty_world
from plainview.records import Epoch, Page, Record
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.replay.bounds import Bounds
from plainview.replay.findings import Difference, Report, compare

TAKE = 4096
"""Records folded at a time."""
RESIDENTS = 16_384
"""Viewers whose state is held (15.6 KB each); any other is built again from the journal."""
PIECE = 16
"""Pages a thread ranks before it takes the next."""

Advance = Callable[[int, int], None]
"""Called with how many records were read and how many pages dealt with so far."""


class _Job(NamedTuple):
    """A page to be ranked again, with all that takes but the world."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    page: Page
    cursor: int
    """Where its plain list goes on."""
    viewer: NDArray[np.void]
    """Shape (1,): the viewer's state without `own`."""
    own: list[tuple[int, Record]]
    """The viewer's further records below `viewer_upto`."""
    upto: int
    """One past the index of the viewer's last record below `viewer_upto`."""
    missed: bool
    """Whether one more was acknowledged to the client before it asked."""
    pinned: Pinned | None


class _Plan(NamedTuple):
    """What a first look at the journal tells: where the world is cut, and which pages rest on which cut."""

    epochs: list[tuple[int, Epoch]]
    """(index, record), in order."""
    pages: dict[int, list[int]]
    """Epoch to the indexes of the pages that pin it, ascending."""
    lists: dict[int, dict[int, int]]
    """Epoch to {region: last epoch}: plain lists drawn from its world, and the last epoch whose pages need them."""
    total: int
    """Pages wanted."""


class _Wrong(NamedTuple):
    """An epoch that came out otherwise."""

    index: int  # type: ignore[assignment]
    release: str | None
    """Another release that is in the journal and may have made it."""


class Replay:
    """One run over a journal. Threads change its speed, and no result."""

    def __init__(
        self,
        journal: JournalReader,
        configuration: Configuration,
        installed: str,
        *,
        residents: int = RESIDENTS,
        threads: int = 1,
        advance: Advance = lambda records, pages: None,
    ) -> None:
        """`installed` is the digest of the release that runs here, `configuration` its configuration."""
        if residents < TAKE:
            raise ValueError(f"{residents} residents: at least {TAKE} are needed")
        self._journal = journal
        self._configuration = configuration
        self._pipeline = Pipeline.of(configuration)
        self._reader = Reader(configuration.regions)
        self._installed = installed
        self._release = to_bytes(installed)
        self._threads = threads
        self._probed = threading.local()
        self._advance = advance

        self._bounds = Bounds(journal, configuration.max_lag)
        self._read = 0
        self._broken: int | None = None
        """Index of the first damaged record: what comes after may rest on it."""

        self._fold = Fold(configuration, empty_world(), residents, self._load)
        self._folding = True
        self._taken = 0
        self._waiting: deque[tuple[int, Record]] = deque()
        """Read and not yet folded."""
        self._own: dict[int, deque[tuple[int, Record]]] = {}
        """Those of them that have a viewer, by viewer."""
        self._last: dict[int, int] = {}
        """Index of each viewer's last record that was folded."""
        self._epoch: Epoch | None = None
        self._wrong: dict[int, _Wrong] = {}
        self._lists: dict[tuple[int, int], Pinned] = {}
        """Plain lists in use, by epoch and region."""

        self._wanted: int | None = None
        self._ready: dict[int, tuple[Page, int]] = {}
        """Pages read and not yet ranked, by index: page and cursor."""
        self._unsure: set[int] = set()
        """Records after a damaged one that break a bound: it may be the damage that makes them."""
        self._differing: dict[int, Difference] = {}
        self._inconclusive: dict[str, int] = {}
        self._identical = self._unreached = self._done = self._epochs = self._snapshots = self._missing = 0

    def run(self, only: int | None = None) -> Report:
        """Replay the whole journal; with `only`, the one page whose receipt is that record, and what it rests on.

        Raises LookupError where record `only` is not a page.
        """
        began, cpu = time.monotonic(), time.process_time()
        probe()
        size = self._journal.size
        self._wanted = only
        plan = self._plan(size, only)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="replay") as pool:
            for index, epoch in plan.epochs:
                if only is not None and not plan.pages:
                    break
                if epoch.upto > index:
                    # Nothing can be folded that was not there; what rests on this epoch is not reached.
                    self._differ(
                        index, "epoch", "bounds: epoch", f"its upto, {epoch.upto}, lies beyond the record itself"
                    )
                    break
                if not self._take_to(epoch.upto):
                    break
                self._read_to(index + 1)
                if self._broken is not None and epoch.epoch != self._epochs:
                    break  # the damaged record is the epoch before this one
                self._cut(index, epoch, plan)
                pages = plan.pages.pop(epoch.epoch, [])
                if pages:
                    self._read_to(pages[-1] + 1)
                    self._rank(epoch, pages, pool)
                self._drop_lists(plan, epoch.epoch)
        self._folding = False
        if only is None:
            self._read_to(size)
        for pages in plan.pages.values():
            self._leave(pages)
        return Report(
            records=self._read - self._missing,
            missing=self._missing,
            epochs=self._epochs,
            snapshots=self._snapshots,
            pages=plan.total,
            identical=self._identical,
            inconclusive=dict(sorted(self._inconclusive.items())),
            unreached=self._unreached,
            differing=tuple(sorted(self._differing.values(), key=lambda difference: difference.index)),
            installed=self._installed,
            seconds=time.monotonic() - began,
            cpu_seconds=time.process_time() - cpu,
        )

    # The first look.

    def _plan(self, size: int, only: int | None) -> _Plan:
        epochs = [
            (entry.index, entry.record) for entry in self._sound("epoch", size) if isinstance(entry.record, Epoch)
        ]
        pages: dict[int, list[int]] = {}
        lists: dict[int, dict[int, int]] = {}
        total = 0
        for entry in self._sound("page", size) if only is None else self._asked(only, size):
            page = entry.record
            assert isinstance(page, Page)
            total += 1
            pages.setdefault(page.epoch, []).append(entry.index)
            if page.request.mode == "plain":
                regions = lists.setdefault(page.pinned, {})
                region = self._reader.region(page.request.region)
                regions[region] = max(regions.get(region, 0), page.epoch)
        return _Plan(epochs, pages, lists, total)

    def _asked(self, only: int, size: int) -> list[Entry]:
        if not 0 <= only < size:
            raise LookupError(f"there is no record {only}: the journal has {size}")
        try:
            entry = self._journal.entry(only)
        except JournalDamaged as error:
            self._differ(error.index, "record", f"journal: {error.stage}", error.detail)
            return []
        if entry.kind != "page":
            raise LookupError(f"record {only} is of kind {entry.kind}: give the index of a page's receipt")
        return [entry]

    def _sound(self, kind: str, size: int) -> Iterator[Entry]:
        """Records of a kind, damaged ones left out: reading in order reports them."""
        start = 0
        while start < size:
            try:
                for entry in self._journal.of_kind(kind, start, size):
                    start = entry.index + 1
                    yield entry
                return
            except JournalDamaged as error:
                start = max(error.index, start) + 1

    # Reading, in index order.

    def _read_to(self, stop: int) -> None:
        while self._read < stop:
            try:
                for entry in self._journal.read(self._read, stop):
                    self._note(entry)
                    self._read = entry.index + 1
            except JournalDamaged as error:
                self._differ(error.index, "record", f"journal: {error.stage}", error.detail)
                if self._broken is None:
                    self._broken = error.index
                self._read = max(self._read, error.after)
                if error.stage == "index":
                    self._missing += error.after - error.index
        self._advance(self._read, self._done)

    def _note(self, entry: Entry) -> None:
        index, record = entry.index, entry.record
        going_on = self._bounds.goes_on(record) if isinstance(record, Page) else None
        outside = self._bounds.take(entry, going_on)
        if outside is not None and (self._broken is None or index < self._broken):
            self._differ(index, entry.kind, *outside)
        elif outside is not None:
            self._unsure.add(index)
        if not self._folding:
            return
        if isinstance(record, Page) and going_on is not None and self._wanted in (None, index):
            self._ready[index] = (record, going_on.cursor)
        self._waiting.append((index, record))
        viewer = getattr(record, "viewer", None)
        if viewer is not None:
            self._own.setdefault(viewer, deque()).append((index, record))

    # Folding.

    def _take_to(self, upto: int) -> bool:
        """Fold all records below `upto`. False where one of them is damaged."""
        while self._taken < upto:
            if not self._waiting:
                self._read_to(min(upto, self._read + TAKE))
            if self._broken is not None and self._broken < upto:
                return False
            batch: list[tuple[int, Record]] = []
            while self._waiting and self._waiting[0][0] < upto and len(batch) < TAKE:
                batch.append(self._waiting.popleft())
            self._fold.take(batch)
            for index, record in batch:
                viewer = getattr(record, "viewer", None)
                if viewer is not None:
                    own = self._own[viewer]
                    own.popleft()
                    if not own:
                        del self._own[viewer]
                    self._last[viewer] = index
            self._taken = batch[-1][0] + 1
        return True

    def _load(self, viewer: int) -> Actions:
        """The viewer's records as far as the fold has come."""
        return self._actions(viewer, self._taken)

    def _actions(self, viewer: int, upto: int) -> Actions:
        if viewer not in self._last:
            return Actions(np.zeros(0, ACTION), np.zeros(0, np.int64))
        return self._reader.read(
            (entry.index, entry.record) for entry in self._journal.owned(f"viewer:{viewer}", 0, upto)
        )

    def _cut(self, index: int, epoch: Epoch, plan: _Plan) -> None:
        """Cut the world, compare with the epoch's record, and draw the lists that plain pages will go on from."""
        world = self._fold.world
        if epoch.epoch == 0 or self._epoch is None:
            record = worlds.first(world).record
        else:
            record = worlds.close(world, self._epoch, epoch.upto, epoch.state != DASHES).record
        self._epoch = epoch
        self._epochs += 1
        self._snapshots += epoch.state != DASHES
        for field in ("parent", "delta", "state", "digest"):
            here, there = getattr(record, field), getattr(epoch, field)
            if here != there:
                other = self._bounds.other_release(self._installed)
                self._wrong[epoch.epoch] = _Wrong(index, other)
                if other is None:
                    self._differ(index, "epoch", f"epoch: {field}", f"{there} in epoch {epoch.epoch}, {here} computed")
                break
        for region in plan.lists.get(epoch.epoch, {}):
            self._lists[epoch.epoch, region] = pin(world, epoch.epoch, region)

    def _drop_lists(self, plan: _Plan, epoch: int) -> None:
        """Forget lists that no later page goes on from."""
        for pinned, region in list(self._lists):
            if plan.lists[pinned][region] <= epoch:
                del self._lists[pinned, region]

    # Ranking.

    def _rank(self, epoch: Epoch, pages: list[int], pool: ThreadPoolExecutor) -> None:
        wrong = self._wrong.get(epoch.epoch)
        policy = self._bounds.policy(epoch.upto)
        jobs: list[_Job] = []
        for index in pages:
            if index not in self._ready:
                self._settle(index, ("journal: body", "it could be read at first, and later not"))
                continue
            page, cursor = self._ready.pop(index)
            if index not in self._differing and page.release != self._installed:
                self._set_apart(page.release)
            elif wrong is not None and wrong.release is not None:
                self._set_apart(wrong.release)
            elif wrong is not None:
                self._settle(index, ("epoch", f"it pins epoch {epoch.epoch}, and record {wrong.index} differs"))
            elif page.policy != policy:
                self._settle(index, ("receipt: policy", f"{page.policy} in the receipt, {policy} in its epoch"))
            elif index in self._differing:
                self._settle(index, None)
            else:
                jobs.append(self._job(index, page, cursor))
        pieces = [jobs[start : start + PIECE] for start in range(0, len(jobs), PIECE)]
        for piece, outcomes in zip(pieces, pool.map(self._rank_piece, pieces), strict=True):
            for job, outcome in zip(piece, outcomes, strict=True):
                self._settle(job.index, outcome)
            self._advance(self._read, self._done)

    def _job(self, index: int, page: Page, cursor: int) -> _Job:
        viewer, upto = page.viewer, page.viewer_upto
        last = self._last.get(viewer, -1)
        waiting = self._own.get(viewer, ())
        acknowledged = min(page.request.acknowledged, index)
        own: list[tuple[int, Record]]
        if last < upto:
            state = self._fold.residents.row(viewer)
            own = [one for one in waiting if one[0] < upto]
            missed = any(upto <= one[0] < acknowledged for one in waiting)
        else:
            # Its ranking began before the last records of its viewer that its epoch has folded in.
            state = new_viewers(1)
            state["id"] = viewer
            entries = list(self._journal.owned(f"viewer:{viewer}", 0, max(upto, acknowledged)))
            own = [(entry.index, entry.record) for entry in entries if entry.index < upto]
            missed = len(entries) > len(own)
            last = -1
        pinned = self._lists.get((page.pinned, self._reader.region(page.request.region)))
        return _Job(index, page, cursor, state, own, (own[-1][0] if own else last) + 1, missed, pinned)

    def _rank_piece(self, jobs: list[_Job]) -> list[tuple[str, str] | None]:
        if not getattr(self._probed, "done", False):
            probe()
            self._probed.done = True
        return [self._rank_again(job) for job in jobs]

    def _rank_again(self, job: _Job) -> tuple[str, str] | None:
        """The first stage at which the page computed again differs from its receipt, and how."""
        page = job.page
        if page.viewer_upto != job.upto or page.viewer_upto > job.index:
            return (
                "viewer state: viewer_upto",
                f"{page.viewer_upto} in the receipt, the viewer's records end at {job.upto}",
            )
        if job.missed:
            return (
                "viewer state: acknowledged",
                f"records below {page.request.acknowledged} were acknowledged and not seen",
            )
        state = job.viewer
        if job.own:
            actions = self._reader.read(job.own)
            actions.rows["slot"] = 0
            apply_all(state, actions.rows, actions.payload)
        plain = page.request.mode == "plain"
        seen = to_text(digest(without_profile(state) if plain else state))
        if page.viewer_digest != seen:
            return "viewer state: digest", f"{page.viewer_digest} in the receipt, {seen} computed"
        if plain and job.pinned is None:
            return "receipt: pinned", f"epoch {page.pinned} comes after epoch {page.epoch}"
        asked = Asked(page.request, page.session, page.n, page.now, job.cursor)
        ranked = rank(
            self._pipeline, self._release, self._fold.world, to_bytes(page.epoch_digest), state, asked, job.pinned
        )
        return compare(self._pipeline, page, ranked)

    # The outcome.

    def _settle(self, index: int, outcome: tuple[str, str] | None) -> None:
        """Count a page, once."""
        self._done += 1
        if index in self._differing:
            return
        after_damage = self._broken is not None and self._broken < index
        if index in self._unsure or (outcome is not None and after_damage):
            self._unreached += 1
        elif outcome is None:
            self._identical += 1
        else:
            self._differ(index, "page", *outcome)

    def _set_apart(self, release: str) -> None:
        self._done += 1
        self._inconclusive[release] = self._inconclusive.get(release, 0) + 1

    def _leave(self, pages: list[int]) -> None:
        """Pages whose epoch was never reached: the journal is damaged before it, or there is no such epoch."""
        for index in pages:
            self._settle(index, ("epoch", "it pins an epoch that is not in the journal"))

    def _differ(self, index: int, kind: str, stage: str, detail: str) -> None:
        """Note a record's first difference."""
        self._differing.setdefault(index, Difference(index, kind, stage, detail))
