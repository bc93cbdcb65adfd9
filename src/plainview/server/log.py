"""The log as anybody follows it (C2SP tlog-tiles): its checkpoint, tiles and entry bundles, by path."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from plainview.server.problems import Problem, problem

FOREVER = "public, max-age=31536000, immutable"
_NOW = "public, max-age=1"
"""A checkpoint is a second old at most where something happens."""


@get(
    "/log/{path:path}",
    summary="Follow the log",
    responses={
        200: ResponseSpec(data_container=bytes, description="The file", generate_examples=False),
        400: ResponseSpec(data_container=Problem, description="It takes no parameters", generate_examples=False),
        404: ResponseSpec(data_container=Problem, description="No such file, or not yet", generate_examples=False),
        503: ResponseSpec(data_container=Problem, description="The journal cannot be read", generate_examples=False),
    },
)
async def log(
    state: State,
    request: Request[Any, Any, Any],
    path: Annotated[str, PathParameter(description="Of the file, below `/log/`.")],
) -> Response[bytes]:
    """The transparency log over all records (C2SP tlog-tiles).

    `checkpoint`, `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`: what a witness, mirror or monitor reads.
    """
    gzipped = takes_gzip(request.headers.get("accept-encoding", ""))
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(state.pool, state.application.log.resource, path.lstrip("/"), gzipped)
    if found is None:
        return problem(404, "not_found", f"the log has nothing at {path} yet: read its checkpoint first")
    headers = {"cache-control": FOREVER if found.immutable else _NOW, "vary": "accept-encoding"}
    if found.gzipped:
        headers["content-encoding"] = "gzip"
    return Response(found.data, media_type=found.media_type, headers=headers)


def takes_gzip(accepted: str) -> bool:
    """Whether a client that sent this `Accept-Encoding` reads gzip."""
    for part in accepted.replace(" ", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name == "gzip":
            return weight.rstrip("0.") != "q="
    return False
