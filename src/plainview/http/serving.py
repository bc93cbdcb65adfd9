"""Granian in this process: an application answers at one address until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar

from plainview.http.draining import Draining


class AddressTaken(Exception):
    """Nobody can listen there, and why."""


def serve_app(app: Litestar, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Answer HTTP at `host` and `port` until SIGINT or SIGTERM; `ready` is called once connections are taken.

    Raises AddressTaken. To be called from the main thread.
    """
    check_address(host, port)
    asyncio.run(_serve(app, host, port, ready))


def check_address(host: str, port: int) -> None:
    """Raises AddressTaken where `port` cannot be listened on: Granian alone would share it with whoever is there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name of a machine"
        raise AddressTaken(f"cannot listen on {host}:{port} ({reason}); give another --port or --host") from error


async def _serve(app: Litestar, host: str, port: int, ready: Callable[[], None]) -> None:
    server = Server(
        Draining(app),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        backlog=1024,
    )
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, server.stop)
    serving = loop.create_task(server.serve())
    try:
        while not serving.done() and not await _listens(host, port):
            await asyncio.sleep(0.01)
        if not serving.done():
            ready()
        await serving
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            if handler is not None:  # else it was not set from Python
                signal.signal(number, handler)


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
