"""A second release: the first one's code with other data, installed in a home while it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Exploration
from plainview.learning.parameters import learned
from plainview.ledger.acts import Approval
from plainview.platform.application import Application
from plainview.platform.home import RELEASE, Home
from plainview.platform.releases import bundle_of, installed
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_bytes, to_text
from tests.platform.parties import Parties

FIRST = installed()
FIRST_DIGEST = FIRST.digest
_PARAMETERS = {name: array + np.float32(0.125) for name, array in learned(FIRST.world().tables).items()}
SECOND = FIRST._replace(
    manifest=replace(
        FIRST.manifest,
        configuration=replace(DEFAULT, name="second", exploration=Exploration(slot=2, pool=32, newcomers=50)),
        parameters=to_text(arrays_digest(_PARAMETERS)),
    ),
    parameters=_PARAMETERS,
)
SECOND_DIGEST = SECOND.digest


@contextmanager
def second_installed(path: Path) -> Iterator[None]:
    """While this lasts the home in `path` has the second release."""
    Home(path).install(bundle_of(SECOND))
    yield
    (path / RELEASE).unlink()


def approve_second(running: Application, **changes: object) -> Approval:
    """Have all parties let the second release rank, under the licence that is there."""
    parties = Parties(running.home.path)
    release = to_bytes(SECOND_DIGEST)
    _, *acts, _ = parties.history(release)
    approval = replace(parties.approval(release), **changes)
    for act in (*acts, parties.signed(approval, "partner")):
        assert not running.acts.submit(act).reason
    return approval


def take_over(path: Path, **options: object) -> Application:
    """The platform in `path`, taken over by the release that it has."""
    return Application(Home(path), residents=4096, succeeding=True, **options)  # type: ignore[arg-type]
