"""Fetching files over HTTP, gzip or not."""

from __future__ import annotations

import zlib

from plainview.http.asking import Answer, AskError, ask

TIMEOUT = 60
"""Seconds for one file."""

_GONE = (404, 410)
_GZIP_OVERHEAD = 1024


class FetchError(Exception):
    """Nothing usable came from an address, and why."""


def fetch(url: str, limit: int) -> bytes | None:
    """What is served there, at most `limit` bytes; None where it is said that there is nothing. Raises FetchError."""
    try:
        answer = ask(url, limit + _GZIP_OVERHEAD, TIMEOUT, headers={"accept-encoding": "gzip, identity"})
    except AskError as error:
        raise FetchError(str(error)) from error
    if answer.status in _GONE:
        return None
    if 300 <= answer.status < 400:
        raise FetchError(f"{url}: answers {answer.status}; give the address that it leads to")
    if answer.status != 200:
        raise FetchError(f"{url}: answers {answer.status}")
    return content(url, answer, limit)


def content(url: str, answer: Answer, limit: int) -> bytes:
    """What an answer holds, at most `limit` bytes, without the gzip it may be in. Raises FetchError."""
    data = answer.data
    if answer.encoding == "gzip":
        data = _unzipped(url, data, limit)
    elif answer.encoding != "identity":
        raise FetchError(f"{url}: is encoded as {answer.encoding!a}, which was not asked for")
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
