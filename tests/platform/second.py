"""A second release: the installed one's code with another configuration, installed in its place for as long as it is
wanted."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT, Exploration, Manifest
from plainview.ledger.acts import Approval
from plainview.platform import founding, home, local_charter, local_licence, releases, succession
from plainview.platform.application import Application
from plainview.records import encode
from plainview.records.fields import to_bytes, to_text
from tests.platform.parties import Parties

FIRST = releases.installed()
FIRST_DIGEST = releases.installed_digest()
SECOND: Manifest = replace(
    FIRST, configuration=replace(DEFAULT, name="second", exploration=Exploration(slot=2, pool=32, newcomers=50))
)
SECOND_DIGEST = to_text(hashlib.sha256(encode(SECOND)).digest())
_THERE = (founding, home, local_charter, local_licence, releases, succession)
"""Imported before anything is changed: what is imported while it is would keep it."""


@contextmanager
def second_installed() -> Iterator[None]:
    """While this lasts the second release is the one that is installed."""
    with pytest.MonkeyPatch.context() as patch:
        ours = {releases.installed: lambda: SECOND, releases.installed_digest: lambda: SECOND_DIGEST}
        for name, module in list(sys.modules.items()):
            if name.startswith("plainview."):
                for function, other in ours.items():
                    if getattr(module, function.__name__, None) is function:
                        patch.setattr(module, function.__name__, other)
        yield


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
    """The platform in `path`, taken over by the release that is installed."""
    return Application(home.Home(path), residents=4096, succeeding=True, **options)  # type: ignore[arg-type]
