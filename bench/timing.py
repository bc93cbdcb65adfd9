"""One call, timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def timed(work: Callable[[], R], seconds: list[float]) -> R:
    """What `work` gives; its seconds are added to `seconds`."""
    start = time.perf_counter()
    result = work()
    seconds.append(time.perf_counter() - start)
    return result
