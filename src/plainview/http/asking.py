"""One request over HTTP with nothing but the standard library: bounded in bytes and in waiting, however slow the other.

Redirects are not followed: whoever answers would choose whom this machine talks to.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import plainview

_PIECE = 1 << 16
_HEADERS = {"user-agent": f"plainview/{plainview.__version__}"}


class AskError(Exception):
    """No answer came from an address, and why."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    encoding: str
    """The content encoding, `identity` where none is named."""
    data: bytes
    """As it was sent."""
    location: str
    """Where it says to go instead; empty where it does not."""


def check_url(url: str) -> None:
    """Raises AskError unless `url` is one of HTTP with a host."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not url.isascii() or any(character <= " " for character in url):
        raise AskError(f"{url!a}: not an address that begins with http:// or https://")


def ask(
    url: str, limit: int, seconds: float, content: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """What GET answers, or POST where there is `content`, of which at most `limit` + 1 bytes are read.

    `seconds` is for connecting, and for all the rest; looking the host's name up is not in it. Raises AskError.
    """
    check_url(url)
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    late = threading.Event()
    try:
        connection.connect()
        # A socket's own timeout begins anew with every byte.
        watch = threading.Timer(seconds, _hang_up, (connection.sock, late))
        watch.daemon = True
        watch.start()
        try:
            path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request("GET" if content is None else "POST", path, content, {**_HEADERS, **(headers or {})})
            # An answer after which the server hangs up has the connection to itself: `close` below would not close it.
            with connection.getresponse() as answer:
                wanted = limit + 1 if answer.length is None else min(limit + 1, answer.length)
                data = _read(answer, wanted)
        finally:
            watch.cancel()
        if late.is_set():
            raise TimeoutError  # what was read by then may look whole
        if answer.length is not None and len(data) < wanted:
            raise http.client.IncompleteRead(data, wanted - len(data))
        encoding, location = answer.headers.get("content-encoding", "identity"), answer.headers.get("location", "")
        return Answer(answer.status, encoding.lower(), data, location)
    except (OSError, http.client.HTTPException, ValueError, RuntimeError) as error:
        # Not the text of an HTTPException, which may be the server's own: people read it on a terminal.
        if late.is_set() or isinstance(error, TimeoutError):
            reason = f"not within {seconds:g} s"
        elif isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
        elif isinstance(error, RuntimeError):
            reason = str(error)  # no thread to be had for now
        else:
            reason = f"not in HTTP: {type(error).__name__}"
        raise AskError(f"{url}: no answer ({reason})") from error
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, size: int) -> bytes:
    """`size` bytes at most. Not with `read`, to which a chunk of -1 bytes is all that ever comes."""
    data = bytearray()
    while len(data) < size and (part := answer.read1(min(size - len(data), _PIECE))):
        data += part
    return bytes(data[:size])


def _hang_up(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
