"""The receipts in a directory, held against the log that a mirror follows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from plainview.ledger.errors import FormatError, LedgerError
from plainview.ledger.policies import Policy
from plainview.ledger.promises import Promise
from plainview.ledger.spelling import printable
from plainview.oversight.mirror.mirror import Mirror, MirrorError, Misbehaved
from plainview.oversight.receipts import RECEIPT_LIMIT, parse_receipt


class Promised(NamedTuple):
    """What the log promised to whoever has this receipt."""

    name: str
    """Its file, as a line may have it."""
    promise: Promise


class Held(msgspec.Struct, frozen=True):
    """What became of the promises that were open."""

    kept: list[Promised]
    waiting: list[Promised]
    broken: list[Misbehaved]
    failed: list[str]
    """What could not be held against the log, and why."""


class Promises:
    """Of the receipts in `directory`, its `.json` files, those that the log of `mirror` has not yet kept."""

    def __init__(self, directory: Path, mirror: Mirror, policy: Policy) -> None:
        self._directory = directory
        self._mirror = mirror
        self._policy = policy
        self._settled: set[Path] = set()

    def hold(self) -> Held:
        """Look at those that are open, new ones too. Of each that is broken the proof has been written."""
        held = Held([], [], [], [])
        try:
            paths = sorted(path for path in self._directory.iterdir() if path.suffix == ".json")
        except OSError as error:
            held.failed.append(f"{self._directory}: {error.strerror}")
            return held
        for path in paths:
            if path in self._settled:
                continue
            name = printable(str(path))
            try:
                promise, kept = self._hold(path)
            except Misbehaved as error:
                held.broken.append(error)
            except (LedgerError, MirrorError) as error:
                held.failed.append(f"{name}: {error}")
            except OSError as error:
                held.failed.append(f"{name}: {error.strerror}")
            else:
                (held.kept if kept else held.waiting).append(Promised(name, promise))
                if kept:
                    self._settled.add(path)
        return held

    def _hold(self, path: Path) -> tuple[Promise, bool]:
        if not path.is_file():
            raise FormatError("is no file")  # a pipe would be waited for
        with path.open("rb") as file:
            receipt = parse_receipt(file.read(RECEIPT_LIMIT + 1))
        return receipt.check(self._policy), self._mirror.keeps(receipt.note())
