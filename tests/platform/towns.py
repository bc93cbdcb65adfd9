"""Small platforms for tests: a home with videos and viewers, opened as `serve` opens it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from plainview.platform.application import Application
from plainview.platform.catalogue import NewVideo
from plainview.platform.learner import Cadence
from plainview.platform.serving import Ask
from plainview.platform.viewers import NewViewer
from plainview.records import Epoch, Page
from tests.platform.homes import begun
from tests.platform.signing import of_name, of_viewer, session, signed

VIDEOS = 60
VIEWERS = (1, 2, 3)
QUICK = Cadence(seconds=0.05, records=500, snapshot_epochs=50)
SLOW = Cadence(seconds=3600, records=10**6, snapshot_epochs=10**6)


def token() -> str:
    """A token that no other call gives. It names a session, where it is used for one."""
    return session()


def now() -> int:
    return time.time_ns() // 1_000_000


def open_town(path: Path, **options: Any) -> Application:
    """The platform in `path`, as it stands; begun where nothing is there yet."""
    return Application(begun(path), **({"cadence": QUICK} | options))


def until(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.01)


def settled(application: Application) -> None:
    """Wait until everything in the journal is folded in. The first time, kernels are compiled for it."""
    learner = application.learner
    while learner._epoch.upto < learner._wanted or learner.failure is not None:
        assert learner.failure is None, learner.failure
        time.sleep(0.01)


def populate(application: Application, videos: int = VIDEOS) -> None:
    """Videos 1..`videos` of six creators, and three viewers; all folded in."""
    for video in range(1, videos + 1):
        application.catalogue.add(
            NewVideo(video=video, creator=video % 6 + 100, duration=10_000, tags=(video % 5,), caption=f"video {video}")
        )
    for viewer in VIEWERS:
        application.viewers.register(NewViewer(viewer=viewer, region="US", age="18+"))
    settled(application)


def registered(application: Application, viewer: int) -> None:
    """Have a viewer register, with the key of `signing.of_viewer`."""
    application.viewers.register(NewViewer(**of_viewer(viewer).told(token(), "ZZ", "unknown", "personal")))


def epochs(application: Application) -> list[Epoch]:
    return [entry.record for entry in application.journal.of_kind("epoch") if isinstance(entry.record, Epoch)]


def ask(viewer: int = 1, session: str | None = None, n: int = 0, **fields: Any) -> Ask:
    return Ask(viewer=viewer, session=session or token(), n=n, nonce=token(), **fields)


def page_of(application: Application, **fields: Any) -> tuple[int, Page]:
    """Index and record of a page that `ask(**fields)` is given."""
    entry = application.serving.page(ask(**fields)).entry
    assert isinstance(entry.record, Page)
    return entry.index, entry.record


def event(index: int, page: Page, position: int = 0, **fields: Any) -> dict[str, Any]:
    """An event as a client sends it: a view of the video at `position`, unless `fields` say otherwise."""
    said = {
        "id": token(),
        "viewer": page.viewer,
        "page": index,
        "position": position,
        "video": page.items[position].video,
        "action": "view",
        "watched": 9_000,
        "at": now(),
        "key": of_name(page.session).key,
    }
    return signed(said | fields)


def raw(*events: dict[str, Any]) -> list[msgspec.Raw]:
    """Events as they are sent, signed as they are now."""
    return [msgspec.Raw(msgspec.json.encode(signed(one))) for one in events]


def play(application: Application, pages: int = 4) -> list[int]:
    """Pages and events of one viewer, an epoch after each; the pages' indexes."""
    session, indexes = token(), []
    for n in range(pages):
        index, page = page_of(application, session=session, n=n)
        application.events.take(raw(event(index, page), event(index, page, 1, action="like", watched=0)))
        settled(application)
        indexes.append(index)
    return indexes


def state(application: Application) -> bytes:
    """The digest of the world at the last epoch, from what is stored."""
    return application.lineage.restore(application.lineage.last()).digest()
