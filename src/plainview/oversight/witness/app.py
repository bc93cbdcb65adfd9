"""The witness over HTTP: each route translates a request into one call, and its result into an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.params import FromPath, RawBody

from plainview.ledger.submissions import SUBMISSION_LIMIT
from plainview.oversight.witness.witness import PLAIN, Refused, Witness

_BROKEN_OFF = "client disconnected prematurely"
"""Litestar's words."""


def make_app(witness: Witness) -> Litestar:
    """The HTTP application; submission prefix and monitoring prefix are both its root."""
    return Litestar(
        route_handlers=ROUTES,
        state=State({"witness": witness}),
        request_max_body_size=SUBMISSION_LIMIT,
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )


@post("/add-checkpoint", status_code=200)
async def add_checkpoint(state: State, body: RawBody) -> Response[bytes]:
    """C2SP tlog-witness, add-checkpoint."""
    return _text(await asyncio.to_thread(state.witness.add_checkpoint, body))


@get("/{wanted:str}/checkpoint")
async def checkpoint(state: State, wanted: FromPath[str]) -> Response[bytes]:
    """C2SP tlog-witness, monitor retrieval."""
    answer = _text(await asyncio.to_thread(state.witness.checkpoint, wanted))
    answer.headers["cache-control"] = "no-cache"
    return answer


def _refused(_: Request[Any, Any, State], error: Refused) -> Response[bytes]:
    text = str(error) if error.media_type != PLAIN else f"{error}\n"
    return _text(text.encode(), error.status, error.media_type)


def _not_understood(_: Request[Any, Any, State], error: HTTPException) -> Response[bytes]:
    # A body that breaks off is the client's fault, although Litestar takes it for ours.
    status = 400 if error.detail == _BROKEN_OFF else error.status_code
    return _text(f"{error.detail}; see c2sp.org/tlog-witness\n".encode(), status)


def _text(content: bytes, status: int = 200, media_type: str = PLAIN) -> Response[bytes]:
    # As a header: Litestar would add a charset to every media type of text, also where clients compare the whole.
    return Response(content, status_code=status, headers={"content-type": media_type})


ROUTES = [add_checkpoint, checkpoint]
"""For an application whose state has a `witness`."""
HANDLERS: dict[Any, Any] = {Refused: _refused, HTTPException: _not_understood}
"""By exception, for Litestar."""
