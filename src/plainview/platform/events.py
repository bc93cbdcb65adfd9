"""What viewers did, as their clients tell it: checked event by event, so that one bad event costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import msgspec

from plainview.feed.viewers import PAGES
from plainview.journal import Ack, Draft, Journal, JournalDamaged, Refused
from plainview.journal.authorship import Cited, NotTheirs, check_author
from plainview.journal.keys import event_key
from plainview.platform.bodies import decoded
from plainview.platform.catalogue import Catalogue
from plainview.platform.choices import Choices
from plainview.platform.faults import Fault
from plainview.platform.metrics import Metrics
from plainview.platform.repeats import check_repeat
from plainview.platform.residency import Residency
from plainview.records import Event, Page
from plainview.records.fields import U8, U32, U53, Digest, Millis, Signature, Token
from plainview.records.viewer import Action

AHEAD = 60_000
"""Milliseconds that a client's clock may be ahead."""
LONGEST = 24 * 60 * 60 * 1000
"""Milliseconds of one video that anybody watches before the next event."""
DAY = 24 * 60 * 60 * 1000


class NewEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One act, as a client sends it."""

    id: Token
    """16 random bytes, chosen by the client: sent twice for a page, the same event counts once; another is refused."""
    viewer: U53
    page: U53
    """Index of the page's receipt."""
    position: U8
    """On that page, from 0."""
    video: U53
    action: Action
    watched: U32 = 0
    """Milliseconds watched, rewatching included; for `view` alone."""
    at: Millis
    """The client's clock, Unix ms."""
    key: Digest
    """The public key (Ed25519, 32 bytes) that the page's session is named after."""
    signature: Signature
    """By it, over what is said above (`records.viewer.Said`)."""


class Taken(msgspec.Struct, frozen=True):
    """What became of one event of a batch."""

    index: int | None
    """Its index in the journal; None where it was refused."""
    fresh: bool
    """False where the same event was there already: `index` is that one's."""
    late: bool
    """True for a fresh one whose page was none of the viewer's last when it was written: nothing is learnt from it."""
    fault: Fault | None


