"""Why a page's videos are on it: from its receipt and the public configuration of the release that it names.

Nothing else is looked at, and what cannot be derived from these is not said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from plainview.feed import experiments
from plainview.feed.configuration import MICRO, Configuration
from plainview.feed.heads import HEADS
from plainview.oversight import words
from plainview.oversight.contradictions import (
    EXPLORATION,
    ORDERED,
    among,
    contradictions,
    judges,
    number,
    page_contradictions,
)
from plainview.oversight.orders import Given
from plainview.records import Item, Page, Request

_NO_ORDERS: Mapping[int, Given] = {}


class Prediction(msgspec.Struct, frozen=True):
    """What was predicted of viewer and video, and what that counts."""

    head: str
    means: str
    predicted: float
    weight: float | None
    """None where the release's configuration is not known; so `counts`."""
    counts: float | None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why one video is there. Numbers are exact; in JSON one that is none (NaN, infinite) is null."""

    place: int
    """From 1."""
    video: int
    source: str
    found: str
    """What that source does."""
    predictions: tuple[Prediction, ...]
    """Empty on a plain page."""
    sum: float | None
    """Of what they count, as the release adds it up; None on a plain page, and where it cannot be told."""
    value: float
    """By which it was placed: the sum, less what selectors took off."""
    selector: str
    placed: str
    """What that selector does."""
    propensity: float
    order: int | None
    """The number of the order that placed it."""
    findings: tuple[str, ...]
    """What cannot be so."""


class Weighed(msgspec.Struct, frozen=True):
    """What an arm counts otherwise."""

    head: str
    weight: float
    otherwise: float
    """What the head counts without the experiment."""


class Treatment(msgspec.Struct, frozen=True):
    """The arm of an experiment that the release has the viewer in."""

    experiment: str
    arm: str
    changes: tuple[Weighed, ...]
    """Empty for the control."""


class OrderGiven(msgspec.Struct, frozen=True):
    """An order, as its signed note says it."""

    order: int
    video: int
    label: str
    reason: str
    signers: tuple[str, ...]
    """By the names of their keys; whether the signatures are theirs was not checked here."""


class Filter(msgspec.Struct, frozen=True):
    """A filter of the release."""

    name: str
    keeps_out: str
    """Videos of which this is so."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A page, and why each of its videos is on it."""

    viewer: int
    session: str
    n: int
    time: int
    """Unix ms, when it was written."""
    now: int
    """Unix ms, for which it was ranked."""
    mode: str
    wanted: str
    """The mode that the viewer or request asked for. Where the page is plain all the same, no release might rank."""
    grounds: tuple[int, ...]
    """Indexes of the acts that let the release rank; none on a plain page."""
    profile: bool
    """Whether what the viewer did before went into it."""
    region: str
    age: str
    surface: int
    limit: int
    release: str
    charter: int
    """Index of its record."""
    policy: int
    """One past the index of the last decision, order or release that it knew; 0 for none."""
    viewer_upto: int
    """One past the index of the viewer's last record that it knew."""
    epoch: int
    epoch_digest: str
    pinned: int
    arms: tuple[str, ...]
    orders: tuple[int, ...]
    """Numbers of the orders that placed videos."""
    treatments: tuple[Treatment, ...] | None
    """None where the release's configuration is not known; so `filters` and `costs`."""
    given: tuple[OrderGiven, ...]
    """Of `orders` those that are known here."""
    filters: tuple[Filter, ...] | None
    costs: tuple[str, ...] | None
    """For what the release's selectors take something off a value; nothing on a plain page."""
    judged: bool
    """Whether values, places and chances were held against each other: only where the configuration is known, and such
    that a receipt can tell (`contradictions.judges`)."""
    page_findings: tuple[str, ...]
    """What cannot be so of its arms and orders."""
    videos: tuple[Reason, ...]


