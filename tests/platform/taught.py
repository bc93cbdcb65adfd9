"""A home from which something can be learned: a data set that was let in, and a town that was played in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from plainview.journal import Draft, Refused
from plainview.ledger.acts import Admission
from plainview.platform.catalogue import NewVideo
from plainview.platform.home import Home
from plainview.platform.local_licence import admit_locally
from tests.feed.towns import town
from tests.platform.homes import begun, charter_of, parties_of
from tests.platform.towns import open_town, play, settled

ROWS = 2_000


def taught(path: Path) -> Path:
    """The home in `path`, made: the rows of `tests.feed.towns.town`, then a few pages of the platform's own."""
    begun(path)
    with closing(Home(path).write()) as journal:
        admit_locally(journal, Admission(charter_of(path).origin, "town", bytes(32), "none", ROWS), parties_of(path))
        records = [replace(record, time=0) for _, record in town(impressions=600)]
        assert not [one for one in journal.append([Draft(record) for record in records]) if isinstance(one, Refused)]
    with open_town(path) as application:
        application.catalogue.add(NewVideo(video=7, creator=900, duration=10_000, tags=(1,), caption="an upload"))
        settled(application)
        play(application, 6)
    return path
