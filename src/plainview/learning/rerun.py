"""A release run again: a journal's worlds and pages, and where they are not what was written down.

Whoever replays reads the journal and judges its bounds; here is what only the release itself can say. Pure but for what
it asks of the journal's past.

As a program it is asked through pipes: `learning.conversation`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import ACTION, Actions, Reader
from plainview.feed.configuration import Configuration
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned, pin
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.feed.trace import Ranked
from plainview.feed.viewers import apply_all, digest, new_viewers, without_profile
from plainview.feed.world import World
from plainview.learning import epochs as worlds
from plainview.learning.differences import compare
from plainview.learning.fold import Fold, empty_world
from plainview.learning.golden import golden, golden_digest
from plainview.learning.parameters import NONE, Parameters
from plainview.records import Page, Record
from plainview.records.digests import Arrays
from plainview.records.fields import to_bytes, to_text

TAKE = 4096
"""Records folded at a time."""
RESIDENTS = 16_384
"""Viewers whose state is held (15.6 KB each); any other is built again from the journal."""
PIECE = 16
"""Pages a thread ranks before it takes the next."""
_A = TypeVar("_A")


class Past(Protocol):
    """What is asked of the journal, as far as its records were given."""

    def own(self, viewer: int, upto: int) -> Iterable[tuple[int, Record]]:
        """The viewer's own records below `upto`, in index order."""
        ...

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        """Those of `viewers` who have a record below `upto`."""
        ...


class Parent(NamedTuple):
    """The epoch that one comes after."""

    epoch: int
    digest: str


class Cut(NamedTuple):
    """An epoch as it was computed, in the fields of its record."""

    parent: str
    delta: str
    digest: str
    state: str
    """43 dashes where it was not asked for."""


class Stand(NamedTuple):
    """What a release at work holds between two epochs that cannot be had from single records again."""

    epoch: int
    """That was cut last."""
    upto: int
    """All records below it are folded in, and no other."""
    world: Arrays
    """`World.snapshot`."""
    lists: dict[tuple[int, str], Pinned]
    """Plain lists that were drawn, by epoch and region."""


class Served(NamedTuple):
    """A page to be ranked again."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    page: Page
    cursor: int
    """Where its plain list goes on."""


class Outcome(NamedTuple):
    """What ranking a page again came to."""

    trace: str
    """Digest of the trace computed; empty where it did not come to that."""
    stage: str
    """The first stage that differs; empty where none does."""
    detail: str


class Placed(NamedTuple):
    """A video of a page that was not served, and what put it there."""

    video: int
    source: str
    selector: str


class Proposal(NamedTuple):
    """The page that a release gives in place of a logged one."""

    trace: str
    """Digest of its trace."""
    items: tuple[Placed, ...]


class _Job(NamedTuple):
    """A page to be ranked again, with all that takes but the world."""

    served: Served
    viewer: NDArray[np.void]
    """Shape (1,): the viewer's state without `own`."""
    own: list[tuple[int, Record]]
    """The viewer's further records below `viewer_upto`."""
    upto: int
    """One past the index of the viewer's last record below `viewer_upto`."""
    missed: bool
    """Whether one more was acknowledged to the client before it asked."""
    pinned: Pinned | None


