"""Golden vectors: a made-up town lived through, and a line for all that came of it.

Two builders on different CPUs who come to the same text have the same algorithm, to the bit. The town is large enough
for everything that works in blocks or by samples, and is left alone for so long in the end that things expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from plainview.feed.configuration import Configuration
from plainview.feed.kernels.arithmetic import draw_below
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import Pinned, pin
from plainview.feed.ranking import Asked, Ranked, rank
from plainview.feed.viewers import digest
from plainview.learning import epochs
from plainview.learning.fold import Fold, empty_world
from plainview.learning.parameters import NONE, Parameters
from plainview.records import (
    ACTIONS,
    UNSIGNED,
    Decision,
    Epoch,
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
    encode,
    outcome_bits,
)
from plainview.records.fields import DASHES, to_bytes, to_text
from plainview.records.viewer import Action

TITLE = "plainview/golden/v1"
"""The first line."""
VIDEOS, CREATORS, TAGS, VIEWERS, IMPRESSIONS = 2_400, 300, 24, 24, 7_000
ROUND = 2_500
"""Records between two epochs; after each, every viewer is ranked a page and acts on it."""
START = 1_700_000_000_000
MINUTE, DAY = 60_000, 86_400_000
LONG = 90 * DAY
"""How long nothing happens before the last records."""
RELEASE = bytes(range(32))
"""Stands for the release: its own digest depends on what comes out here."""

Each = Callable[[Callable[[int], Ranked], Iterable[int]], Iterable[Ranked]]


class _Chance:
    """Numbers below a bound, the same on every machine."""

    def __init__(self, key: int) -> None:
        self._key = np.uint64(key)
        self._drawn = 0

    def below(self, bound: int) -> int:
        self._drawn += 1
        return int(draw_below(self._key, self._drawn, bound))

    def token(self) -> str:
        return to_text(bytes(self.below(256) for _ in range(16)))


def golden_digest(text: str) -> bytes:
    """What builders attest to: SHA-256 of the text."""
    return hashlib.sha256(text.encode()).digest()


def golden(configuration: Configuration, parameters: Parameters = NONE, each: Each = map) -> str:
    """The golden vectors of a release: TITLE, then lines of epochs with their states, viewers and receipts.

    `each` ranks a round's pages: `map`, or that of a pool of threads, which comes to the same.
    """
    return "".join(f"{line}\n" for line in (TITLE, *_lived(configuration, parameters, each)))


def _lived(configuration: Configuration, parameters: Parameters, each: Each) -> Iterator[str]:
    pipeline = Pipeline.of(configuration)
    fold = Fold(configuration, empty_world(parameters), VIEWERS, lambda _: fold.reader.read(()))
    epoch = epochs.first(fold.world).record
    chance = _Chance(1)
    waiting = list(_town(chance))
    index = 0
    pinned: Pinned | None = None
    while waiting:
        taken, waiting = waiting[:ROUND], waiting[ROUND:]
        fold.take(list(enumerate(taken, index)))
        index += len(taken)
        epoch = epochs.close(fold.world, epoch, index, snapshot=True).record
        yield f"epoch {epoch.digest} state {epoch.state}"
        pinned = pinned or pin(fold.world, epoch.epoch, 1)
        now = int(fold.world.tables.head[0]["now"]) + MINUTE
        asked = [_asked(viewer, epoch, now) for viewer in range(VIEWERS)]
        rows = [fold.residents.row(viewer) for viewer in range(VIEWERS)]

        def ranked(viewer: int) -> Ranked:
            mine = pinned if asked[viewer].request.mode == "plain" else None  # noqa: B023 - used within the round
            return rank(pipeline, RELEASE, fold.world, to_bytes(epoch.digest), rows[viewer], asked[viewer], mine)  # noqa: B023

        follows: list[Record] = []
        for viewer, page in enumerate(each(ranked, range(VIEWERS))):
            receipt = _receipt(asked[viewer], viewer, to_text(digest(rows[viewer])), page, epoch)
            yield f"viewer {viewer} {receipt.viewer_digest} page {to_text(hashlib.sha256(encode(receipt)).digest())}"
            follows += [receipt, *_acts(chance, index + len(follows), receipt)]
        fold.take(list(enumerate(follows, index)))
        index += len(follows)


def _town(chance: _Chance) -> Iterator[Record]:
    """An import, settings, decisions, orders; and after a long time without anything, a few more impressions."""
    yield Origin(time=START, origin="golden", licence="none", source="made up", digest=to_text(RELEASE))
    tags = [chance.below(TAGS) for _ in range(VIDEOS)]
    durations = [3_000 + chance.below(120_000) for _ in range(VIDEOS)]
    for video in range(VIDEOS):
        yield Video(
            time=START, video=3 * video, creator=video % CREATORS, created=START - video * MINUTE,
            duration=durations[video], tags=tuple(dict.fromkeys((tags[video], TAGS + chance.below(5)))),
            sound=chance.below(40), form=chance.below(6), region=("ZZ", "US", "DE")[chance.below(3)],
            audience=("unknown", "13-15", "18+")[chance.below(3)], origin="golden", caption=f"video {video}",
        )  # fmt: skip
    for viewer in range(VIEWERS):
        region = ("US", "DE", "ZZ", "FR")[viewer % 4]
        yield Viewer(
            time=START, viewer=viewer, region=region, age="18+" if viewer % 3 else "16-17", mode="personal", **UNSIGNED
        )
    past = tuple((3 * chance.below(VIDEOS), outcome_bits("long_view") if chance.below(2) else 0) for _ in range(80))
    yield History(time=START, origin="golden", viewer=0, at=START, past=past)
    for setting, target in (("follow", 3), ("follow", 4), ("block", 5), ("mute", 6)):
        yield Setting(
            time=START, viewer=1, id=chance.token(), setting=setting, target=target,  # type: ignore[arg-type]
            signature=to_text(bytes(64)),
        )  # fmt: skip
    for number, regions in enumerate((("US",), (), ("DE", "FR")), 1):
        yield Decision(
            time=START, decision=number, effect="restrict", pack=to_text(RELEASE), policy="golden",
            restriction="geo_disabled" if regions else "age_restricted", video=3 * chance.below(VIDEOS),
            regions=regions, ages=("16-17",) if number == 2 else (), ground="golden",
        )  # fmt: skip
    for number, regions in enumerate((("DE",), (), ("DE", "US")), 1):
        yield Order(
            time=START, order=number, video=3 * chance.below(VIDEOS), regions=regions, begins=START,
            until=START + LONG, cap=5 * number, label="golden", ended=False, note="golden",
        )  # fmt: skip
    for row in range(IMPRESSIONS):
        late = LONG if row >= IMPRESSIONS - 200 else 0
        yield _impression(chance, row, START + row * MINUTE + late, tags, durations)


def _impression(chance: _Chance, row: int, at: int, tags: list[int], durations: list[int]) -> Impression:
    """Half of them spread evenly; whoever likes a video's tag watches it long four times in five."""
    viewer = chance.below(VIEWERS)
    video = chance.below(VIDEOS if chance.below(2) else 90)
    long_view = chance.below(5) < (4 if (tags[video] + viewer) % 3 == 0 else 1)
    like = long_view and chance.below(4) == 0
    return Impression(
        time=START, origin="golden", row=row, viewer=viewer, video=3 * video, surface=chance.below(8), at=at,
        watched=durations[video] if long_view else chance.below(3_000),
        outcomes=long_view * outcome_bits("long_view", "click") | like * outcome_bits("like"),
    )  # fmt: skip


