"""Parties' keys that end soon: said once a day while the platform runs, and at hand for who asks."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from plainview.ledger.charters import Charter
from plainview.ledger.key_ends import key_ends

EVERY = 86_400.0
"""Seconds from one look to the next. The first is a day after the start, which says it itself."""
_DAY = 86_400_000

_logger = logging.getLogger(__name__)


class KeyNotices:
    """May be used from many threads. `start` once, then `close`."""

    def __init__(self, charter: Callable[[], Charter], clock: Callable[[], int], every: float = EVERY) -> None:
        """Of the keys in `charter()`, by the Unix milliseconds of `clock`."""
        self._charter = charter
        self._clock = clock
        self._every = every
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lines(self) -> list[str]:
        """Sentences on each key that has ended or will soon."""
        return key_ends(self._charter(), self._clock())

    @property
    def days_left(self) -> float:
        """To the first end of a key, below 0 where it has ended; infinite where none has an end."""
        ends = [party.until for party in self._charter().parties if party.until is not None]
        return (min(ends) - self._clock()) / _DAY if ends else math.inf

    def start(self) -> None:
        """Say so in the log, once in `every` seconds from here on."""
        self._thread = threading.Thread(target=self._run, name="key notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say no more."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._every):
            for line in self.lines:
                _logger.warning("%s", line)
