"""`plainview` whose log can be switched off while it runs: `python -m bench.unlogged serve ...`.

For `bench.log_cost` alone: no option of the product turns its log off. While the file that the environment's SWITCH
names is there, the log promises and publishes nothing.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from unittest.mock import patch

from plainview.cli import main
from plainview.journal import Entry
from plainview.platform.log.log import Log
from plainview.platform.log.publisher import Publisher

SWITCH = "BENCH_UNLOGGED"
NOTICED = 0.05
"""Seconds until the switch is noticed."""


class _Switched:
    """Both sides are asked by the same process with the same memory: two processes of one code differ by a point."""

    def __init__(self, switch: Path) -> None:
        self.off = switch.exists()
        self._switch = switch
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.off = self._switch.exists()
            time.sleep(NOTICED)


if __name__ == "__main__":
    state = _Switched(Path(os.environ[SWITCH]))
    promise, publish = Log.promise, Publisher.publish

    def _promise(log: Log, entry: Entry) -> bytes:
        return b"" if state.off else promise(log, entry)

    def _publish(publisher: Publisher) -> bool:
        return False if state.off else publish(publisher)

    with patch.object(Log, "promise", _promise), patch.object(Publisher, "publish", _publish):
        main()
