from __future__ import annotations

import math
import random
import threading
import time

import pytest

from plainview.keys.client_session import ClientSession
from plainview.platform.client import Client, ClientError
from plainview.platform.town import ARMS, TOPICS, Clip, Moment, Size, Town, Viewer

URL = "http://127.0.0.1:9"


def clip(topic: int, appeal: float = 0.0) -> Clip:
    return Clip(1, 1, topic, 20_000, appeal)


def test_the_same_seed_makes_the_same_town() -> None:
    one, same, other = Town(URL, 1), Town(URL, 1), Town(URL, 2)
    tastes = [[(sorted(v.loved), sorted(v.disliked), v.arm) for v in town._viewers] for town in (one, same, other)]
    assert tastes[0] == tastes[1] != tastes[2]


def test_both_arms_are_there_in_their_parts() -> None:
    town = Town(URL, 1, Size(viewers=30, plain=1 / 3))
    arms = [viewer.arm for viewer in town._viewers]
    assert (arms.count("plain"), arms.count("personal")) == (10, 20)
    assert set(arms) == set(ARMS)


def test_what_is_loved_is_enjoyed_more_and_drifts() -> None:
    viewer = Viewer(1, "personal", random.Random(1))
    loved, disliked = min(viewer.loved), min(viewer.disliked)
    indifferent = next(topic for topic in range(len(TOPICS)) if topic not in viewer.loved | viewer.disliked)
    chances = [viewer.enjoyment(clip(topic)) for topic in (disliked, indifferent, loved)]
    assert chances == sorted(chances)
    assert viewer.enjoyment(clip(loved, 1.0)) > chances[2]
    before = set(viewer.loved)
    viewer.drift()
    assert len(viewer.loved & before) == len(before) - 1
    assert len(viewer.loved) == len(before)
    assert not viewer.loved & viewer.disliked


def test_watching_sends_what_the_server_asks_for() -> None:
    town = Town(URL, 1)
    viewer = town._viewers[-1]
    town._clips = {7: clip(min(viewer.loved))._replace(video=7), 8: clip(min(viewer.disliked))._replace(video=8)}
    page = {"receipt": {"index": 99}, "videos": [{"video": {"id": 7}}, {"video": {"id": 8}}]}
    events = [event for _ in range(200) for event in town._watch(viewer, ClientSession(bytes(32)), page)]
    views = [event for event in events if event["action"] == "view"]
    assert len(views) == 400
    assert {event["action"] for event in events} >= {"view", "like", "not_interested"}
    assert all(event["watched"] == 0 for event in events if event["action"] != "view")
    assert {(event["position"], event["video"]) for event in events} == {(0, 7), (1, 8)}
    assert len({event["id"] for event in events}) == len(events)
    assert town._views[viewer.arm] == 400
    long_views = sum(event["watched"] >= 18_000 for event in views)
    assert town._long_views[viewer.arm] == long_views


class Unserved(Town):
    """A town whose sessions and uploads are counted, and ask nobody."""

    def prepared(self) -> None:
        self.sessions = 0

    def _session(self, client: Client, viewer: Viewer, ending: threading.Event) -> None:
        self.sessions += 1
        ending.wait(0.001)

    def _upload(self, client: Client) -> None:
        self.uploads += 1


@pytest.fixture
def unserved() -> Unserved:
    town = Unserved(URL, 1)
    town.prepared()
    return town


def test_it_plays_until_it_is_over(unserved: Unserved) -> None:
    moments: list[Moment] = []
    assert unserved.play(60, 2, moments.append, lambda: len(moments) == 2)
    assert len(moments) == 2
    assert unserved.sessions > 0
    assert not unserved.play(0.01, 2, moments.append, lambda: False)
    assert len(moments) == 3


def test_what_ends_it_ends_its_people(unserved: Unserved) -> None:
    def fails() -> bool:
        raise KeyboardInterrupt

    before = set(threading.enumerate())  # threads of earlier tests among them, which may end meanwhile
    with pytest.raises(KeyboardInterrupt):
        unserved.play(60, 2, lambda _: None, fails)
    assert set(threading.enumerate()) <= before


def test_a_town_whose_server_is_gone_says_so() -> None:
    with pytest.raises(ClientError, match="no answer"):
        Town(URL, 1).play(60, 2, lambda _: None)


def test_pages_are_asked_for_at_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    ending = threading.Event()
    monkeypatch.setattr(ending, "wait", waited.append)
    for pace, wanted in ((4, [0.0, 0.25, 0.5]), (math.inf, [0.0, 0.0, 0.0])):
        town = Town(URL, 1, Size(pace=pace))
        for _ in wanted:
            town._wait(ending)
        assert waited == wanted
        waited.clear()
