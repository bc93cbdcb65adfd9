"""What is answered, as structs that are encoded to JSON. Scores leave the receipt's bits and become numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Raw

from plainview.feed.heads import HEADS
from plainview.feed.pipeline import ORDERED, Pipeline
from plainview.feed.trace import Trace
from plainview.journal import Entry
from plainview.platform.acts import Found
from plainview.platform.catalogue import Card
from plainview.platform.events import Taken
from plainview.platform.orders import Counts
from plainview.platform.pages import Explained
from plainview.platform.policies import Decided
from plainview.records import Act, Order, Page, encode
from plainview.records.fields import to_text
from plainview.server.problems import STATUS
from plainview.server.schema import Holds


class EventBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What viewers did, in order. Each is decoded on its own: one that is malformed costs only itself."""

    events: list[Raw]
    """One for each act."""


class EventResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one event."""

    status: int
    """As an HTTP status: 200 where it is in the journal."""
    index: int | None = None
    """Its place in the journal, durable."""
    fresh: bool | None = None
    """False where the same event was there already: `index` is that one's."""
    late: bool = False
    """True where its page was none of the viewer's last any more when it was written: it is kept, but nothing is learnt
    from it, and a follow is not taken up. Left out otherwise."""
    error: str = ""
    message: str = ""
    field: str = ""


class EventsAnswer(msgspec.Struct, frozen=True):
    """What became of a batch."""

    accepted: int
    refused: int
    results: list[EventResult]
    """One for each event, in order."""


class Written(msgspec.Struct, frozen=True):
    """A record is in the journal, durably."""

    index: int


class SettingAnswer(msgspec.Struct, frozen=True):
    """A setting is in the journal, durably."""

    index: int
    fresh: bool
    """False where the same setting was there already: `index` is that one's."""


class ActAnswer(msgspec.Struct, frozen=True):
    """An act is in the journal, durably."""

    index: int
    fresh: bool
    """False where it was taken down before as what it still is: `index` is where."""
    counts: bool
    reason: str
    """Why it does not count; empty where it does."""


class JudgedAct(msgspec.Struct, frozen=True):
    """An act as the journal holds it."""

    index: int
    time: int
    """Journal time, Unix milliseconds."""
    note: str
    """The signed note, as text."""
    counts: bool
    reason: str
    """Why it does not count; empty where it does."""


class ActsAnswer(msgspec.Struct, frozen=True):
    """Acts, in the journal's order."""

    acts: list[JudgedAct]
    next: int | None
    """The `from` with which to go on; null where these were the last."""


class ActProof(msgspec.Struct, frozen=True):
    """What proves an act in a tree of the log, published or about to be."""

    entry: str
    """The log's entry, as text."""
    hashes: list[str]
    """The inclusion proof (RFC 9162), in base64, from the leaf's sibling up to the root's child."""


class CharterAnswer(msgspec.Struct, frozen=True):
    """A charter, or what amended it."""

    index: int
    """Of its record, from which on it holds."""
    time: int
    """Journal time of its record, Unix milliseconds: which keys had ended when it came into force."""
    note: str
    """The signed note, as text."""


class ChartersAnswer(msgspec.Struct, frozen=True):
    """All charters of the log."""

    charters: list[CharterAnswer]


class ViewerAnswer(msgspec.Struct, frozen=True):
    """A viewer is registered."""

    viewer: int
    index: int


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether the platform serves."""

    status: str
    """`ok`; `degraded` where writing or learning is held up and tried again, or a stored record was found damaged;
    `failing` where the server must be started again."""
    detail: str
    """Why; where it is `ok`, only which keys of the charter end soon or have ended."""
    release: str
    records: int
    epoch: int
    lag: int
    """Records that the last epoch has not folded in."""
    videos: int
    instance: str
    """Random and of this start alone: by it who reads the data directory knows that this is its server."""


class Receipt(msgspec.Struct, frozen=True):
    """A page's record as the journal holds it: SHA-256 over the domain, `salt` and `body` is its commitment."""

    index: int
    salt: str
    """32 bytes, base64url."""
    commitment: str
    """What the leaf at `index` holds; goes into the session's next receipt."""
    body: str
    """The record's exact bytes, as text."""
    promise: str
    """The log's signed note that it publishes the leaf at `index` in time; empty where the log cannot promise."""