class Rerun:
    """A release's world over one journal, from record 0 on or from where it stood."""

    def __init__(
        self,
        configuration: Configuration,
        release: str,
        past: Past,
        *,
        parameters: Parameters = NONE,
        residents: int = RESIDENTS,
        threads: int = 1,
        stand: Stand | None = None,
    ) -> None:
        """Threads change its speed, and no result. With `stand` the records from `stand.upto` on are to be given.

        Raises ValueError for a configuration that names what is not there, and for a world that does not fit.
        """
        if residents < TAKE:
            raise ValueError(f"{residents} residents: at least {TAKE} are needed")
        self._configuration, self._parameters = configuration, parameters
        self._pipeline = Pipeline.of(configuration)
        self._reader = Reader(configuration.regions)
        self._release = to_bytes(release)
        self._past = past
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rerun") if threads > 1 else None
        self._probed = threading.local()
        world = empty_world(parameters) if stand is None else World()
        self._fold = Fold(configuration, world, residents, self._load)
        self._epoch = self._upto = self._taken = 0
        self._newcomers: frozenset[int] = frozenset()
        """Viewers of the records being folded who have none before them."""
        self._waiting: deque[tuple[int, Record]] = deque()
        """Given and not yet folded."""
        self._own: dict[int, deque[tuple[int, Record]]] = {}
        """Those of them that have a viewer, by viewer."""
        self._last: dict[int, int] = {}
        """Index of the last record that was folded, -1 for none: of each viewer whose state is held, and of others."""
        self._lists: dict[tuple[int, str], Pinned] = {}
        """Plain lists, by epoch and region."""
        if stand is not None:
            world.apply(stand.world)
            self._epoch, self._upto, self._taken = stand.epoch, stand.upto, stand.upto
            self._lists.update(stand.lists)

    def stand(self) -> Stand:
        """Where it stands, after a cut: arrays are its own, to be read before anything else is asked of it."""
        return Stand(self._epoch, self._upto, self._fold.world.snapshot(), dict(self._lists))

    def take(self, entries: Iterable[tuple[int, Record]], upto: int) -> None:
        """Take in records that follow on those given so far, and fold those below `upto`.

        No epoch may end below what is folded, and no page see less of the world.
        """
        for one in entries:
            self._waiting.append(one)
            viewer = getattr(one[1], "viewer", None)
            if viewer is not None:
                self._own.setdefault(viewer, deque()).append(one)
        self._fold_to(upto)

    def cut(self, parent: Parent | None, upto: int, whole: bool) -> Cut:
        """Cut the epoch after `parent` into which all records below `upto` are folded; epoch 0 where there is none.

        `whole`: with the digest of the whole state.
        """
        self._fold_to(upto)
        world = self._fold.world
        made = (worlds.first(world) if parent is None else worlds.close(world, parent, upto, whole)).record
        self._epoch, self._upto = made.epoch, upto
        return Cut(made.parent, made.delta, made.digest, made.state)

    def draw(self, regions: Iterable[str]) -> None:
        """Draw the plain lists of these regions from the epoch that was cut last, for its pages and later ones."""
        for region in regions:
            self._lists[self._epoch, region] = pin(self._fold.world, self._epoch, self._reader.region(region))

    def drop(self, lists: Iterable[tuple[int, str]]) -> None:
        """Forget plain lists, by epoch and region."""
        for one in lists:
            del self._lists[one]

    def rank(self, pages: Sequence[Served]) -> list[Outcome]:
        """Rank pages again on the epoch that was cut last; their records were given."""
        return self._each(self._rank_again, pages)

    def propose(self, pages: Sequence[Served]) -> list[Proposal]:
        """The pages that this release gives in place of these, on the epoch that was cut last; they were given.

        Inputs are the receipts', whoever served them, and so are the random numbers: what differs comes of the
        release, and nothing of chance. A page of this release comes out as it was served.
        """
        return self._each(self._propose, pages)

    def golden(self) -> str:
        """The digest of its golden vectors, computed here."""
        return to_text(golden_digest(golden(self._configuration, self._parameters)))

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    # Folding.

    def _fold_to(self, upto: int) -> None:
        self._probe()
        while self._waiting and self._waiting[0][0] < upto:
            batch: list[tuple[int, Record]] = []
            while self._waiting and self._waiting[0][0] < upto and len(batch) < TAKE:
                batch.append(self._waiting.popleft())
            self._newcomers = self._strangers(batch)
            self._fold.take(batch)
            self._newcomers = frozenset()
            for index, record in batch:
                viewer = getattr(record, "viewer", None)
                if viewer is not None:
                    own = self._own[viewer]
                    own.popleft()
                    if not own:
                        del self._own[viewer]
                    self._last[viewer] = index
            self._taken = batch[-1][0] + 1
        residents = self._fold.residents
        if len(self._last) > 2 * residents.capacity:
            self._last = {viewer: last for viewer, last in self._last.items() if viewer in residents}

    def _strangers(self, batch: list[tuple[int, Record]]) -> frozenset[int]:
        """Who comes for the first time: asked for all at once, since most journals hold many viewers with few
        records."""
        viewers = {getattr(record, "viewer", None) for _, record in batch}
        absent = sorted(one for one in viewers if one is not None and one not in self._last)
        return frozenset(absent).difference(self._past.known(absent, self._taken)) if absent else frozenset()

    def _load(self, viewer: int) -> Actions:
        """The viewer's records as far as the fold has come."""
        if viewer in self._newcomers:
            return Actions(np.zeros(0, ACTION), np.zeros(0, np.int64))
        records = list(self._past.own(viewer, self._taken))
        self._last[viewer] = records[-1][0] if records else -1
        return self._reader.read(records)

    # Ranking.

    def _job(self, served: Served) -> _Job:
        page = served.page
        viewer, upto = page.viewer, page.viewer_upto
        waiting = self._own.get(viewer, ())
        acknowledged = min(page.request.acknowledged, served.index)
        state = self._fold.residents.row(viewer)
        last = self._last[viewer]
        own: list[tuple[int, Record]]
        if last < upto:
            own = [one for one in waiting if one[0] < upto]
            missed = any(upto <= one[0] < acknowledged for one in waiting)
        else:
            # Its ranking began before the last records of its viewer that its epoch has folded in.
            state = new_viewers(1)
            state["id"] = viewer
            entries = list(self._past.own(viewer, max(upto, acknowledged)))
            own = [one for one in entries if one[0] < upto]
            missed = len(entries) > len(own)
            last = -1
        pinned = self._lists.get((page.pinned, page.request.region))
        return _Job(served, state, own, (own[-1][0] if own else last) + 1, missed, pinned)

    def _each(self, answer: Callable[[_Job], _A], pages: Sequence[Served]) -> list[_A]:
        """The answer to each page, in their order."""

        def answered(piece: Sequence[_Job]) -> list[_A]:
            self._probe()
            return [answer(job) for job in piece]

        jobs = [self._job(served) for served in pages]
        pieces = [jobs[start : start + PIECE] for start in range(0, len(jobs), PIECE)]
        each = map if self._pool is None else self._pool.map
        return [one for piece in each(answered, pieces) for one in piece]

    def _rank_again(self, job: _Job) -> Outcome:
        index, page, _ = job.served
        if page.viewer_upto != job.upto or page.viewer_upto > index:
            return Outcome(
                "",
                "viewer state: viewer_upto",
                f"{page.viewer_upto} in the receipt, the viewer's records end at {job.upto}",
            )
        if job.missed:
            return Outcome(
                "",
                "viewer state: acknowledged",
                f"records below {page.request.acknowledged} were acknowledged and not seen",
            )
        state = self._state(job)
        plain = page.request.mode == "plain"
        seen = to_text(digest(without_profile(state) if plain else state))
        if page.viewer_digest != seen:
            return Outcome("", "viewer state: digest", f"{page.viewer_digest} in the receipt, {seen} computed")
        if plain and job.pinned is None:
            return Outcome("", "receipt: pinned", f"epoch {page.pinned} comes after epoch {page.epoch}")
        ranked = self._ranked(job, state, self._release)
        trace = to_text(ranked.trace.digest())
        stage, detail = compare(self._pipeline, page, ranked, trace) or ("", "")
        return Outcome(trace, stage, detail)

    def _propose(self, job: _Job) -> Proposal:
        ranked = self._ranked(job, self._state(job), to_bytes(job.served.page.release))
        items = tuple(Placed(one.video, one.source, one.selector) for one in ranked.items)
        return Proposal(to_text(ranked.trace.digest()), items)

    def _state(self, job: _Job) -> NDArray[np.void]:
        """The viewer's state as of `viewer_upto`; a job's is asked for once."""
        if job.own:
            actions = self._reader.read(job.own)
            actions.rows["slot"] = 0
            apply_all(job.viewer, actions.rows, actions.payload)
        return job.viewer

    def _ranked(self, job: _Job, state: NDArray[np.void], seeding: bytes) -> Ranked:
        """The page that comes of it with the random numbers of release `seeding`."""
        _, page, cursor = job.served
        asked = Asked(page.request, page.session, page.n, page.now, cursor)
        epoch = to_bytes(page.epoch_digest)
        return rank(self._pipeline, seeding, self._fold.world, epoch, state, asked, job.pinned)

    def _probe(self) -> None:
        """Raises ProbeFailed in a thread whose arithmetic is another."""
        if not getattr(self._probed, "done", False):
            probe()
            self._probed.done = True


if __name__ == "__main__":
    from plainview.learning.conversation import main

    main()
