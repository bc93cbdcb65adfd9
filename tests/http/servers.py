"""Servers on this machine for as long as a test lasts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import HTTPServer


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """The address at which it answers meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of one who does with the first connection whatever `speak` does, until that is cut."""

    def accept() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            speak(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()