def _asked(viewer: int, epoch: Epoch, now: int) -> Asked:
    request = Request(
        surface=viewer % 9, region=("US", "DE", "ZZ")[viewer % 3], age="18+" if viewer % 3 else "16-17",
        mode="plain" if viewer % 7 == 0 else "personal", limit=5 + viewer % 20,
        nonce=to_text(bytes([viewer, epoch.epoch]) * 8), acknowledged=0,
    )  # fmt: skip
    return Asked(request, to_text(bytes([viewer]) * 16), epoch.epoch, now, 0)


def _receipt(asked: Asked, viewer: int, state: str, page: Ranked, epoch: Epoch) -> Page:
    return Page(
        time=asked.now, viewer=viewer, session=asked.session, n=asked.n, previous=DASHES, release=to_text(RELEASE),
        grounds=(), charter=0, policy=0, epoch=epoch.epoch, epoch_digest=epoch.digest, pinned=epoch.epoch,
        cursor=page.cursor, viewer_upto=0, viewer_digest=state, wanted=asked.request.mode, request=asked.request,
        now=asked.now, arms=page.arms, orders=page.orders,
        items=page.items, trace=to_text(page.trace.digest()), environment=to_text(RELEASE),
    )  # fmt: skip


def _acts(chance: _Chance, page: int, receipt: Page) -> Iterator[Event]:
    """What the viewer did with a page at index `page`: most is watched, and some of it led to something else. The last
    cites no page, and is refused."""
    for position in range(len(receipt.items)):
        if chance.below(4) == 0:
            continue
        yield _act(chance, page, receipt, position, "view")
        if chance.below(3) == 0:
            yield _act(chance, page, receipt, position, ACTIONS[1 + chance.below(len(ACTIONS) - 1)])
    yield _act(chance, 0, receipt, 0, "view")


def _act(chance: _Chance, page: int, receipt: Page, position: int, action: Action) -> Event:
    video = receipt.items[position].video
    return Event(
        time=receipt.now + chance.below(MINUTE), viewer=receipt.viewer, id=chance.token(), page=page,
        position=position, video=video, creator=video // 3 % CREATORS, action=action,
        watched=chance.below(40_000) if action == "view" else 0, at=receipt.now, key=to_text(bytes(32)),
        signature=to_text(bytes(64)),
    )  # fmt: skip
