"""How many cores re-running uses where nobody says."""

from __future__ import annotations

import os

MOST = 4
"""Cores that are used unless more are asked for: each has a world of its own, and one process folds for all."""


def usual_cores() -> int:
    """Those that this process may use, MOST of them at most."""
    return min(len(os.sched_getaffinity(0)), MOST)