class Shown(msgspec.Struct, frozen=True):
    """One video of a page, and why it is there."""

    video: Annotated[Raw, Holds(Card | None)]
    """Null where its record is damaged: the receipt has its id."""
    source: str
    selector: str
    value: float
    propensity: float
    parts: dict[str, float]
    """Predictions by head; empty on a plain page."""
    order: int | None
    """The number of the order that put it there; null where its value did, or chance."""
    label: str
    """What your app shows beside it: the order's label. Empty where no order put it there."""


class PageAnswer(msgspec.Struct, frozen=True):
    """A page of the feed."""

    viewer: int
    session: str
    n: int
    mode: str
    baseline: str
    """Why it is plain where a personal page was wanted: no release may rank. Empty where it is what was wanted."""
    videos: list[Shown]
    receipt: Receipt


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order: that a video is put on pages, whatever its value."""

    order: int
    """Its number."""
    index: int
    """Of its record."""
    video: int
    regions: tuple[str, ...]
    """Empty: everywhere."""
    begins: int
    """Unix milliseconds."""
    until: int
    cap: int
    """Pages at most."""
    shown: int
    """Pages so far."""
    label: str
    """What a viewer is shown beside the video."""
    reason: str
    signers: tuple[str, ...]
    """Who ordered and who approved, by the names of their keys."""
    ended: int | None
    """Index of the record that ended it before its time."""
    note: str
    """The signed note, as text."""


class DayAnswer(msgspec.Struct, frozen=True):
    """What was served on a day."""

    day: str
    """In UTC, as 2026-12-31."""
    videos: int
    """On all pages, plain ones too."""
    ordered: int
    """Of them those that an order put there."""
    share: float


class OrdersAnswer(msgspec.Struct, frozen=True):
    """All orders, by number, and the share of what was shown that was ordered, by day."""

    epoch: int
    """All is counted as far as this epoch goes."""
    orders: list[OrderAnswer]
    days: list[DayAnswer]
    """On which pages were served, in their order."""


class Candidate(msgspec.Struct, frozen=True):
    """A video that was retrieved, and what became of it."""

    video: int
    source: str
    retrieval_score: int
    filter: str
    """Which filter kept it out; empty where none did."""
    reason: int
    """What the filter named: a decision, a creator, a tag; -1 where none did."""


class ScoredCandidate(msgspec.Struct, frozen=True):
    """A video that was scored."""

    video: int
    value: float
    parts: dict[str, float]


class DecisionAnswer(msgspec.Struct, frozen=True):
    """A moderation decision that kept a video out."""

    decision: int
    """Its number, as candidates name it in `reason`."""
    index: int
    """Of its record."""
    video: int
    policy: str
    """Code of the policy by which it was taken; GET /v1/policies has its text."""
    title: str
    """What that policy is called."""
    restriction: str
    regions: tuple[str, ...]
    """Where; empty: everywhere."""
    ages: tuple[str, ...]
    """For which age bands; empty: for all."""
    ground: str
    """Facts and circumstances, in words."""


class TraceAnswer(msgspec.Struct, frozen=True):
    """All that was looked at for a page, in the order of retrieval."""

    retrieved: list[Candidate]
    scored: list[ScoredCandidate]
    selected: list[int]
    orders: list[int]
    """Numbers of the orders that could have put a video there."""
    decisions: list[DecisionAnswer]
    """By which videos were kept out."""
    weights: dict[str, float]
    """What each head counted, the viewer's arms of experiments included; empty on a plain page."""


class ExplainedAnswer(msgspec.Struct, frozen=True):
    """A page that was served, and its trace, computed again."""

    receipt: Receipt
    identical: bool
    """Whether computing it again gave the same page and trace."""
    reason: str
    """Why not; empty where it did."""
    trace: TraceAnswer | None


def event_results(taken: list[Taken]) -> list[EventResult]:
    """The outcomes of a batch."""
    return [
        EventResult(status=200, index=one.index, fresh=one.fresh, late=one.late)
        if one.fault is None
        else EventResult(
            status=STATUS[one.fault.code], error=one.fault.code, message=one.fault.message, field=one.fault.field
        )
        for one in taken
    ]


