"""What the partner's program answers over HTTP: its witness, and its own log for whoever follows it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Litestar, Response, Router, get
from litestar.datastructures import State
from litestar.params import PathParameter

from plainview.ledger.submissions import SUBMISSION_LIMIT
from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.witness.app import HANDLERS, ROUTES
from plainview.oversight.witness.witness import PLAIN, Witness


def make_app(witness: Witness, log: OwnLog) -> Litestar:
    """The HTTP application: the witness below `/witness`, the log below `/log`."""
    return Litestar(
        route_handlers=[Router("/witness", route_handlers=ROUTES), own_log],
        state=State({"witness": witness, "log": log}),
        request_max_body_size=SUBMISSION_LIMIT,
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )


@get("/log/{path:path}")
async def own_log(state: State, path: Annotated[str, PathParameter()]) -> Response[bytes]:
    """C2SP tlog-tiles."""
    name = path.lstrip("/")
    data = await asyncio.to_thread(state.log.resource, name)
    if data is None:
        return Response(b"the log has nothing there yet\n", status_code=404, headers={"content-type": PLAIN})
    if name == CHECKPOINT:
        return Response(data, headers={"content-type": PLAIN, "cache-control": "no-cache"})
    return Response(
        data,
        headers={"content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable"},
    )