class Events:
    """Takes batches of events. May be used from many threads."""

    def __init__(
        self,
        journal: Journal,
        residency: Residency,
        choices: Choices,
        catalogue: Catalogue,
        replay_window: int,
        clock: Callable[[], int],
        metrics: Metrics,
        met: Callable[[JournalDamaged], Fault],
    ) -> None:
        """`replay_window` in days: older events than that are refused. `met` is told of damage, and says what to tell
        the client."""
        self._journal = journal
        self._residency = residency
        self._choices = choices
        self._catalogue = catalogue
        self._window = replay_window * DAY
        self._clock = clock
        self._metrics = metrics
        self._met = met

    def take(self, batch: list[msgspec.Raw]) -> list[Taken]:
        """One outcome for each event, in order; those accepted are durable.

        Raises what `Journal.append` raises: then it is not known which were written, and all may be sent again.
        """
        now = self._clock()
        checked: list[Event | Fault] = []
        late: set[int] = set()
        follows: dict[int, Event] = {}
        unread: dict[int, JournalDamaged] = {}
        cited = cache(self._cited)
        for place, raw in enumerate(batch):
            try:
                event, is_late = self._checked(raw, now, unread, cited)
            except (Fault, JournalDamaged) as error:
                checked.append(self._fault(error))
                continue
            checked.append(event)
            if is_late:
                late.add(place)
            elif event.action == "follow":
                follows[place] = event
        with self._choices.turn(event.viewer for event in follows.values()) as turn:
            for place, event in follows.items():
                try:
                    key = event_key(event.viewer, event.id, event.page)
                    turn.add(event.viewer, "follow", event.creator, key, "action")
                except (Fault, JournalDamaged) as error:
                    checked[place] = self._fault(error)
            drafts = [Draft(one) for one in checked if not isinstance(one, Fault)]
            try:
                outcomes = iter(self._journal.append(drafts) if drafts else ())
            except Exception:
                self._metrics.event("failed", len(drafts))
                raise
        # Pages that were served meanwhile may have pushed out one that is cited: each is looked for once.
        kept = cache(lambda viewer, page: self._residency.remembers(viewer, page))
        taken = []
        for place, one in enumerate(checked):
            try:
                taken.append(self._taken(one, place in late, outcomes, kept))
            except (Fault, JournalDamaged) as error:
                taken.append(Taken(None, False, False, self._fault(error)))
        for result in taken:
            self._metrics.event(result.fault.code if result.fault else "fresh" if result.fresh else "repeated")
        return taken

    def _fault(self, error: Fault | JournalDamaged) -> Fault:
        return error if isinstance(error, Fault) else self._met(error)

    def _taken(
        self, one: Event | Fault, late: bool, outcomes: Iterator[Ack | Refused], kept: Callable[[int, int], bool]
    ) -> Taken:
        if isinstance(one, Fault):
            raise one
        outcome = next(outcomes)
        if isinstance(outcome, Refused):
            raise Fault("refused", outcome.reason)
        if not outcome.fresh:
            check_repeat(self._journal, outcome.index, one)
        elif not late and not kept(one.viewer, one.page):
            between = self._journal.owned(f"viewer:{one.viewer}", one.page + 1, outcome.index, trusting=True)
            late = sum(entry.kind == "page" for entry in between) >= PAGES
        return Taken(outcome.index, outcome.fresh, outcome.fresh and late, None)

    def _checked(
        self,
        raw: msgspec.Raw,
        now: int,
        unread: dict[int, JournalDamaged],
        cited: Callable[[int], Cited | None],
    ) -> tuple[Event, bool]:
        """The event, and whether its page is none of the viewer's last.

        `unread` has the batch's viewers whose state cannot be read: it takes long to find out, and once is enough.
        """
        new = decoded(NewEvent, raw)
        if new.action != "view" and new.watched:
            raise Fault(
                "wrong_watched", f"watched: {new.watched}, and only a view has a watch time: leave it out", "watched"
            )
        if new.watched > LONGEST:
            raise Fault("wrong_watched", f"watched: {new.watched} ms is more than a day: send milliseconds", "watched")
        if new.at > now + AHEAD:
            raise Fault("future", f"at: {new.at} is {new.at - now} ms in the future: set the client's clock", "at")
        if new.at < now - self._window:
            days = self._window // DAY
            raise Fault("ancient", f"at: {new.at} is more than {days} days ago: too old to count", "at")
        place = self._catalogue.find(new.video)
        if place is None:
            raise Fault("unknown_video", f"there is no video {new.video}", "video")
        late, page = self._check_page(new, unread, cited)
        event = Event(
            time=0,
            viewer=new.viewer,
            id=new.id,
            page=new.page,
            position=new.position,
            video=new.video,
            creator=place.creator,
            action=new.action,
            watched=new.watched,
            at=new.at,
            key=new.key,
            signature=new.signature,
        )
        try:
            check_author(event, page)
        except NotTheirs as error:
            raise Fault(
                "foreign_event",
                f"{error.field}: {error}: only who asked for the page can say what was done with it",
                error.field,
            ) from error
        return event, late

    def _check_page(
        self, new: NewEvent, unread: dict[int, JournalDamaged], cited: Callable[[int], Cited | None]
    ) -> tuple[bool, Cited]:
        """Whether the page is none of the viewer's last, and what it says."""
        if new.viewer in unread:
            raise unread[new.viewer].with_traceback(None)
        try:
            late = not self._residency.remembers(new.viewer, new.page)
        except JournalDamaged as error:
            unread[new.viewer] = error
            raise
        page = cited(new.page)
        # One answer for all, or anyone could find out whose page an index is.
        if page is None or page.viewer != new.viewer:
            raise Fault(
                "unknown_page",
                f"record {new.page} is no page of viewer {new.viewer}: send the index in the page's receipt",
                "page",
            )
        shown = page.videos
        if new.position >= len(shown):
            raise Fault(
                "wrong_position",
                f"page {new.page} has {len(shown)} videos, none at position {new.position}",
                "position",
            )
        if shown[new.position] != new.video:
            raise Fault(
                "wrong_position",
                f"position {new.position} of page {new.page} is video {shown[new.position]}, not {new.video}",
                "video",
            )
        return late, page

    def _cited(self, index: int) -> Cited | None:
        """What the page at `index` says; None where there is no page."""
        try:
            record = self._journal.entry(index, trusting=True).record
        except IndexError:
            return None
        return Cited.of(record) if isinstance(record, Page) else None
