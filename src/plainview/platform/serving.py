"""The way of a page: from a feed request to a durable receipt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.feed.trace import Ranked
from plainview.feed.viewers import digest, without_profile
from plainview.journal import Ack, Draft, Entry, Journal
from plainview.platform.faults import Fault
from plainview.platform.metrics import Metrics
from plainview.platform.pins import Pins
from plainview.platform.published import Edition, Published
from plainview.platform.residency import Residency, Standing
from plainview.platform.sessions import Sessions, Turn
from plainview.platform.tallies import Tallies
from plainview.records import PAGE_LIMIT, Page, Request
from plainview.records.fields import AGE_BANDS, DASHES, U8, U32, U53, Mode, Region, Token, to_bytes, to_text
from plainview.replay.judged import Judged

RANKINGS = 3
"""Times a page is ranked before its viewer is told to come back."""
PATIENCE = 1.0
"""Seconds to wait for the epoch that a refused page lacks."""
_NEW_EPOCH = frozenset({"ineligible", "order", "stale"})
"""Refusals that a later epoch mends."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A feed request."""

    viewer: U53
    session: Token
    """16 bytes, chosen by the client."""
    n: U32
    """Page number in the session, from 0."""
    nonce: Token
    """16 random bytes, chosen by the client: goes into the page's seed."""
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)] = 10
    mode: Mode | None = None
    """None: as the viewer registered."""
    surface: U8 = 0
    region: Region | None = None
    """None: as the viewer registered."""
    acknowledged: U53 = 0
    """One past the last index that the client saw acknowledged."""


class Served(NamedTuple):
    """A page that went out."""

    entry: Entry
    """Its receipt, durable."""
    fresh: bool
    """False for a page that had been served before."""


class _Unread(Exception):
    """A receipt is durable, and could not be read back."""

    def __init__(self, ack: Ack, why: Exception) -> None:
        super().__init__(str(why))
        self.ack = ack
        self.why = why


