"""The golden vectors with pages ranked on several threads: run by tests in other processes.

`python -m tests.exactness.digests THREADS` prints them.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from plainview.feed.configuration import DEFAULT
from plainview.feed.probe import probe
from plainview.learning.golden import golden


def lived(threads: int) -> str:
    """The golden vectors of the release."""
    with ThreadPoolExecutor(threads, initializer=probe) as pool:
        return golden(DEFAULT, each=pool.map)


if __name__ == "__main__":
    probe()
    print(lived(int(sys.argv[1])), end="")
