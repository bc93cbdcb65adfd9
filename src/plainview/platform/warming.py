"""Compiles every kernel before the first request needs it, by folding and ranking a world of three videos."""

from __future__ import annotations

from collections.abc import Callable

from numba.core import event

from plainview.feed.actions import Actions
from plainview.feed.configuration import Configuration
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import pin
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.learning.fold import Fold, empty_world
from plainview.records import (
    Decision,
    Event,
    History,
    Impression,
    Origin,
    Page,
    Record,
    Request,
    Setting,
    Video,
    Viewer,
    outcome_bits,
)
from plainview.records.fields import DASHES, Mode
from plainview.records.page import Item

_TOKEN = "A" * 22
_DIGEST = "A" * 43
_NOW = 1_700_000_000_000


class _Listener(event.Listener):
    """Tells which kernel is being compiled."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told

    def on_start(self, event: event.Event) -> None:
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith("plainview."):
            self._told(function.__qualname__.lstrip("_"))

    def on_end(self, event: event.Event) -> None:
        pass


def warm(configuration: Configuration, told: Callable[[str], None]) -> None:
    """Have every kernel compiled, or loaded from the cache. `told` gets the name of each one as it is compiled."""
    listener = _Listener(told)
    event.register("numba:compile", listener)  # type: ignore[no-untyped-call]
    try:
        _run(configuration)
    finally:
        event.unregister("numba:compile", listener)  # type: ignore[no-untyped-call]


def _run(configuration: Configuration) -> None:
    probe()
    pipeline = Pipeline.of(configuration)
    fold = Fold(configuration, empty_world(), 4, lambda _: _nothing(fold))
    fold.take(list(enumerate(_records())))
    world = fold.world.copy()
    world.apply(fold.world.cut())
    modes: tuple[Mode, ...] = ("personal", "plain")
    for mode in modes:
        asked = Asked(_request(mode), _TOKEN, 0, _NOW, 0)
        pinned = pin(world, 0, 0) if mode == "plain" else None
        rank(pipeline, bytes(32), world, bytes(32), fold.residents.row(1), asked, pinned)


def _nothing(fold: Fold) -> Actions:
    return fold.reader.read(())


def _request(mode: Mode) -> Request:
    return Request(surface=0, region="US", age="18+", mode=mode, limit=10, nonce=_TOKEN, acknowledged=0)


def _records() -> list[Record]:
    """One of each kind, and enough of a history that every source finds something."""
    videos: list[Record] = [
        Video(
            time=_NOW, video=video, creator=video, created=_NOW, duration=10_000, tags=(1, 2), sound=1, form=0,
            region="ZZ", audience="unknown", origin="import", caption="",
        )
        for video in (1, 2, 3)
    ]  # fmt: skip
    page = Page(
        time=_NOW, viewer=1, session=_TOKEN, n=0, previous=DASHES, release=_DIGEST, charter=0, policy=0, epoch=0,
        epoch_digest=_DIGEST, pinned=0, cursor=0, viewer_upto=0, viewer_digest=_DIGEST, request=_request("personal"),
        now=_NOW, arms=(), orders=(), trace=_DIGEST, environment=_DIGEST,
        items=tuple(
            Item(video=video, source="fresh", parts=(), value=0, selector="value", propensity=0) for video in (1, 2)
        ),
    )  # fmt: skip
    index = len(videos) + 4
    events = [
        Event(
            time=_NOW + 1, viewer=1, id=_TOKEN, page=index, position=video - 1, video=video, creator=video,
            action=action, watched=9_000 if action == "view" else 0, at=_NOW,
        )
        for video in (1, 2)
        for action in ("view", "like", "follow")
    ]  # fmt: skip
    return [
        *videos,
        Origin(time=_NOW, origin="import", licence="", source="", digest=_DIGEST),
        Viewer(time=_NOW, viewer=1, region="US", age="18+", mode="personal"),
        History(time=_NOW, origin="import", viewer=2, at=_NOW, past=((1, outcome_bits("long_view")), (2, 0))),
        Setting(time=_NOW, viewer=1, id=_TOKEN, setting="mute", target=9),
        page,
        *events,
        Impression(
            time=_NOW, origin="import", row=0, viewer=2, video=3, surface=0, at=_NOW, watched=9_000,
            outcomes=outcome_bits("long_view", "click"),
        ),
        Decision(time=_NOW, decision=1, effect="restrict", video=3, regions=(), ages=(), ground=""),
    ]  # fmt: skip