class Serving:
    """Answers feed requests. May be used from many threads; `observe` belongs to the journal's writer."""

    def __init__(
        self,
        journal: Journal,
        published: Published,
        residency: Residency,
        sessions: Sessions,
        pins: Pins,
        judged: Judged,
        tallies: Tallies,
        pipeline: Pipeline,
        release: str,
        first: int,
        charter: int,
        environment: str,
        clock: Callable[[], int],
        metrics: Metrics,
        rankings: int,
    ) -> None:
        """`first` is the first epoch of `release`: a plain list of an earlier one is another release's, and ends.

        `rankings` at a time are computed at most: pages that come together are quicker one after another.
        """
        self._journal = journal
        self._published = published
        self._residency = residency
        self._sessions = sessions
        self._pins = pins
        self._judged = judged
        self._tallies = tallies
        self._pipeline = pipeline
        self._release = release
        self._first = first
        self._charter = charter
        self._release_bytes = to_bytes(release)
        self._environment = environment
        self._clock = clock
        self._metrics = metrics
        self._turns = threading.Semaphore(rankings)
        self._threads = threading.local()
        self._awaited: dict[tuple[str, int], Entry | None] = {}

    def page(self, ask: Ask) -> Served:
        """The page that `ask` asks for, its receipt durable; the first one where it was served before.

        Raises Fault for an unknown viewer, another viewer's session, a page out of turn, an `acknowledged` that no
        record of the viewer reaches, and where the fence refuses again and again. Raises JournalDamaged where a record
        that the page goes on from is.
        """
        try:
            served = self._page(ask)
        except Fault as fault:
            self._metrics.page(ask.mode or "default", fault.code)
            raise
        except Exception:
            self._metrics.page(ask.mode or "default", "failed")
            raise
        page = served.entry.record
        assert isinstance(page, Page)
        self._metrics.page(page.request.mode, "fresh" if served.fresh else "repeated")
        return served

    def baseline(self, entry: Entry) -> str:
        """Why the page in `entry` is the baseline's, where a personal one was wanted; empty where it is what was."""
        page = entry.record
        assert isinstance(page, Page)
        request = page.request
        if request.mode == page.wanted:
            return ""
        found = self._judged.grounds(
            page.release, request.region, request.surface, page.session, entry.time, entry.index
        )
        return found if isinstance(found, str) else ""

    def observe(self, entries: list[Entry]) -> None:
        """Remember the receipts that a thread waits for."""
        for entry in entries:
            if entry.kind == "page":
                page = entry.record
                assert isinstance(page, Page)
                key = (page.session, page.n)
                if key in self._awaited:
                    self._awaited[key] = entry

    def _page(self, ask: Ask) -> Served:
        standing = self._residency.standing(ask.viewer)
        turn = self._sessions.last(ask.session, ask.n)
        earlier = self._earlier(ask, turn)
        if earlier is not None:
            return Served(earlier, fresh=False)
        if ask.acknowledged > standing.upto:
            raise Fault(
                "not_acknowledged",
                f"acknowledged: {ask.acknowledged}, and the last record of viewer {ask.viewer} is {standing.upto - 1}: "
                "send one past the last index that was given back to this viewer",
                "acknowledged",
            )
        code = reason = ""
        for _ in range(RANKINGS):
            outcome, epoch = self._attempt(ask, standing, turn)
            if isinstance(outcome, Served):
                return outcome
            code, reason = outcome
            self._metrics.refusal(code)
            if code == "session":
                # Another request for this session came between: it may have been for this very page.
                turn = self._sessions.last(ask.session, ask.n)
                earlier = self._earlier(ask, turn)
                if earlier is not None:
                    return Served(earlier, fresh=False)
            if code in _NEW_EPOCH:
                self._published.wait_beyond(epoch, PATIENCE)
            standing = self._residency.standing(ask.viewer)
        raise Fault("unavailable", f"the page was ranked {RANKINGS} times and refused, at last because {reason}")

    def _earlier(self, ask: Ask, turn: Turn | None) -> Entry | None:
        """The page if it was served before. Raises Fault where the session is another's, or `n` is not next."""
        if turn is None:
            if ask.n > 0:
                raise Fault(
                    "out_of_turn",
                    f"n: this session has no page {ask.n - 1}, so page {ask.n} cannot be next: begin a session at 0",
                    "n",
                )
            return None
        if turn.viewer != ask.viewer:
            raise Fault("foreign_session", "session: it is another viewer's; begin one of your own", "session")
        if ask.n > turn.n + 1:
            raise Fault("out_of_turn", f"n: page {turn.n + 1} of this session is next, not {ask.n}", "n")
        return self._sessions.page(ask.session, ask.n) if ask.n <= turn.n else None

    def _attempt(self, ask: Ask, standing: Standing, turn: Turn | None) -> tuple[Served | tuple[str, str], int]:
        """Rank once and append: the page, or the fence's code and reason; and the epoch it was ranked on."""
        if not getattr(self._threads, "probed", False):
            probe()
            self._threads.probed = True
        began = time.perf_counter()
        # Journal time never goes back, even where the clock does: nor may what a page takes for now.
        now = max(self._clock(), self._journal.last_time)
        request = self._request(ask, standing)
        wanted = request.mode
        grounds: tuple[int, ...] = ()
        if wanted == "personal":
            found = self._judged.grounds(self._release, request.region, request.surface, ask.session, now)
            if isinstance(found, str):
                request = replace(request, mode="plain")
            else:
                grounds = found
        plain = request.mode == "plain"
        goes_on = plain and turn is not None and turn.plain and turn.pinned >= self._first
        cursor = turn.cursor if turn is not None and goes_on else 0
        number = self._region(request.region)
        # A list of an epoch gone by may take a while to draw up: not while the world is held.
        pinned = self._pins.at(turn.pinned, number) if turn is not None and goes_on else None
        with self._tallies.ranking() as counted:
            with self._turns, self._published as edition:
                if plain and pinned is None:
                    pinned = self._pins.begin(edition.world, edition.epoch.epoch, number)
                ranked = rank(
                    self._pipeline,
                    self._release_bytes,
                    edition.world,
                    edition.digest,
                    standing.row,
                    Asked(request, ask.session, ask.n, now, cursor),
                    pinned,
                )
            page = self._receipt(ask, request, wanted, grounds, standing, turn, edition, ranked, pinned, now)
            ranked_at = time.perf_counter()
            self._metrics.ranked(ranked_at - began)
            try:
                outcome = self._append(page)
            except _Unread as unread:  # whatever failed, its receipt is in the log
                counted.index = unread.ack.index if unread.ack.fresh else None
                counted.thrown = "repeated"
                raise unread.why from None
            self._metrics.committed(time.perf_counter() - ranked_at)
            if not isinstance(outcome, Served):
                counted.thrown = outcome[0]
            elif outcome.fresh:
                counted.index = outcome.entry.index
            else:
                counted.thrown = "repeated"
        return outcome, edition.epoch.epoch

    def _append(self, page: Page) -> Served | tuple[str, str]:
        key = (page.session, page.n)
        self._awaited.setdefault(key, None)  # another request for the same page may have its receipt there already
        try:
            (outcome,) = self._journal.append([Draft(page)])
        finally:
            entry = self._awaited.pop(key, None)
        if not isinstance(outcome, Ack):
            if outcome.met is not None:
                raise outcome.met  # ranked again it would be refused again
            return outcome.code, outcome.reason
        if entry is None or entry.index != outcome.index:
            try:
                entry = self._journal.entry(outcome.index, trusting=True)
            except Exception as error:
                raise _Unread(outcome, error) from error
        return Served(entry, outcome.fresh)

    def _request(self, ask: Ask, standing: Standing) -> Request:
        viewer = standing.row[0]
        return Request(
            surface=ask.surface,
            region=ask.region or self._pipeline.configuration.regions[int(viewer["region"])],
            age=AGE_BANDS[int(viewer["age"])],
            mode=ask.mode or ("plain" if viewer["plain"] else "personal"),
            limit=ask.limit,
            nonce=ask.nonce,
            acknowledged=ask.acknowledged,
        )

    def _region(self, name: str) -> int:
        regions = self._pipeline.configuration.regions
        return regions.index(name) if name in regions else 0

    def _receipt(
        self,
        ask: Ask,
        request: Request,
        wanted: Mode,
        grounds: tuple[int, ...],
        standing: Standing,
        turn: Turn | None,
        edition: Edition,
        ranked: Ranked,
        pinned: Pinned | None,
        now: int,
    ) -> Page:
        row = standing.row if pinned is None else without_profile(standing.row)
        return Page(
            time=0,
            viewer=ask.viewer,
            session=ask.session,
            n=ask.n,
            previous=DASHES if turn is None else turn.commitment,
            release=self._release,
            grounds=grounds,
            charter=self._charter,
            policy=edition.policy,
            epoch=edition.epoch.epoch,
            epoch_digest=edition.epoch.digest,
            pinned=edition.epoch.epoch if pinned is None else pinned.epoch,
            cursor=ranked.cursor,
            viewer_upto=standing.upto,
            viewer_digest=to_text(digest(row)),
            wanted=wanted,
            request=request,
            now=now,
            arms=ranked.arms,
            orders=ranked.orders,
            items=ranked.items,
            trace=to_text(ranked.trace.digest()),
            environment=self._environment,
        )
