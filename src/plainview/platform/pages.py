"""Pages that were served: the receipt as it was written, and the trace computed again from what it pins."""

from __future__ import annotations

import threading
from typing import NamedTuple

from plainview.feed.actions import Reader
from plainview.feed.filters.ineligible import Ineligible
from plainview.feed.pipeline import Pipeline
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.feed.trace import Ranked
from plainview.feed.viewers import Viewers, apply_all, new_viewers
from plainview.journal import Entry, Journal
from plainview.journal.keys import page_key
from plainview.platform.faults import Fault
from plainview.platform.lineage import Lineage, LineageBroken
from plainview.platform.pins import Pins
from plainview.platform.policies import Decided, Decisions
from plainview.platform.published import Published
from plainview.records import Page
from plainview.records.fields import to_bytes, to_text


class Explained(NamedTuple):
    """A page and how it came about."""

    entry: Entry
    ranked: Ranked | None
    """None where this installation cannot tell: `reason` says why."""
    identical: bool
    """Whether items and trace came out as the receipt has them."""
    reason: str
    decided: tuple[Decided, ...] = ()
    """By which videos were kept out."""


class Pages:
    """May be used from many threads; one trace is computed at a time."""

    def __init__(
        self, journal: Journal, published: Published, lineage: Lineage, pins: Pins, pipeline: Pipeline, release: str
    ) -> None:
        self._journal = journal
        self._published = published
        self._lineage = lineage
        self._pins = pins
        self._pipeline = pipeline
        self._release = release
        names = [one.name for one in pipeline.filters]
        self._ineligible = names.index(Ineligible.name) if Ineligible.name in names else -1
        """Place of the filter that names decisions; -1 for none, which keeps nothing out."""
        self._reader = Reader(pipeline.configuration.regions)
        self._decisions = Decisions(journal)
        self._one = threading.Lock()

    def entry(self, index: int) -> Entry:
        """The page at `index` as it was written. Raises as `explain` does."""
        entry = self._journal.entry(index) if 0 <= index < self._journal.size else None
        if entry is None or not isinstance(entry.record, Page):
            raise Fault("unknown_index", f"record {index} is no page", "index")
        return entry

    def explain(self, index: int) -> Explained:
        """The page at `index`, ranked again. Raises Fault where there is none, JournalDamaged where it was changed."""
        entry = self.entry(index)
        page = entry.record
        assert isinstance(page, Page)
        if page.release != self._release:
            reason = (
                f"release {page.release} served it, and {self._release} is installed: the receipt holds what was shown "
                f"and why; `plainview replay {index} --bundles DIR` ranks it again, from that release's bundle"
            )
            return Explained(entry, None, False, reason)
        try:
            with self._one:
                ranked = self._rank(page)
        except LineageBroken as error:
            return Explained(entry, None, False, str(error))
        same = (ranked.items, ranked.arms, ranked.orders) == (page.items, page.arms, page.orders)
        identical = same and to_text(ranked.trace.digest()) == page.trace
        kept_out = ranked.trace.filters == 1 + self._ineligible
        numbers = set(ranked.trace.reasons[kept_out].tolist())
        why = "" if identical else "what was computed again is not what was served"
        return Explained(entry, ranked, identical, why, tuple(self._decisions.named(numbers, page.policy)))

    def _rank(self, page: Page) -> Ranked:
        probe()
        asked = Asked(page.request, page.session, page.n, page.now, self._cursor(page))
        regions = self._pipeline.configuration.regions
        region = regions.index(page.request.region) if page.request.region in regions else 0
        pinned = self._pins.at(page.pinned, region) if page.request.mode == "plain" else None
        viewer = self._viewer(page)
        release, digest = to_bytes(page.release), to_bytes(page.epoch_digest)
        with self._published as edition:
            if edition.epoch.epoch == page.epoch:
                return rank(self._pipeline, release, edition.world, digest, viewer, asked, pinned)
        with self._lineage.at(page.epoch) as world:
            return rank(self._pipeline, release, world, digest, viewer, asked, pinned)

    def _viewer(self, page: Page) -> Viewers:
        owned = self._journal.owned(f"viewer:{page.viewer}", 0, page.viewer_upto)
        actions = self._reader.read((entry.index, entry.record) for entry in owned)
        viewer = new_viewers(1)
        viewer["id"] = page.viewer
        actions.rows["slot"] = 0
        apply_all(viewer, actions.rows, actions.payload)
        return viewer

    def _cursor(self, page: Page) -> int:
        """Where the page went on in its list: where the one before stopped, if that was of the same list."""
        if page.n == 0 or page.request.mode != "plain":
            return 0
        index = self._journal.find(page_key(page.session, page.n - 1))
        before = None if index is None else self._journal.entry(index).record
        if isinstance(before, Page) and before.request.mode == "plain" and before.pinned == page.pinned:
            return before.cursor
        return 0
