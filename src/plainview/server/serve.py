"""One process: journal, learner, ranking threads and HTTP loop live side by side."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from plainview.http.serving import serve_app
from plainview.platform.application import Application
from plainview.server.app import make_app

THREADS = 4
"""Requests at work at a time: two or so rank, the others wait for the disk."""
SWITCH = 0.001
"""Seconds after which a thread that computes in Python lets another go on; the default, 5 ms, is a whole page,
and had the slowest in 100 pages take four times as long."""

COLLECTING = (2_000, 20, 100)
"""`gc` thresholds: a full search after four million objects, a few minutes of full load."""


def serve_http(application: Application, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Answer HTTP at `host` and `port` until SIGINT or SIGTERM.

    `ready` is called once connections are taken. The application is not closed. Raises AddressTaken. To be called from
    the main thread.
    """
    sys.setswitchinterval(SWITCH)
    _spare_the_collector()
    with (
        ThreadPoolExecutor(THREADS, thread_name_prefix="request") as pool,
        ThreadPoolExecutor(1, thread_name_prefix="explain") as slow,
    ):
        serve_app(make_app(application, pool, slow), host, port, ready)


def _spare_the_collector() -> None:
    """Every thread stands still while Python looks for cycles: rarely, then, and not among what stays for good.

    A page makes next to none; left alone, a full search took a quarter of a second, every half second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)
