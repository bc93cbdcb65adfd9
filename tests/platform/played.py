"""A journal as the platform writes it: an application in this process, viewers on several threads, epochs landing."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from plainview.journal import Draft, Entry, Refused
from plainview.platform.application import Application
from plainview.platform.faults import Fault
from plainview.platform.learner import Cadence
from plainview.platform.serving import Ask, Served
from plainview.platform.viewers import NewViewer
from plainview.records import Event, Page, Record, Setting, Video, Viewer
from plainview.records.fields import to_text
from tests.platform.homes import begun
from tests.platform.parties import Parties
from tests.platform.signing import of_name, of_viewer
from tests.platform.signing import session as new_session
from tests.platform.towns import ask
from tests.records.decisions import restricting

VIDEOS = 300
CREATORS = 20
VIEWERS = 24
ORDERS = 24
"""All but the last are for one region: its viewers meet another one on nearly every page."""
PLAIN = 4
"""Every fourth viewer asks for plain pages."""


@contextmanager
def application(path: Path, cadence: Cadence | None = None) -> Iterator[Application]:
    """An application over a catalogue and registered viewers."""
    with Application(begun(path), residents=4096, rankings=4, cadence=cadence or Cadence(0.1, 200, 8)) as running:
        rng = random.Random(0)
        _append(
            running,
            [
                Video(
                    time=0, video=1000 + v, creator=v % CREATORS, created=0, duration=rng.randrange(3_000, 60_000),
                    tags=(v % 7, 20 + v % 3), sound=v % 5, form=v % 4, region="US", audience="unknown",
                    origin="upload", caption=f"video {v}",
                )
                for v in range(VIDEOS)
            ]
            + [
                Viewer(
                    time=0,
                    **of_viewer(u).told(
                        _token(rng), ("US", "DE", "ZZ")[u % 3], "18+", "plain" if u % PLAIN == 0 else "personal"
                    ),
                )
                for u in range(VIEWERS)
            ],
        )  # fmt: skip
        running.wait_for(running.epoch.epoch + 1, 10)
        yield running


def play(running: Application, pages: int, threads: int = 3, seed: int = 1) -> None:
    """Have `pages` pages served from several threads at once, watched, liked and blocked from; some decisions too."""
    failures: list[BaseException] = []

    def live(part: int) -> None:
        try:
            _live(running, list(range(part, VIEWERS, threads)), pages // threads, random.Random(f"{seed}/{part}"))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    people = [threading.Thread(target=live, args=(part,)) for part in range(threads)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    if failures:
        raise failures[0]


def late(running: Application, viewer: int) -> int:
    """Have a page served that is written down behind the epoch after its own, of which no page comes. Returns its
    index."""
    append = running.serving._append

    def after_another_epoch(page: Page) -> Served | tuple[str, str]:
        running.viewers.register(NewViewer(viewer=900 + viewer))
        assert running.wait_for(page.epoch + 1, 30)
        return append(page)

    with patch.object(running.serving, "_append", after_another_epoch):
        index = running.serving.page(ask(viewer=viewer)).entry.index
    epoch = running.epoch.epoch
    running.viewers.register(NewViewer(viewer=950 + viewer))
    assert running.wait_for(epoch + 1, 30)
    return index


def home_with_late_pages(path: Path) -> tuple[Path, tuple[int, ...]]:
    """A home in which some pages were served, and two of them late, with epochs before and behind; their indexes."""
    with application(path) as running:
        play(running, 18)
        indexes = [late(running, 1)]
        play(running, 18, seed=2)
        indexes.append(late(running, 4))  # a plain one
        play(running, 18, seed=3)
    return path, tuple(indexes)


def home_with_pages(path: Path, pages: int) -> Path:
    """A home in which so many pages were served, with orders for some."""
    with application(path) as running:
        parties = Parties(path)
        for number in range(1, ORDERS):
            assert not running.acts.submit(parties.order(number, 1000 + 7 * number, regions=("US",), cap=6)).reason
        assert not running.acts.submit(parties.order(ORDERS, 1011)).reason
        play(running, pages)
    return path


def _page(running: Application, ask: Ask) -> Entry:
    """As a client asks: again where it is told to come back, since the epoch that takes up a decision is not there."""
    for _ in range(10):
        try:
            return running.serving.page(ask).entry
        except Fault as fault:
            if fault.code != "unavailable":
                raise
    raise AssertionError(f"no page for {ask}")


def _live(running: Application, viewers: list[int], pages: int, rng: random.Random) -> None:
    sessions = {viewer: (new_session(rng.randbytes(32)), 0) for viewer in viewers}
    for turn in range(pages):
        viewer = rng.choice(viewers)
        session, n = sessions[viewer]
        if n == 7:
            session, n = new_session(rng.randbytes(32)), 0
        ask = Ask(viewer=viewer, session=session, n=n, nonce=_token(rng), limit=8)
        entry = _page(running, ask)
        sessions[viewer] = (session, n + 1)
        page = entry.record
        assert isinstance(page, Page)
        acts: list[Record] = []
        for position, item in enumerate(page.items):
            for action in ("view",) if rng.random() < 0.6 else ("view", "like") if rng.random() < 0.3 else ():
                said = {
                    "viewer": viewer, "id": _token(rng), "page": entry.index, "position": position,
                    "video": item.video, "action": action, "at": page.now,
                    "watched": rng.randrange(30_000) if action == "view" else 0,
                }  # fmt: skip
                acts.append(Event(time=0, creator=item.video % CREATORS, **of_name(session).signed(said)))
        if rng.random() < 0.05:
            block = rng.random() < 0.5
            acts.append(
                Setting(
                    time=0,
                    **of_viewer(viewer).chosen(_token(rng), "block" if block else "follow", rng.randrange(CREATORS)),
                )
            )
        if turn % 97 == 50:
            acts.append(restricting(1 + rng.getrandbits(40), 1000 + rng.randrange(VIDEOS), "US"))
        _append(running, acts)


def _append(running: Application, records: list[Record]) -> None:
    for outcome in running.journal.append([Draft(record) for record in records]):
        assert not isinstance(outcome, Refused), outcome


def _token(rng: random.Random) -> str:
    return to_text(rng.randbytes(16))
