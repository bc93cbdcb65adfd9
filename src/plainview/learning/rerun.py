"""A release run again: a journal's worlds and pages, and where they are not what was written down.

Whoever replays reads the journal and judges its bounds; here is what only the release itself can say. Pure but for what
it asks of the journal's past.

As a program it is asked through pipes: `learning.conversation`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from plainview.feed.actions import ACTION, Actions, Reader
from plainview.feed.configuration import Configuration
from plainview.feed.plain import Pinned, pin
from plainview.feed.probe import probe
from plainview.feed.viewers import new_viewers
from plainview.feed.world import World
from plainview.learning import epochs as worlds
from plainview.learning.fold import Fold, empty_world
from plainview.learning.golden import golden, golden_digest
from plainview.learning.parameters import NONE, Parameters
from plainview.learning.ranker import Job, Outcome, Proposal, Ranker, Served, What
from plainview.records import Record
from plainview.records.digests import Arrays
from plainview.records.fields import to_text

TAKE = 4096
"""Records folded at a time."""
RESIDENTS = 16_384
"""Viewers whose state is held (15.6 KB each); any other is built again from the journal."""
MUCH = 500
"""Pages that are ranked before others are begun beside it: that takes them seconds."""
_A = TypeVar("_A")
Answers = Callable[[], list[_A]]
"""Waits for what each page came to, in their order. To be called once."""


class Past(Protocol):
    """What is asked of the journal, as far as its records were given."""

    def own(self, viewer: int, upto: int) -> Iterable[tuple[int, Record]]:
        """The viewer's own records below `upto`, in index order."""
        ...

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        """Those of `viewers` who have a record below `upto`."""
        ...


class Beside(Protocol):
    """Others that rank pages, on worlds of their own which follow the epochs."""

    def follow(self, delta: Arrays) -> None:
        """Have their worlds go on by it."""
        ...

    def ask(self, what: What, jobs: Sequence[Job], here: Callable[[Sequence[Job]], list[Any]]) -> Answers[Any]:
        """Have them answer, but for those jobs that it has answered `here`."""
        ...

    def close(self) -> None: ...


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
        stand: Stand | None = None,
        beside: Callable[[Arrays], Beside] | None = None,
    ) -> None:
        """With `stand` the records from `stand.upto` on are to be given.

        Once there is much to rank, `beside` is called with a snapshot and gives who else ranks: they change its speed,
        and no result.

        Raises ValueError for a configuration that names what is not there, and for a world that does not fit.
        """
        if residents < TAKE:
            raise ValueError(f"{residents} residents: at least {TAKE} are needed")
        self._configuration, self._parameters = configuration, parameters
        self._ranker = Ranker(configuration, release)
        self._reader = Reader(configuration.regions)
        self._past = past
        self._begin = beside
        self._beside: Beside | None = None
        self._asked = 0
        """Pages."""
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
        made, delta = worlds.first(world) if parent is None else worlds.close(world, parent, upto, whole)
        self._epoch, self._upto = made.epoch, upto
        if self._beside is not None:
            self._beside.follow(delta)
        elif self._begin is not None and self._asked >= MUCH:
            here = world.snapshot()
            self._beside = self._begin({name: array.copy() for name, array in here.items()})  # while more is folded
        return Cut(made.parent, made.delta, made.digest, made.state)

    def draw(self, regions: Iterable[str]) -> None:
        """Draw the plain lists of these regions from the epoch that was cut last, for its pages and later ones."""
        for region in regions:
            self._lists[self._epoch, region] = pin(self._fold.world, self._epoch, self._reader.region(region))

    def drop(self, lists: Iterable[tuple[int, str]]) -> None:
        """Forget plain lists, by epoch and region."""
        for one in lists:
            del self._lists[one]

    def rank(self, pages: Sequence[Served]) -> Answers[Outcome]:
        """Rank pages again on the epoch that was cut last; their records were given. More may be taken, and epochs be
        cut, before it is asked for what they came to."""
        return self._each("rank", pages)

    def propose(self, pages: Sequence[Served]) -> Answers[Proposal]:
        """The pages that this release gives in place of these: see `rank`.

        Inputs are the receipts', whoever served them, and so are the random numbers: what differs comes of the
        release, and nothing of chance. A page of this release comes out as it was served.
        """
        return self._each("propose", pages)

    def golden(self) -> str:
        """The digest of its golden vectors, computed here."""
        return to_text(golden_digest(golden(self._configuration, self._parameters)))

    def close(self) -> None:
        """End who ranks beside it."""
        if self._beside is not None:
            self._beside.close()

    # Folding.

    def _fold_to(self, upto: int) -> None:
        probe()
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

    def _job(self, served: Served) -> Job:
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
        return Job(served, own, (own[-1][0] if own else last) + 1, missed, pinned, state)

    def _each(self, what: What, pages: Sequence[Served]) -> Answers[Any]:
        """What the ranker's method of that name says of each page."""
        probe()
        jobs = [self._job(served) for served in pages]
        self._asked += len(jobs)

        def here(some: Sequence[Job]) -> list[Any]:
            return [getattr(self._ranker, what)(self._fold.world, job) for job in some]

        if self._beside is not None:
            return self._beside.ask(what, jobs, here)
        found = here(jobs)
        return lambda: found


if __name__ == "__main__":
    from plainview.learning.conversation import main

    main()
