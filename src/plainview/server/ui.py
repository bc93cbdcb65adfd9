"""The viewers' app: the release's own files, byte for byte as its manifest has them by digest.

They lie below an address that names that digest, so that what a browser keeps of them is never of another release.
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from plainview.platform.releases import installed, installed_ui
from plainview.server.log import FOREVER, takes_gzip
from plainview.server.problems import problem

INDEX = "index.html"
_KINDS = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "cache-control": FOREVER,
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


@get("/", include_in_schema=False)
async def app_address() -> Response[bytes]:
    """Where the app lies."""
    headers = {"location": f"ui/{installed().manifest.ui}/{INDEX}", "cache-control": "no-cache"}
    return Response(b"", status_code=302, headers=headers)


@get("/ui/{digest:str}/{path:path}", include_in_schema=False)
async def app_file(request: Request[Any, Any, Any], digest: FromPath[str], path: FromPath[str]) -> Response[bytes]:
    """A file of the app: `index.html`, which names all others, and these."""
    name = path.lstrip("/")
    if digest != installed().manifest.ui or name not in installed_ui():
        return problem(404, "not_found", "the app of the release in charge has no such file: / says where it lies")
    gzipped = takes_gzip(request.headers.get("accept-encoding", ""))
    headers = _HEADERS | ({"content-encoding": "gzip"} if gzipped else {})
    content = _compressed(name) if gzipped else installed_ui()[name]
    return Response(content, media_type=_KINDS[name.rpartition(".")[2]], headers=headers)


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(installed_ui()[name], 9, mtime=0)
