"""A partner's directory whose keys the charter of a home names, and the program on it."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plainview.ledger.charters import parse_charter
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Policy, Witness
from plainview.oversight.partner.directory import AUDITOR, Keys, make_directory, read_keys
from plainview.oversight.partner.overseer import Audit, Overseer, Surroundings
from plainview.oversight.partner.telling import Told
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.platform.releases import environment_digest, installed, program_digest
from tests.platform.homes import amendment, charter_of, parties_of


def partner_of(home: Path, path: Path) -> Keys:
    """The directory of a partner's program in `path`, with the auditor's key of the home's charter."""
    make_directory(path, "partner.example")
    shutil.copy(parties_of(home) / "auditor" / KEY, path / AUDITOR)
    return read_keys(path)


def witnessed(home: Path, keys: Keys, url: str) -> None:
    """Amend the charter of a home: nothing is published that the partner's witness at `url` has not cosigned."""
    witness = Witness("partner", keys.witness.key, url)
    adopt(Home(home), amendment(home, policy=Policy(charter_of(home).policy.logs, (witness,), (), "partner")))


class Lines:
    """What the program said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.remarks: list[str] = []
        self.found: list[str] = []
        self.told = Told(self.said.append, self.remarks.append, self.found.append)


def digest_of(home: Path) -> bytes:
    """Of the home's first charter."""
    return parse_charter(parse_note((parties_of(home) / "charter").read_bytes()).text).digest()


@contextmanager
def overseeing(
    path: Path,
    home: Path,
    url: str,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sample: int = 20,
    canaries: int = 0,
    charters: tuple[Any, ...] = (),
) -> Iterator[tuple[Overseer, Lines]]:
    lines = Lines()
    with ThreadPoolExecutor(4) as pool:
        outside = Surroundings(lambda: time.time_ns() // 1_000_000, monotonic, secrets.token_bytes, pool)
        audit = Audit(installed(), None, sample, 3_600_000, canaries, 2, environment_digest(), program_digest())
        overseer = Overseer(path, read_keys(path), digest_of(home), url, audit, outside, lines.told, charters)
        try:
            yield overseer, lines
        finally:
            overseer.close()
