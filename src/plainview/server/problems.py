"""Errors as answers: every one is JSON that says what is wrong, where, and what to do."""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException

from plainview.journal import JournalBusy, JournalDamaged, JournalStopped
from plainview.platform.acts import LIMIT
from plainview.platform.faults import Fault
from plainview.platform.lineage import LineageBroken
from plainview.platform.malformed import DIGEST, REGION, TOKEN
from plainview.records import PAGE_LIMIT
from plainview.storage import StoreError, StoreFull

STATUS = {
    "malformed": 400,
    "too_large": 413,
    "unknown_viewer": 404,
    "unknown_video": 404,
    "unknown_page": 404,
    "unknown_index": 404,
    "unknown_release": 404,
    "wrong_position": 422,
    "wrong_watched": 422,
    "foreign_event": 403,
    "foreign_registration": 403,
    "foreign_setting": 403,
    "future": 422,
    "ancient": 422,
    "foreign_session": 403,
    "out_of_turn": 409,
    "not_acknowledged": 422,
    "foreign_video": 403,
    "foreign_act": 403,
    "closed": 410,
    "foreign_request": 403,
    "stale": 422,
    "repeated": 409,
    "id_reused": 409,
    "too_many": 422,
    "refused": 409,
    "unavailable": 503,
}
"""The HTTP status of each code of `platform.faults`."""
BODY = 2**20
"""Bytes of a request's body at most."""

_logger = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every error answers."""

    error: str
    """One word, stable across versions."""
    message: str
    """What is wrong, where, and what to do."""
    field: str = ""
    """What is at fault; left out where nothing is."""


def problem(status: int, error: str, message: str, field: str = "") -> Response[bytes]:
    """The answer to a request that cannot be done."""
    body = msgspec.json.encode(Problem(error=error, message=message, field=field))
    headers = {"retry-after": "1"} if status == 503 else None
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def _fault(_: Request[Any, Any, Any], error: Fault) -> Response[bytes]:
    return problem(STATUS[error.code], error.code, error.message, error.field)


def _validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """A parameter that is missing, of the wrong type or out of range."""
    missing = _MISSING.match(error.detail)
    if missing:
        return problem(400, "malformed", f"{missing[1]}: it is missing; {_TOLD.get(missing[1], 'send it')}", missing[1])
    for one in error.extra if isinstance(error.extra, list) else []:
        field = _SENT.get(key := str(one.get("key", "")), key)
        return problem(400, "malformed", f"{field}: {_TOLD.get(field, one.get('message', error.detail))}", field)
    return problem(400, "malformed", error.detail)


_MISSING = re.compile(r"Missing required query parameter '(\w+)'")
_TOLD = {
    "viewer": "send the viewer's id, a whole number from 0 to 2**53 - 1",
    "session": f"send {TOKEN}",
    "nonce": f"send {TOKEN}",
    "n": "send the page's number in its session, a whole number from 0",
    "limit": f"send how many you want, a whole number from 1 to {PAGE_LIMIT} videos, or to {LIMIT} acts",
    "from": "send the index of the first act you want, a whole number from 0 to 2**53 - 1, or leave it out",
    "mode": "send personal or plain, or leave it out",
    "surface": "send a whole number from 0 to 255, or leave it out",
    "region": f"send {REGION}, or leave it out",
    "acknowledged": "send one past the last index you saw acknowledged, or leave it out",
    "digest": f"send {DIGEST}",
    "size": "send how many records the tree has, a whole number from 1",
    "index": "send the index in a page's receipt, a whole number from 0 to 2**53 - 1",
    "video_id": "send the video's id, a whole number from 0 to 2**53 - 1",
}
"""What to send, by parameter."""
_SENT = {"start": "from"}
"""By the argument: the parameter, where that is no name in Python."""

_BROKEN_OFF = "client disconnected prematurely"
"""Litestar's words."""


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    path = request.scope["path"]  # `request.url` takes the Host header for granted, and raises where it is none
    match error.status_code:
        case 404:
            return problem(404, "not_found", f"there is nothing at {path}: see /schema")
        case 405:
            return problem(405, "not_allowed", f"{request.method} is not for {path}: see /schema")
        case 413:
            return problem(413, "too_large", f"a request's body has at most {BODY} bytes: send smaller batches")
        case status if status < 500:
            return problem(status, "malformed", error.detail)
        case _ if error.detail == _BROKEN_OFF:
            # Granian tells the same of a client that has gone, which reads no answer, and of one that spelt a chunk
            # wrong.
            return problem(400, "malformed", "the body breaks off, or its chunks are spelt wrong: send it whole")
        case _:
            return _unexpected(request, error)


def _unicode(_: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[bytes]:
    return problem(400, "malformed", f"the request is not UTF-8 at byte {error.start}: send JSON in UTF-8")


def _busy(_: Request[Any, Any, Any], error: JournalBusy) -> Response[bytes]:
    return problem(503, "unavailable", f"{error}; send it again")


def _full(_: Request[Any, Any, Any], __: StoreFull) -> Response[bytes]:
    return problem(503, "unavailable", "the server's disk is full and nothing was written: send it again later")


def _stopped(_: Request[Any, Any, Any], __: JournalStopped) -> Response[bytes]:
    return problem(503, "unavailable", "the journal has stopped: send it again once the server was started again")


def _failed(_: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    _logger.error("%s", error)
    return problem(503, "unavailable", "the server cannot read its journal, and its log says why: send it again later")


def _damaged(request: Request[Any, Any, Any], error: JournalDamaged | LineageBroken) -> Response[bytes]:
    return _fault(request, request.app.state.application.met(error))


def _unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _logger.error("an error that nobody thought of", exc_info=error)
    return problem(500, "internal", "the server failed at this request; its log says why")


HANDLERS: dict[Any, Any] = {
    Fault: _fault,
    ValidationException: _validation,
    HTTPException: _http,
    UnicodeDecodeError: _unicode,
    JournalBusy: _busy,
    JournalStopped: _stopped,
    StoreFull: _full,
    StoreError: _failed,
    JournalDamaged: _damaged,
    LineageBroken: _damaged,
    Exception: _unexpected,
}
"""By exception, for Litestar."""
