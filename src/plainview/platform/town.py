"""A small simulated town that plays against the real HTTP API: viewers with tastes, creators, new videos.

Each viewer loves some topics and dislikes others, and what they love drifts. Some viewers ask for plain pages: the
control arm, of the same tastes. Given a seed the town is the same; how much of its life fits into the time is up to the
server.
"""

from __future__ import annotations

import base64
import math
import random
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from plainview.journal.struct_types import complete_struct_types
from plainview.keys.client_session import ClientSession
from plainview.keys.client_viewer import ClientViewer
from plainview.platform.client import Client, ClientError

TOPICS = (
    "cats",
    "football",
    "baking",
    "makeup",
    "guitar",
    "chess",
    "hiking",
    "cars",
    "dance",
    "science",
    "jokes",
    "news",
)
ARMS = ("personal", "plain")
LIMIT = 8
"""Videos on a page."""
LONG_WATCH = 18_000


class Size(NamedTuple):
    """How large the town is."""

    viewers: int = 90
    creators: int = 60
    videos: int = 1_200
    plain: float = 1 / 3
    """Part of the viewers in the control arm."""
    uploads: float = 2.0
    """New videos a second."""
    drift: float = 0.004
    """Chance that a viewer's interests move, a session."""
    pace: float = math.inf
    """Pages a second at most, all viewers together; else as many as are served."""


class Clip(NamedTuple):
    """A video as the town knows it."""

    video: int
    creator: int
    topic: int
    duration: int
    appeal: float


class Viewer:
    """Somebody with tastes."""

    def __init__(self, number: int, arm: str, chance: random.Random) -> None:
        self.number = number
        self.arm = arm
        self.chance = chance
        loved = chance.sample(range(len(TOPICS)), 5)
        self.client = ClientViewer(number, chance.randbytes(32))
        self.loved = set(loved[:2])
        self.disliked = set(loved[2:])

    def drift(self) -> None:
        """One love goes, another comes."""
        gone = self.chance.choice(sorted(self.loved))
        new = self.chance.choice([topic for topic in range(len(TOPICS)) if topic not in self.loved])
        self.loved = (self.loved - {gone}) | {new}
        self.disliked.discard(new)

    def enjoyment(self, clip: Clip) -> float:
        """The probability of a long view."""
        taste = 1.6 if clip.topic in self.loved else -2.6 if clip.topic in self.disliked else -1.1
        return 1 / (1 + math.exp(-taste - clip.appeal))


class Moment(NamedTuple):
    """What had happened up to some time into the play."""

    seconds: float
    pages: int
    events: int
    uploads: int
    views: dict[str, int]
    """By arm, since the last moment."""
    long_views: dict[str, int]
    baseline: int
    """Pages that were the baseline's where a personal one was wanted."""


