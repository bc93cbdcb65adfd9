"""What a WAL holds is moved into its database beside the appends, so that none of them waits for all of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_TRIES = 4
"""What is appended while it is moved stays; a WAL of which nothing stays is begun anew."""

_logger = logging.getLogger(__name__)


class Checkpointer:
    """A thread that calls `checkpoint` after every `commits` appends.

    `checkpoint` moves what it can while others write, and says whether that was all. Where it raises, nothing is lost
    and appends go on: it is called again later.
    """

    def __init__(self, checkpoint: Callable[[], bool], commits: int) -> None:
        self._checkpoint = checkpoint
        self._commits = commits
        self._since = 0
        self._work = threading.Condition()
        self._closing = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)
        self._thread.start()

    def appended(self) -> None:
        """To be called after each append."""
        with self._work:
            self._since += 1
            if self._since >= self._commits:
                self._work.notify()

    def close(self) -> None:
        """Wait for what is under way, and call no more."""
        with self._work:
            self._closing = True
            self._work.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._due():
            try:
                for _ in range(_TRIES):
                    if self._checkpoint():
                        break
                self._trouble = ""
            except Exception as error:  # noqa: BLE001 - whatever it was, the WAL has everything
                if not self._trouble:
                    _logger.warning("the journal's WAL grows for now: %s", error)
                self._trouble = str(error)

    def _due(self) -> bool:
        with self._work:
            while self._since < self._commits and not self._closing:
                self._work.wait()
            self._since = 0
            return not self._closing
