"""All of it in one process: home, journal, learner, serving, from start to stop."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

import msgspec

from plainview.feed.pipeline import Pipeline
from plainview.journal import Entry, Journal, JournalDamaged
from plainview.journal.journal import now
from plainview.journal.struct_types import complete_struct_types
from plainview.keys.key_files import KeyFileError
from plainview.platform.acts import Acts
from plainview.platform.audit import Audit
from plainview.platform.catalogue import Catalogue
from plainview.platform.choices import Choices
from plainview.platform.events import Events
from plainview.platform.faults import Fault, HomeError
from plainview.platform.founding import found
from plainview.platform.home import LOG, Home
from plainview.platform.key_notices import KeyNotices
from plainview.platform.learner import CADENCE, Cadence, Learner
from plainview.platform.lineage import Lineage, LineageBroken, Progress
from plainview.platform.log.log import Log
from plainview.platform.log.opening import open_log
from plainview.platform.log.publisher import LogBroken
from plainview.platform.log.tree import Advance
from plainview.platform.metrics import Metrics
from plainview.platform.orders import Orders
from plainview.platform.pages import Pages
from plainview.platform.pins import Pins
from plainview.platform.pruning import prune
from plainview.platform.published import Published
from plainview.platform.releases import environment_digest
from plainview.platform.residency import Residency
from plainview.platform.serving import Serving
from plainview.platform.sessions import Sessions
from plainview.platform.succession import succeed
from plainview.platform.tallies import INTERVAL, Tallies
from plainview.platform.viewers import Viewers
from plainview.records import Epoch, Page, encode
from plainview.records.digests import Arrays
from plainview.records.fields import to_bytes, to_text
from plainview.storage import StoreError, StoreFull

RESIDENTS = 20_480
"""Viewers whose state is in memory, in serving and in learning each: 15.6 KB a viewer."""
RANKINGS = max(1, len(os.sched_getaffinity(0)) - 1)
"""Pages ranked at a time: a core is left to the HTTP loop and the journal's writer. With one on two cores the slowest
page in a hundred takes an eighth less time than with as many as come."""
_NO_CARD = msgspec.Raw(b"null")

_logger = logging.getLogger(__name__)


class Application:
    """A running platform. Use it as a context manager, or call `close`."""

    serving: Serving
    events: Events
    viewers: Viewers
    acts: Acts
    audit: Audit
    catalogue: Catalogue
    orders: Orders
    pages: Pages
    log: Log
    tallies: Tallies

    def __init__(
        self,
        home: Home,
        *,
        residents: int = RESIDENTS,
        rankings: int = RANKINGS,
        cadence: Cadence = CADENCE,
        tally_every: float = INTERVAL,
        clock: Callable[[], int] = now,
        progress: Progress | None = None,
        succeeding: bool = False,
    ) -> None:
        """Open `home` and bring everything up to the journal's last record.

        What becomes of feed requests is written down every `tally_every` seconds, where there are any.

        Where another release is in charge of the journal, the home's takes it over if `succeeding`, and may.

        Raises HomeError for a directory that cannot be used or read and a disk that is full, LineageBroken and
        JournalDamaged for one that is damaged.
        """
        complete_struct_types()
        release = home.release
        configuration = release.configuration
        self.home = home
        self.release = release.digest
        self._clock = clock
        self.metrics = Metrics()
        self._closing = threading.Lock()
        self._closed = False
        self._meeting = threading.Lock()
        self._damage: dict[str, None] = {}
        """What was found damaged, in the order in which it was met; told until the next start."""
        self.journal: Journal = home.write()
        try:
            charters = found(self.journal, home, clock() if succeeding else None)
            identity = to_text(hashlib.sha256(encode(self.journal.entry(0).record)).digest())
            charter = charters.in_force.charter
            self._window = charter.bounds.replay_window
            self.log, self._publisher = open_log(self.journal, home.path / LOG, charters)
            # Before anything is appended: it may be an older copy.
            self._publisher.open(_hashing(progress))
            self._publisher.ask_witnesses()
            self.tallies = Tallies(self.journal, tally_every)
            succeed(self.journal, home.epochs, release, residents, progress)
            self.lineage = Lineage(self.journal, home.epochs, release)
            self._published: Published | None = None
            self.catalogue = Catalogue(self.journal, home.objects, home.projections, identity, clock)
            self.acts = Acts(self.journal, clock)
            self.key_notices = KeyNotices(lambda: self.acts.standing.charter, clock)
            self.learner = Learner(
                self.journal,
                home.epochs,
                self.lineage,
                self.acts.judged,
                self.release,
                configuration,
                self._publish,
                clock=clock,
                residents=residents,
                cadence=cadence,
                kept=self._kept,
            )
            world, epoch, policy = self.learner.catch_up(progress)
            self.catalogue.restore(progress)
            self._published = published = Published(world.copy(), epoch, policy)
            self.pipeline = pipeline = Pipeline.of(configuration)
            pins = Pins(self.lineage)
            self.residency = Residency(self.journal, configuration.regions, residents)
            self.sessions = Sessions(self.journal)
            self.serving = Serving(
                self.journal,
                published,
                self.residency,
                self.sessions,
                pins,
                self.acts.judged,
                self.tallies,
                pipeline,
                self.release,
                self.lineage.first,
                charters.in_force.record,
                environment_digest(),
                clock,
                self.metrics,
                rankings,
            )
            choices = Choices(self.journal, self.residency)
            self.events = Events(
                self.journal,
                self.residency,
                choices,
                self.catalogue,
                self._window,
                clock,
                self.metrics,
                self.met,
            )
            self.audit = Audit(self.journal, lambda: self.acts.standing, clock)
            self.orders = Orders(self.journal, self.acts.judged, published)
            self.viewers = Viewers(self.journal, self.residency, choices)
            self.pages = Pages(self.journal, published, self.lineage, pins, pipeline, self.release)
            self._gauges()
            self.journal.watch(self._observe)
            self.learner.start()
            self.tallies.start()
            self._publisher.start()
            self.key_notices.start()
        except (LogBroken, KeyFileError) as error:
            self.journal.close()
            raise HomeError(str(error)) from error
        except (OSError, StoreFull) as error:
            self.journal.close()
            raise HomeError(
                f"{home.path}: {error}; mend that or free some space, and start again: nothing is lost"
            ) from error
        except StoreError as error:
            self.journal.close()
            raise HomeError(str(error)) from error
        except BaseException:
            self.journal.close()
            raise

    @property
    def epoch(self) -> Epoch:
        """The epoch that pages are ranked on now."""
        assert self._published is not None
        return self._published.epoch

    @property
    def trouble(self) -> str:
        """What is held up for now, by a full disk for one, or served only in part; empty where nothing is."""
        if self.journal.trouble:
            return f"no record can be written, and so no page served: {self.journal.trouble}"
        if self._publisher.trouble or self._publisher.hold:
            return f"the log is not published: {self._publisher.trouble or self._publisher.hold}"
        if self._publisher.clock:
            return f"promises may count as broken: {self._publisher.clock}"
        if self.learner.trouble or self.tallies.trouble:
            return self.learner.trouble or self.tallies.trouble
        first, *others = list(self._damage) or [""]
        if first:
            return f"{first}; {len(others)} more were found damaged since, and the log names them" if others else first
        if closed := self._closed_now:
            return f"nobody is served: {closed}"
        idle = self.acts.standing.why_idle(to_bytes(self.release), max(self._clock(), self.journal.last_time))
        return f"everybody is served the baseline: {idle}" if idle else ""

    @property
    def _closed_now(self) -> str:
        return self.acts.standing.why_closed(max(self._clock(), self.journal.last_time))

    @property
    def failure(self) -> str:
        """What keeps the platform from serving or learning until it is started again; empty where nothing does."""
        if self._publisher.failure is not None:
            return f"the log is published no more: {self._publisher.failure}"
        if self.journal.failure is not None:
            return f"the journal has stopped: {self.journal.failure}"
        if self.learner.failure is not None:
            return f"the learner has stopped: {self.learner.failure}"
        return ""

    def check_open(self) -> None:
        """Raises Fault where every licence has ended: nobody is served any more."""
        if closed := self._closed_now:
            raise Fault("closed", f"nobody is served any more: {closed}")

    def check_log(self) -> None:
        """Raises Fault where what is written now could not be promised to be published."""
        if self.log.hold:
            raise Fault("unavailable", f"nothing is taken for now: {self.log.hold}; send it again later")

    def met(self, damaged: JournalDamaged | LineageBroken) -> Fault:
        """Remember, and log once, that stored state was found damaged: what to tell whoever asked for it."""
        with self._meeting:
            if str(damaged) not in self._damage:
                self._damage[str(damaged)] = None
                _logger.error("%s", damaged)
        return Fault("unavailable", f"{damaged}; the operator can restore the journal from a copy: try again then")

    def cards(self, page: Page) -> list[msgspec.Raw]:
        """A card for each video of `page`; `null` where its record is damaged: the page was served all the same."""
        with suppress(JournalDamaged):  # met below, by the one whose record it is
            self.catalogue.gather(item.video for item in page.items)
        cards = []
        for item in page.items:
            try:
                cards.append(self.catalogue.card(item.video))
            except JournalDamaged as error:
                self.met(error)
                cards.append(_NO_CARD)
        return cards

    def wait_for(self, epoch: int, seconds: float) -> bool:
        """Wait until epoch number `epoch` is out; False where it was not in time."""
        assert self._published is not None
        return self._published.wait_beyond(epoch - 1, seconds)

    def close(self) -> None:
        """Write down what was counted, fold what is there, close an epoch with a snapshot, and give back the directory.

        Again, it does nothing.

        Raises what stopped the learner or the journal.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self.key_notices.close()
            try:
                self.tallies.close()
                self.learner.close()
            finally:
                self._publisher.close()
                self.journal.close()

    def __enter__(self) -> Application:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _observe(self, entries: list[Entry]) -> None:
        """Called by the journal's writer, before the records are acknowledged."""
        self.acts.observe(entries)
        self.catalogue.observe(entries)
        self.residency.observe(entries)
        self.sessions.observe(entries)
        self.serving.observe(entries)
        self.tallies.observe(entries)

    def _kept(self) -> None:
        """Called by the learner when it has kept a snapshot."""
        self.catalogue.save()
        self._publisher.keep()
        stored = self.catalogue.stored
        prune(self.lineage, self.home.epochs, self._window, () if stored is None else (stored,))

    def _publish(self, delta: Arrays, epoch: Epoch, policy: int) -> None:
        if self._published is not None:
            self._published.apply(delta, epoch, policy)
            self.metrics.epoch()

    def _gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("troubles", "1 where /health is not ok.", lambda: float(bool(self.failure or self.trouble)))
        gauge("published_records", "Records in the log's checkpoint.", lambda: self.log.size)
        gauge("journal_records", "Records in the journal.", lambda: self.journal.size)
        gauge(
            "key_days_left", "Days to the first end of a party's key; +Inf: none.", lambda: self.key_notices.days_left
        )
        gauge("epoch", "The epoch that pages are ranked on.", lambda: self.epoch.epoch)
        gauge("lag_records", "Records that the last epoch has not folded in.", lambda: self.learner.lag)
        gauge("residents", "Viewers whose state is in memory.", lambda: len(self.residency))
        gauge("sessions", "Sessions at hand.", lambda: len(self.sessions))
        gauge("videos", "Videos in the catalogue.", lambda: len(self.catalogue))


def _hashing(progress: Progress | None) -> Advance | None:
    return None if progress is None else lambda done, end: progress("Taking up the log", done, end)
