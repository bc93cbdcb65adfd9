"""Granian in this process: journal, learner, ranking threads and HTTP loop live side by side."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar

from plainview.platform.application import Application
from plainview.server.app import make_app

THREADS = 4
"""Requests at work at a time: two or so rank, the others wait for the disk."""
SWITCH = 0.001
"""Seconds after which a thread that computes in Python lets another go on; the default, 5 ms, is a whole page,
and had the slowest in 100 pages take four times as long."""

COLLECTING = (2_000, 20, 100)
"""`gc` thresholds: a full search after four million objects, a few minutes of full load."""


class AddressTaken(Exception):
    """Nobody can listen there, and why."""


def serve_http(application: Application, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Answer HTTP at `host` and `port` until SIGINT or SIGTERM.

    `ready` is called once connections are taken. The application is not closed. Raises AddressTaken. To be called from
    the main thread.
    """
    check_address(host, port)
    sys.setswitchinterval(SWITCH)
    _spare_the_collector()
    with (
        ThreadPoolExecutor(THREADS, thread_name_prefix="request") as pool,
        ThreadPoolExecutor(1, thread_name_prefix="explain") as slow,
    ):
        asyncio.run(_serve(make_app(application, pool, slow), host, port, ready))


def _spare_the_collector() -> None:
    """Every thread stands still while Python looks for cycles: rarely, then, and not among what stays for good.

    A page makes next to none; left alone, a full search took a quarter of a second, every half second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)


def check_address(host: str, port: int) -> None:
    """Raises AddressTaken where `port` cannot be listened on: Granian alone would share it with whoever is there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise AddressTaken(
            f"cannot listen on {host}:{port} ({error.strerror}); give another --port or --host"
        ) from error


async def _serve(app: Litestar, host: str, port: int, ready: Callable[[], None]) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        backlog=1024,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serving = loop.create_task(server.serve())
    try:
        while not serving.done() and not await _listens(host, port):
            await asyncio.sleep(0.01)
        if not serving.done():
            ready()
        await serving
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
