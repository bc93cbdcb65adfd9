"""Pages ranked again on a world, each from its receipt and its viewer's state."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.actions import Reader
from plainview.feed.configuration import Configuration
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned
from plainview.feed.ranking import Asked, rank
from plainview.feed.trace import Ranked
from plainview.feed.viewers import apply_all, digest, without_profile
from plainview.feed.world import World
from plainview.learning.differences import compare
from plainview.records import Page, Record
from plainview.records.fields import to_bytes, to_text


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


class Job(NamedTuple):
    """A page to be ranked again, with all that takes but the world. To be answered once: `viewer` is written."""

    served: Served
    own: list[tuple[int, Record]]
    """The viewer's further records below `viewer_upto`."""
    upto: int
    """One past the index of the viewer's last record below `viewer_upto`."""
    missed: bool
    """Whether one more was acknowledged to the client before it asked."""
    pinned: Pinned | None
    viewer: NDArray[np.void]
    """Shape (1,): the viewer's state without `own`."""


What = Literal["rank", "propose"]
"""What of a `Ranker` is asked."""


class Ranker:
    """A release, ranking on whatever world it is given."""

    def __init__(self, configuration: Configuration, release: str) -> None:
        """Raises ValueError for a configuration that names what is not there."""
        self._pipeline = Pipeline.of(configuration)
        self._reader = Reader(configuration.regions)
        self._release = to_bytes(release)

    def rank(self, world: World, job: Job) -> Outcome:
        """The page again, compared with its receipt."""
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
        ranked = self._ranked(world, job, state, self._release)
        trace = to_text(ranked.trace.digest())
        stage, detail = compare(self._pipeline, page, ranked, trace) or ("", "")
        return Outcome(trace, stage, detail)

    def propose(self, world: World, job: Job) -> Proposal:
        """The page that this release gives in its place."""
        ranked = self._ranked(world, job, self._state(job), to_bytes(job.served.page.release))
        items = tuple(Placed(one.video, one.source, one.selector) for one in ranked.items)
        return Proposal(to_text(ranked.trace.digest()), items)

    def _state(self, job: Job) -> NDArray[np.void]:
        """The viewer's state as of `viewer_upto`."""
        if job.own:
            actions = self._reader.read(job.own)
            actions.rows["slot"] = 0
            apply_all(job.viewer, actions.rows, actions.payload)
        return job.viewer

    def _ranked(self, world: World, job: Job, state: NDArray[np.void], seeding: bytes) -> Ranked:
        """The page that comes of it with the random numbers of release `seeding`."""
        _, page, cursor = job.served
        asked = Asked(page.request, page.session, page.n, page.now, cursor)
        epoch = to_bytes(page.epoch_digest)
        return rank(self._pipeline, seeding, world, epoch, state, asked, job.pinned)
