"""What pages show by their receipts and the records before them: one pass, each page asked a few questions."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from plainview.feed import experiments
from plainview.feed.configuration import Configuration
from plainview.ledger.acts import Emergency
from plainview.ledger.standing import Grant, Refused, Standing
from plainview.oversight.contradictions import ORDERED
from plainview.oversight.controls.verdicts import Cited, Counted
from plainview.oversight.explanations import explain
from plainview.oversight.orders import Given
from plainview.records import Page
from plainview.records.digests import traffic_draw
from plainview.records.fields import DASHES, to_bytes

EXPLAINED = 100
"""Of the newest pages so many are explained: it takes a hundred times as long as all other questions."""


class Turn(NamedTuple):
    """The last page of a session."""

    viewer: int
    n: int
    commitment: str


class Before(NamedTuple):
    """What is known where a page stands."""

    standing: Standing
    charter: int
    """Index of the charter in force."""
    releases: Mapping[str, Configuration | None]
    """Those whose manifest the log has, by digest; None where this version cannot read its configuration."""
    epoch: str | None
    """Digest of the epoch that it pins; None where the log has none of that number."""
    turn: Turn | None


class Checked(msgspec.Struct, frozen=True):
    """What one question came to."""

    kept: Cited
    broken: Cited
    why: str
    """Of the first that is broken, in words."""


class Places(msgspec.Struct, frozen=True):
    """Where records of one kind stand."""

    indexes: array[int] = msgspec.field(default_factory=lambda: array("Q"))
    """Ascending."""
    times: array[int] = msgspec.field(default_factory=lambda: array("Q"))
    """Their journal times; of one that was not opened, the newest that is known before it."""

    def add(self, index: int, time: int) -> None:
        """One more, its index above those before."""
        self.indexes.append(index)
        self.times.append(time)

    def below(self, size: int) -> int:
        """How many there are below an index."""
        return bisect_left(self.indexes, size)


class Pages(msgspec.Struct, frozen=True):
    """What all pages came to."""

    all: Places
    """Those that were not opened too: their leaves say that they are pages."""
    unread: Cited
    """Of releases whose configuration cannot be read here."""
    unexplained: int
    """Of these, how many are among the EXPLAINED newest."""
    refused: Cited
    """Plain ones where a personal one was wanted: no release might rank."""
    ordered: Cited
    """On which an order placed a video."""
    checks: Mapping[str, Checked]
    """By the questions of CHECKS, and `why` for EXPLAINED of them."""
    last_use: Mapping[int, int]
    """The last page that rests on an act, by that act's index."""


Check = Callable[[Page, Before], str | None]
"""None where it does not ask about that page; empty where all is well; else what is not."""


def rests_on_acts(page: Page, before: Before) -> str | None:
    """Whether acts let its release rank for that request, and it names just those."""
    if page.request.mode != "personal":
        return None
    request, draw = page.request, traffic_draw(to_bytes(page.session))
    found = before.standing.may_rank(to_bytes(page.release), request.region, request.surface, draw, page.time)
    if isinstance(found, Refused):
        return found.reason
    if found.indexes != page.grounds:
        return f"it rests on records {_listed(page.grounds)}, and what lets it rank is {_listed(found.indexes)}"
    return ""


def within_scope(page: Page, before: Before) -> str | None:
    """Whether what it rests on is for that region, surface, share and time."""
    if page.request.mode != "personal":
        return None
    grants = _grants(page, before)
    if not grants:
        return "it rests on no approval and no emergency"
    request, draw = page.request, traffic_draw(to_bytes(page.session))
    for grant in grants:
        outside = grant.act.scope.leaves_out(request.region, request.surface, draw)
        if outside is None and not grant.act.begins <= page.time < grant.until:
            outside = "not for that time"
        if outside is not None:
            return f"the {grant.act.kind} of record {grant.index:,} is {outside}"
    return ""


def within_emergency(page: Page, before: Before) -> str | None:
    """Of a page that rests on an emergency: whether that holds."""
    for grant in _grants(page, before):
        if isinstance(grant.act, Emergency):
            over = grant.over(page.time)
            return "" if over is None else f"the emergency of record {grant.index:,} has {over}"
    return None


def after_stops(page: Page, before: Before) -> str | None:
    """Of a page of a release that was revoked: whether it rests on something later."""
    release = to_bytes(page.release)
    stops = [one.index for one in before.standing.revocations if one.act.release == release]
    if not stops or page.request.mode != "personal":
        return None
    if any(grant.index > stops[-1] for grant in _grants(page, before)):
        return ""
    return f"its release was revoked by record {stops[-1]:,}, and nothing let it rank again"


def bound(page: Page, before: Before) -> str | None:
    """Whether what the receipt binds is in the log: manifest, epoch and charter."""
    if page.release not in before.releases:
        return f"the log has no manifest of its release {page.release}"
    if page.epoch_digest != before.epoch:
        return f"it pins epoch {page.epoch} with a digest that this epoch has not"
    if page.charter != before.charter:
        return f"it names record {page.charter:,} as the charter in force, which is record {before.charter:,}"
    return ""


