"""Compiles every kernel before the first request needs it, by folding and ranking a world of three videos.

Run as a module it compiles the one that takes half of all the time, for the process that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numba import typeof
from numba.core import event
from numpy.typing import NDArray

from plainview.feed.actions import Actions
from plainview.feed.configuration import DEFAULT, Configuration
from plainview.feed.context import CONTEXT
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import pin
from plainview.feed.probe import probe
from plainview.feed.ranking import Asked, rank
from plainview.feed.viewers import VIEWER
from plainview.feed.world import World
from plainview.learning.fold import Fold, empty_world
from plainview.learning.scratch import new_scratch
from plainview.learning.step import LESSON, settings_of, teach
from plainview.platform.kernels import sound_cache
from plainview.platform.releases import CACHE
from plainview.records import (
    UNSIGNED,
    Decision,
    Event,
    History,
    Impression,
    Order,
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
_SIGNATURE = "A" * 86
_NOW = 1_700_000_000_000


class _Listener(event.Listener):
    """Tells which kernel is being compiled, and has a second process at work from the first one on."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._second: subprocess.Popen[bytes] | None = None

    def on_start(self, event: event.Event) -> None:
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith("plainview."):
            self._told(function.__qualname__.lstrip("_"))
            # They meet in Numba's cache, so it takes one that is kept.
            if self._second is None and CACHE in os.environ:
                quiet = subprocess.DEVNULL
                # -P: what lies in the working directory is not imported.
                command = [sys.executable, "-P", "-m", __name__]
                with suppress(OSError):  # should it fail, now or later, then this process compiles all there is
                    self._second = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)

    def on_end(self, event: event.Event) -> None:
        pass

    def close(self) -> None:
        """End the second process; whatever it had not done by now, this one has."""
        if self._second is not None:
            self._second.kill()
            self._second.wait()


def warm(configuration: Configuration, told: Callable[[str], None]) -> None:
    """Have every kernel compiled, or loaded from the cache. `told` gets the name of each one as it is compiled.

    Raises CacheUnusable where one cannot be kept.
    """
    listener = _Listener(told)
    event.register("numba:compile", listener)  # type: ignore[no-untyped-call]
    try:
        with sound_cache():
            _run(configuration)
    finally:
        event.unregister("numba:compile", listener)  # type: ignore[no-untyped-call]
        listener.close()


def _run(configuration: Configuration) -> None:
    probe()
    pipeline = Pipeline.of(configuration)
    fold = Fold(configuration, empty_world(), 4, lambda _: _nothing(fold))
    # First without a video: most kernels of a page are needed all the same, and the second process has its time.
    _rank(pipeline, empty_world(), np.zeros(1, VIEWER))
    fold.take(list(enumerate(_records())))
    world = fold.world.copy()
    world.apply(fold.world.cut())
    _rank(pipeline, world, fold.residents.row(1))


def _rank(pipeline: Pipeline, world: World, viewer: NDArray[np.void]) -> None:
    modes: tuple[Mode, ...] = ("personal", "plain")
    for mode in modes:
        asked = Asked(_request(mode), _TOKEN, 0, _NOW, 0)
        pinned = pin(world, 0, 0) if mode == "plain" else None
        rank(pipeline, bytes(32), world, bytes(32), viewer, asked, pinned)


def _compile_lesson() -> None:
    """Compile `teach` for the arguments that `take_all` has for it, without running it."""
    world = empty_world()
    arguments = (
        world.tables,
        world.marks,
        world.maps,
        settings_of(DEFAULT.learning),
        np.zeros(1, VIEWER)[0],
        np.zeros(1, CONTEXT)[0],
        new_scratch(),
        np.zeros(1, LESSON)[0],
    )
    teach.compile(tuple(typeof(argument) for argument in arguments))  # type: ignore[no-untyped-call]


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
        time=_NOW, viewer=1, session=_TOKEN, n=0, previous=DASHES, release=_DIGEST, grounds=(),
        charter=0, policy=0, epoch=0,
        epoch_digest=_DIGEST, pinned=0, cursor=0, viewer_upto=0, viewer_digest=_DIGEST, wanted="personal",
        request=_request("personal"),
        now=_NOW, arms=(), orders=(), trace=_DIGEST, environment=_DIGEST,
        items=tuple(
            Item(video=video, source="fresh", parts=(), value=0, selector="value", propensity=0) for video in (1, 2)
        ),
    )  # fmt: skip
    index = len(videos) + 4
    events = [
        Event(
            time=_NOW + 1, viewer=1, id=_TOKEN, page=index, position=video - 1, video=video, creator=video,
            action=action, watched=9_000 if action == "view" else 0, at=_NOW, key=_DIGEST, signature=_SIGNATURE,
        )
        for video in (1, 2)
        for action in ("view", "like", "follow")
    ]  # fmt: skip
    return [
        *videos,
        Origin(time=_NOW, origin="import", licence="", source="", digest=_DIGEST),
        Viewer(time=_NOW, viewer=1, region="US", age="18+", mode="personal", **UNSIGNED),
        History(time=_NOW, origin="import", viewer=2, at=_NOW, past=((1, outcome_bits("long_view")), (2, 0))),
        Setting(time=_NOW, viewer=1, id=_TOKEN, setting="mute", target=9, signature=_SIGNATURE),
        page,
        *events,
        Impression(
            time=_NOW, origin="import", row=0, viewer=2, video=3, surface=0, at=_NOW, watched=9_000,
            outcomes=outcome_bits("long_view", "click"),
        ),
        Decision(
            time=_NOW, decision=1, effect="restrict", pack=_DIGEST, policy="spam", restriction="removed", video=3,
            regions=(), ages=(), ground="",
        ),
        Order(
            time=_NOW, order=1, video=1, regions=(), begins=0, until=2 * _NOW, cap=1, label="", ended=False, note="note"
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    with sound_cache():
        _compile_lesson()