class Town:
    """Prepare it, then let it play."""

    def __init__(self, url: str, seed: int, size: Size | None = None) -> None:
        complete_struct_types()
        self.size = size or Size()
        self._url = url
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._clips: dict[int, Clip] = {}
        self._creators = [self._chance.sample(range(len(TOPICS)), 2) for _ in range(self.size.creators)]
        plain = round(self.size.viewers * self.size.plain)
        self._viewers = [
            Viewer(1 + number, ARMS[number < plain], random.Random(f"{seed}/{number}"))
            for number in range(self.size.viewers)
        ]
        self.pages = self.events = self.uploads = self.baseline = 0
        self.reason = ""
        """Why the last page of the baseline was."""
        self._due = 0.0
        """When the next page may be asked for, by the monotonic clock."""
        self.refused = 0
        """Requests that the server did not do."""
        self._views = dict.fromkeys(ARMS, 0)
        self._long_views = dict.fromkeys(ARMS, 0)

    def prepare(self) -> None:
        """Creators upload what they have, viewers register. Raises ClientError."""
        with Client(self._url) as client:
            for _ in range(self.size.videos):
                self._upload(client)
            for viewer in self._viewers:
                client.post("/v1/viewers", viewer.client.told(_token(viewer.chance), "US", "18+", viewer.arm))
        self.uploads = 0

    def play(
        self, seconds: float, threads: int, told: Callable[[Moment], None], over: Callable[[], bool] | None = None
    ) -> bool:
        """Live for that long, or until `over` says so: whether it did. It is asked twice a second, after `told` has
        heard how it goes.

        Raises ClientError where the server is gone, and what `over` raises.
        """
        began = time.monotonic()
        ending = threading.Event()
        failures: list[ClientError] = []
        shares = [self._viewers[part::threads] for part in range(threads)]
        uploaded = self.uploads

        chances = [random.Random(self._chance.random()) for _ in shares]

        def live(share: list[Viewer], part: int) -> None:
            chance = chances[part]
            try:
                with Client(self._url) as client:
                    while not ending.is_set():
                        self._session(client, chance.choice(share), ending)
            except ClientError as error:
                failures.append(error)
                ending.set()

        people = [threading.Thread(target=live, args=(share, part)) for part, share in enumerate(shares) if share]
        for person in people:
            person.start()
        found = False
        try:
            with Client(self._url) as client:
                while not (found or ending.is_set()) and (left := began + seconds - time.monotonic()) > 0:
                    ending.wait(min(left, 0.5))
                    due = uploaded + int((time.monotonic() - began) * self.size.uploads)
                    while self.uploads < due:
                        self._upload(client)
                    told(self._moment(time.monotonic() - began))
                    found = over is not None and over()
        finally:
            ending.set()
            for person in people:
                person.join()
        if failures:
            raise failures[0]
        return found

    def _moment(self, seconds: float) -> Moment:
        with self._lock:
            moment = Moment(
                seconds, self.pages, self.events, self.uploads, self._views, self._long_views, self.baseline
            )
            self._views = dict.fromkeys(ARMS, 0)
            self._long_views = dict.fromkeys(ARMS, 0)
        return moment

    def _upload(self, client: Client) -> None:
        chance = self._chance
        creator = chance.randrange(len(self._creators))
        topic = chance.choice(self._creators[creator])
        clip = Clip(
            video=10_000 + len(self._clips),
            creator=1 + creator,
            topic=topic,
            duration=int(chance.triangular(6_000, 60_000, 15_000)),
            appeal=chance.gauss(0, 0.7),
        )
        client.post(
            "/v1/videos",
            {
                "video": clip.video,
                "creator": clip.creator,
                "duration": clip.duration,
                "caption": f"{TOPICS[topic]} no. {clip.video}",
                "tags": [1 + topic],
                "sound": chance.randrange(40),
                "region": "US",
            },
        )
        self._clips[clip.video] = clip
        self.uploads += 1

    def _session(self, client: Client, viewer: Viewer, ending: threading.Event) -> None:
        chance = viewer.chance
        if chance.random() < self.size.drift:
            viewer.drift()
        session = ClientSession(chance.randbytes(32))
        acknowledged = 0
        for n in range(chance.randint(2, 6)):
            self._wait(ending)
            if ending.is_set():
                return
            asked = {"viewer": viewer.number, "session": session.name, "n": n, "nonce": _token(chance), "limit": LIMIT}
            asked["acknowledged"] = acknowledged
            page = self._tried(lambda asked=asked: client.get("/v1/feed", **asked))  # type: ignore[misc]
            if page is None or not page["videos"]:
                return
            acknowledged = page["receipt"]["index"] + 1
            events = self._watch(viewer, session, page)
            if events:
                taken = self._tried(lambda events=events: client.post("/v1/events", {"events": events}))  # type: ignore[misc]
                indexes = [result.get("index", 0) for result in taken["results"]] if taken else []
                acknowledged = max([acknowledged, *(index + 1 for index in indexes)])
            with self._lock:
                self.pages += 1
                self.baseline += bool(page["baseline"])
                self.reason = page["baseline"] or self.reason
                self.events += len(events)
            if chance.random() < 0.01:
                hated = self._clips[page["videos"][0]["video"]["id"]]
                if hated.topic in viewer.disliked:
                    block = viewer.client.chosen(_token(chance), "block", hated.creator)
                    self._tried(lambda block=block: client.post("/v1/settings", block))  # type: ignore[misc]

    def _wait(self, ending: threading.Event) -> None:
        """Until the pace allows another page, or the end."""
        with self._lock:
            due = max(self._due, time.monotonic())
            self._due = due + 1 / self.size.pace
        ending.wait(due - time.monotonic())

    def _watch(self, viewer: Viewer, session: ClientSession, page: dict[str, Any]) -> list[dict[str, Any]]:
        chance = viewer.chance
        events: list[dict[str, Any]] = []
        now = time.time_ns() // 1_000_000
        receipt = page["receipt"]["index"]
        for position, shown in enumerate(page["videos"]):
            clip = self._clips[shown["video"]["id"]]
            enjoyed = chance.random() < viewer.enjoyment(clip)
            watched = (
                clip.duration * chance.uniform(0.95, 1.6)
                if enjoyed
                else min(LONG_WATCH, clip.duration) * chance.uniform(0.02, 0.9)
            )
            acts = [("view", int(watched))]
            if enjoyed and chance.random() < 0.2:
                acts.append(("like", 0))
            if enjoyed and chance.random() < 0.03:
                acts.append((chance.choice(("follow", "share", "comment")), 0))
            if clip.topic in viewer.disliked and chance.random() < 0.08:
                acts.append(("not_interested", 0))
            events += [
                session.signed(
                    {
                        "id": _token(chance),
                        "viewer": viewer.number,
                        "page": receipt,
                        "position": position,
                        "video": clip.video,
                        "action": action,
                        "watched": milliseconds,
                        "at": now,
                    }
                )
                for action, milliseconds in acts
            ]
            with self._lock:
                self._views[viewer.arm] += 1
                self._long_views[viewer.arm] += enjoyed
        return events

    def _tried(self, call: Callable[[], Any]) -> Any:
        """What the call answers; None where the server would not do it, which is counted."""
        try:
            return call()
        except ClientError as error:
            if error.status == 0:
                raise
            with self._lock:
                self.refused += 1
            return None


def _token(chance: random.Random) -> str:
    return base64.urlsafe_b64encode(chance.randbytes(16)).decode("ascii").rstrip("=")
