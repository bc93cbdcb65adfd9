"""How a browser asks: the headers of Chromium's requests for a document, a script, a style, an image, and the API.

So the partner's viewers are not told from others by the headers that a server looks at first. They are by one that
looks further: only gzip is asked for, since nothing else is decoded here; there are no client hints; the order of the
headers, TLS, the address and the times are another's; and no tile of the log is fetched to check a page.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

Destination = Literal["document", "script", "style", "image", "api"]

_COMMON = {
    "accept-encoding": "gzip",
    "accept-language": "en-US,en;q=0.9",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 "
    "Safari/537.36",
}
_ACCEPT: dict[Destination, str] = {
    "document": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "script": "*/*",
    "style": "text/css,*/*;q=0.1",
    "image": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "api": "*/*",
}
_FETCHED: dict[Destination, dict[str, str]] = {
    "document": {
        "sec-fetch-dest": "document",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "none",
        "sec-fetch-user": "?1",
    },
    "script": {"sec-fetch-dest": "script", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"},
    "style": {"sec-fetch-dest": "style", "sec-fetch-mode": "no-cors", "sec-fetch-site": "same-origin"},
    "image": {"sec-fetch-dest": "image", "sec-fetch-mode": "no-cors", "sec-fetch-site": "same-origin"},
    "api": {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"},
}
_OF_FILES: dict[str, Destination] = {"html": "document", "js": "script", "css": "style"}


def destination(name: str) -> Destination:
    """What a browser takes a file of an app for."""
    return _OF_FILES.get(name.rpartition(".")[2], "image")


def browser_headers(url: str, what: Destination, *, posting: bool = False) -> dict[str, str]:
    """With which the app at a platform, or whoever opens it, asks for that; `posting` sends JSON there."""
    headers = {"accept": _ACCEPT[what], **_COMMON}
    if what == "document":
        headers["upgrade-insecure-requests"] = "1"
    if posting:
        parts = urlsplit(url)
        headers |= {"content-type": "application/json", "origin": f"{parts.scheme}://{parts.netloc}"}
    return headers | (_FETCHED[what] if _trustworthy(url) else {})


def _trustworthy(url: str) -> bool:
    """Whether a browser says there what it fetches something for: over TLS, and to its own machine."""
    parts = urlsplit(url)
    try:
        here = ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = parts.hostname == "localhost"
    return parts.scheme == "https" or here
