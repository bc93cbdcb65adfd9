"""How a browser asks, so that an operator cannot tell the partner's viewers by their requests' headers."""

from __future__ import annotations

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
BROWSER = {
    "accept": "*/*",
    "accept-encoding": "gzip",
    "accept-language": "en",
    "user-agent": _AGENT,
}
