"""A mirror as it follows a log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plainview.http.fetching import fetch
from plainview.ledger.bundles import bundles
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.misbehaviour import parse_misbehaviour
from plainview.ledger.notes import NOTE_LIMIT
from plainview.ledger.policies import Log, Policy, Witness
from plainview.ledger.tiles import tiles
from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import Mirror, Misbehaved
from plainview.oversight.mirror.source import LogSource
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, WITNESSES
from tests.oversight.mirror.logs import DirectoryLog, Served

OPEN = Policy(
    (Log(LOG.key), Log(LOG_ML_DSA.key)), tuple(Witness(name, one.key) for name, one in WITNESSES.items()), (), "none"
)
"""It asks for no cosignatures, and knows the witnesses."""


class Following:
    """A mirror in `directory` that is opened anew for each look, as after a restart."""

    def __init__(self, directory: Path, server: Served, pool: ThreadPoolExecutor, policy: Policy = OPEN) -> None:
        self.directory = directory
        self.server = server
        self.pool = pool
        self.policy = policy
        self.others: list[str] = []
        """Where `north` says what it knows."""
        self.convicted: list[Misbehaved] = []

    def open(self) -> Mirror:
        others = [("north", lambda url=url: fetch(url, NOTE_LIMIT)) for url in self.others]
        source, files = LogSource(self.server.url), MirrorFiles(self.directory)
        return Mirror(ORIGIN, self.policy, source, files, self.pool, others, self.convicted.append)

    @property
    def held(self) -> Checkpoint:
        """The checkpoint of which all is here: there must be one."""
        held = self.open().held
        assert held
        return held

    def look(self) -> list[str]:
        return self.open().update()[1]

    def misbehaved(self) -> Misbehaved:
        """The log misbehaves: what was proven, by a file that says the same, and nothing else changed."""
        before = (self.directory / CHECKPOINT).read_bytes() if (self.directory / CHECKPOINT).exists() else b""
        with pytest.raises(Misbehaved) as error:
            self.look()
        found = parse_misbehaviour(error.value.path.read_bytes()).check(self.policy)
        assert found == error.value.contradiction
        if before:
            assert (self.directory / CHECKPOINT).read_bytes() == before
        return error.value


def same(copy: Path, log: DirectoryLog, size: int) -> None:
    """The copy holds all that a tree of that size is made of, as the log serves it."""
    paths = [one.path for one in tiles(size)] + [one.path for one in bundles(size)]
    assert {path for path in paths if (copy / path).read_bytes() != (log.directory / path).read_bytes()} == set()