def explain(page: Page, configuration: Configuration | None, orders: Mapping[int, Given] = _NO_ORDERS) -> Explanation:
    """Why the videos of `page` are on it.

    `orders` are those that are known, by number. `configuration` is that of the release which the page names, and
    whose code is the one installed here. Without it nothing is weighed, and nothing found. Raises ValueError for one
    that this code cannot have.
    """
    request = page.request
    assigned: tuple[int, ...] = ()
    if configuration is not None and request.mode == "personal":
        assigned = experiments.places(configuration, page.viewer, page.now)
    weights = None if configuration is None else experiments.weights(configuration, assigned)
    weighed = [_weighed(item, weights) for item in page.items]
    found: dict[int, list[str]] = defaultdict(list)
    filters = costs = treatments = None
    page_findings: tuple[str, ...] = ()
    judged = False
    if configuration is not None:
        page_findings = tuple(page_contradictions(page, configuration, orders))
        treatments = tuple(_treatments(configuration, assigned))
        for at, text in contradictions(page, configuration, [total for _, total in weighed]):
            found[at].append(text)
        filters = _filters(configuration, request)
        personal = request.mode == "personal"
        costs = tuple(words.COSTS[name] for name in configuration.selectors if personal and name in words.COSTS)
        judged = judges(configuration) or not personal
    placed = [at for at, item in enumerate(page.items) if item.selector == ORDERED]
    ordered = dict(zip(placed, page.orders, strict=False))
    return Explanation(
        viewer=page.viewer,
        session=page.session,
        n=page.n,
        time=page.time,
        now=page.now,
        mode=request.mode,
        wanted=page.wanted,
        grounds=page.grounds,
        profile=request.mode == "personal",
        region=request.region,
        age=request.age,
        surface=request.surface,
        limit=request.limit,
        release=page.release,
        charter=page.charter,
        policy=page.policy,
        viewer_upto=page.viewer_upto,
        epoch=page.epoch,
        epoch_digest=page.epoch_digest,
        pinned=page.pinned,
        arms=page.arms,
        orders=page.orders,
        treatments=treatments,
        given=tuple(_given(orders[one]) for one in page.orders if one in orders),
        filters=filters,
        costs=costs,
        judged=judged,
        page_findings=page_findings,
        videos=tuple(
            Reason(
                place=at + 1,
                video=item.video,
                source=item.source,
                found=words.found(item, request, configuration),
                predictions=predictions,
                sum=total,
                value=number(item.value),
                selector=item.selector,
                placed=words.placed(item, among(item) if item.selector == EXPLORATION else None, ordered.get(at)),
                propensity=number(item.propensity),
                order=ordered.get(at),
                findings=tuple(found[at]),
            )
            for at, (item, (predictions, total)) in enumerate(zip(page.items, weighed, strict=True))
        ),
    )


def _treatments(configuration: Configuration, assigned: tuple[int, ...]) -> Iterator[Treatment]:
    base = {one.head: one.weight for one in configuration.value}
    for experiment, arm in experiments.treatments(configuration, assigned):
        changes = () if arm is None else arm.value
        weighed = (Weighed(one.head, one.weight / MICRO, base.get(one.head, 0) / MICRO) for one in changes)
        yield Treatment(experiment.name, experiments.CONTROL if arm is None else arm.name, tuple(weighed))


def _given(one: Given) -> OrderGiven:
    return OrderGiven(one.act.number, one.act.video, one.act.label, one.act.reason, one.signers)


def _weighed(item: Item, weights: Sequence[np.float32] | None) -> tuple[tuple[Prediction, ...], float | None]:
    """The predictions, and the sum of what they count (`feed.pipeline.value`: binary32, in the order of the heads)."""
    known = len(item.parts) == len(HEADS)
    names = HEADS if known else [f"prediction {at}" for at in range(1, len(item.parts) + 1)]
    parts = np.array(item.parts, np.uint32).view(np.float32)
    if weights is None or not known:
        return tuple(_prediction(name, part) for name, part in zip(names, parts, strict=True)), None
    total = np.float32(0.0)
    predictions = []
    with np.errstate(all="ignore"):  # a forged receipt may hold any number
        for name, part, weight in zip(names, parts, weights, strict=True):
            counts = weight * part
            total = total + counts
            predictions.append(_prediction(name, part, float(weight), float(counts)))
    return tuple(predictions), float(total)


def _prediction(name: str, part: np.float32, weight: float | None = None, counts: float | None = None) -> Prediction:
    return Prediction(name, words.HEADS.get(name, name), float(part), weight, counts)


def _filters(configuration: Configuration, request: Request) -> tuple[Filter, ...]:
    return tuple(
        Filter(name, words.kept_out(name, request))
        for name in configuration.filters
        if name != "seen" or request.mode == "personal"  # to a plain page no earlier one is known
    )