def acts_answer(found: list[Found], following: int | None) -> ActsAnswer:
    """These acts, and where to go on."""
    return ActsAnswer([_judged(entry, reason) for entry, reason in found], following)


def receipt_of(entry: Entry, promise: bytes) -> Receipt:
    """The receipt in `entry`, and what the log promised for it."""
    assert entry.commitment is not None
    return Receipt(
        entry.index, to_text(entry.salt), to_text(entry.commitment), encode(entry.record).decode(), promise.decode()
    )


def orders_answer(counts: Counts) -> OrdersAnswer:
    """All orders and days."""
    orders = []
    for ordered, note, shown in counts.orders:
        act, signers = ordered.act, tuple(sorted(key.name for key in ordered.keys))
        span = (act.begins, act.until, act.cap)
        orders.append(
            OrderAnswer(
                *(act.number, ordered.index, act.video, act.regions or (), *span, shown),
                *(act.label, act.reason, signers, ordered.ended, note),
            )
        )
    days = [DayAnswer(*day, share=day.ordered / day.videos if day.videos else 0.0) for day in counts.days]
    return OrdersAnswer(counts.epoch, orders, days)


def page_answer(
    entry: Entry, cards: list[Raw], promise: bytes, baseline: str, labels: Iterable[tuple[int, str]]
) -> PageAnswer:
    """The page in `entry`, with a card for each of its videos, and `labels` for those that orders placed."""
    page = entry.record
    assert isinstance(page, Page)
    items = page.items
    numbers = _floats([number for item in items for number in (item.value, item.propensity, *item.parts)])
    shown = []
    ordered = iter(labels)
    at = 0
    for item, card in zip(items, cards, strict=True):
        end = at + 2 + len(item.parts)
        parts = dict(zip(HEADS, numbers[at + 2 : end], strict=False))
        order, label = next(ordered) if item.selector == ORDERED else (None, "")
        shown.append(Shown(card, item.source, item.selector, numbers[at], numbers[at + 1], parts, order, label))
        at = end
    receipt = receipt_of(entry, promise)
    return PageAnswer(page.viewer, page.session, page.n, page.request.mode, baseline, shown, receipt)


def explained_answer(pipeline: Pipeline, explained: Explained, promise: bytes) -> ExplainedAnswer:
    """A page that was served, with its trace."""
    page = explained.entry.record
    assert isinstance(page, Page)
    trace = None
    if explained.ranked is not None:
        trace = _trace_answer(pipeline, explained.ranked.trace, explained.decided, page.request.mode == "plain")
    return ExplainedAnswer(receipt_of(explained.entry, promise), explained.identical, explained.reason, trace)


def _judged(entry: Entry, reason: str) -> JudgedAct:
    act = entry.record
    assert isinstance(act, (Act, Order))
    return JudgedAct(entry.index, entry.time, act.note, act.counts, reason)


def _trace_answer(pipeline: Pipeline, trace: Trace, decided: Iterable[Decided], plain: bool) -> TraceAnswer:
    """A trace with names in place of numbers."""
    sources = ("popular", "fresh") if plain else tuple(source.name for source, _ in pipeline.sources)
    filters = ("", *(one.name for one in pipeline.filters))
    retrieved = [
        Candidate(video, sources[source], score, filters[number], reason)
        for video, source, score, number, reason in zip(
            trace.retrieved.tolist(),
            trace.sources.tolist(),
            trace.retrieval_scores.tolist(),
            trace.filters.tolist(),
            trace.reasons.tolist(),
            strict=True,
        )
    ]
    scored = [
        ScoredCandidate(video, value, dict(zip(HEADS, parts, strict=False)))
        for video, value, parts in zip(trace.scored.tolist(), trace.values.tolist(), trace.parts.tolist(), strict=True)
    ]
    decisions = [
        DecisionAnswer(
            made.decision, index, made.video, made.policy, title, made.restriction, made.regions, made.ages, made.ground
        )
        for index, made, title in decided
    ]
    weights = dict(zip(HEADS, trace.weights.tolist(), strict=False))
    return TraceAnswer(retrieved, scored, trace.selected.tolist(), trace.orders.tolist(), decisions, weights)


def _floats(bits: list[int]) -> list[Any]:
    return np.array(bits, np.uint32).view(np.float32).tolist()  # type: ignore[no-any-return]