def in_turn(page: Page, before: Before) -> str | None:
    """Whether it is the next page of its session, and says which was before."""
    turn = before.turn
    expected = (page.viewer, 0, DASHES) if turn is None else (turn.viewer, turn.n + 1, turn.commitment)
    if (page.viewer, page.n, page.previous) == expected:
        return ""
    return f"it is page {page.n} of its session, where page {expected[1]} is next, or names another page before it"


def by_order(page: Page, before: Before) -> str | None:
    """Whether each video that an order placed was placed by one that stands, and holds for it."""
    placed = [item.video for item in page.items if item.selector == ORDERED]
    if not placed and not page.orders:
        return None
    if len(placed) != len(page.orders):
        return f"{len(placed)} of its videos were placed by order, and it names {len(page.orders)} orders"
    for number, video in zip(page.orders, placed, strict=True):
        if not 1 <= number <= len(before.standing.orders):
            return f"there is no order {number}"
        order = before.standing.orders[number - 1]
        if order.ended is not None:
            return f"order {number} was ended by record {order.ended:,}"
        if (other := Given(order.act, ()).leaves_out(video, page.request.region, page.now)) is not None:
            return f"video {video} was placed by order {number}, which is {other}"
    return ""


def assigned(page: Page, before: Before) -> str | None:
    """Of a page on which an experiment of its release runs: whether its arms are those of its viewer."""
    configuration = before.releases.get(page.release)
    if configuration is None:
        return None  # it is counted among those that cannot be read
    personal = page.request.mode == "personal"
    places = experiments.places(configuration, page.viewer, page.now) if personal else ()
    arms = experiments.names(configuration, places)
    if arms != page.arms:
        return f"its arms are {_listed(page.arms)}, and its release has its viewer in {_listed(arms)}"
    return "" if arms else None


def without_profile(page: Page, before: Before) -> str | None:
    """Of a page for which the non-profiling mode was wanted: whether nothing was predicted or learned for it."""
    if page.wanted != "plain":
        return None
    if page.request.mode != "plain":
        return "a plain page was wanted, and it is personal"
    if page.grounds or page.arms or any(item.parts or item.value or item.selector != "list" for item in page.items):
        return "a plain page was wanted, and something was predicted, weighed or tried out for it"
    return ""


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        rests_on_acts, within_scope, within_emergency, after_stops, bound, in_turn, by_order, assigned, without_profile,
    )
}  # fmt: skip
EXPLANATION = "explanation"


class Asking:
    """Pages as they come, in index order."""

    def __init__(self) -> None:
        self._all, self._unread = Places(), Counted("page", "of releases that cannot be read here")
        self._kept = {name: Counted("page") for name in (*CHECKS, EXPLANATION)}
        self._broken = {name: Counted("page") for name in (*CHECKS, EXPLANATION)}
        self._why: dict[str, str] = {}
        self._refused, self._ordered = Counted("page", "the baseline's"), Counted("page")
        self._last_use: dict[int, int] = {}
        self._newest: deque[tuple[int, Page, Configuration | None]] = deque(maxlen=EXPLAINED)

    def take(self, index: int, page: Page, before: Before) -> None:
        """Ask about the next one."""
        self._all.add(index, page.time)
        if page.wanted != page.request.mode == "plain":
            self._refused.add(index)
        if page.orders:
            self._ordered.add(index)
        for ground in page.grounds:
            self._last_use[ground] = index
        for name, check in CHECKS.items():
            self._count(name, index, check(page, before))
        configuration = before.releases.get(page.release)
        self._newest.append((index, page, configuration))
        if configuration is None:
            self._unread.add(index)

    def pass_over(self, index: int, time: int) -> None:
        """The next one was not opened; `time` is the newest known before it."""
        self._all.add(index, time)

    def pages(self, standing: Standing | None) -> Pages:
        """What all of them came to; `standing` has the orders."""
        orders = {} if standing is None else {one.act.number: Given(one.act, ()) for one in standing.orders}
        for index, page, configuration in self._newest:
            if configuration is not None:
                self._count(EXPLANATION, index, _explained(page, configuration, orders))
        return Pages(
            all=self._all,
            unread=self._unread.cited(),
            unexplained=sum(configuration is None for _, _, configuration in self._newest),
            refused=self._refused.cited(),
            ordered=self._ordered.cited(),
            checks={
                name: Checked(kept.cited(), self._broken[name].cited(), self._why.get(name, ""))
                for name, kept in self._kept.items()
            },
            last_use=self._last_use,
        )

    def _count(self, name: str, index: int, found: str | None) -> None:
        if found is None:
            return
        if not found:
            self._kept[name].add(index)
            return
        self._broken[name].add(index)
        self._why.setdefault(name, f"record {index:,}: {found}")


def _explained(page: Page, configuration: Configuration, orders: Mapping[int, Given]) -> str:
    try:
        why = explain(page, configuration, orders)
    except ValueError as error:
        return str(error)
    found = [*why.page_findings, *(text for one in why.videos for text in one.findings)]
    return found[0] if found else ""


def _grants(page: Page, before: Before) -> list[Grant]:
    return [one for one in before.standing.grants if one.index in page.grounds]


def _listed(some: tuple[object, ...]) -> str:
    return ", ".join(map(str, some)) or "none"
