"""Fetching over HTTP with nothing but the standard library: bounded in bytes and in waiting, gzip or not."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
import zlib
from urllib.parse import urlsplit

import plainview

TIMEOUT = 30
"""Seconds without a byte after which nothing more is waited for."""

_HEADERS = {"accept-encoding": "gzip, identity", "user-agent": f"plainview/{plainview.__version__}"}
_GONE = (404, 410)
_GZIP_OVERHEAD = 1024


class FetchError(Exception):
    """Nothing usable came from an address, and why."""


def check_url(url: str) -> None:
    """Raises FetchError unless `url` is one of HTTP with a host."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not url.isascii() or any(character <= " " for character in url):
        raise FetchError(f"{url!a}: not an address that begins with http:// or https://")


def fetch(url: str, limit: int) -> bytes | None:
    """What is served there, at most `limit` bytes; None where it is said that there is nothing. Raises FetchError."""
    check_url(url)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=_HEADERS), timeout=TIMEOUT) as answer:
            data: bytes = answer.read(limit + _GZIP_OVERHEAD + 1)
            encoding = answer.headers.get("content-encoding", "identity").lower()
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _GONE:
                return None
        raise FetchError(f"{url}: answers {error.code}") from error
    except OSError as error:
        raise FetchError(f"{url}: no answer ({getattr(error, 'reason', error)})") from error
    except (http.client.HTTPException, ValueError) as error:
        # Not its text, which may be the server's own: people read it on a terminal.
        raise FetchError(f"{url}: no answer in HTTP ({type(error).__name__})") from error
    if encoding == "gzip":
        data = _unzipped(url, data, limit)
    elif encoding != "identity":
        raise FetchError(f"{url}: is encoded as {encoding!a}, which was not asked for")
    if len(data) > limit:
        raise FetchError(f"{url}: more than {limit:,} bytes")
    return data


def _unzipped(url: str, data: bytes, limit: int) -> bytes:
    inflating = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = inflating.decompress(data, limit + 1)
    except zlib.error as error:
        raise FetchError(f"{url}: is not the gzip it is said to be ({error})") from error
    if len(plain) <= limit and (not inflating.eof or inflating.unused_data):
        raise FetchError(f"{url}: its gzip is cut off, or something follows it")
    return plain
