"""What the partner's program answers over HTTP: its witness, its own log for whoever follows it, its
reports, and viewers."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import msgspec
from litestar import Litestar, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import PathParameter, RawBody

from plainview.ledger.errors import LedgerError
from plainview.ledger.submissions import SUBMISSION_LIMIT
from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.partner.log import OwnLog
from plainview.oversight.partner.page_requests import BODY_LIMIT, Answer, Busy, PageRequests
from plainview.oversight.partner.reports import Reports
from plainview.oversight.witness.app import HANDLERS, ROUTES
from plainview.oversight.witness.witness import PLAIN, Witness

CHECKING = 2
"""Threads in which viewers' receipts are checked. They are nobody else's: whoever sends many holds up no log."""
WAITING = 30
"""Receipts, being checked or not, that are held at a time."""


class Checks:
    """Viewers' receipts as they come, a few at a time."""

    def __init__(self, page_requests: PageRequests) -> None:
        self._page_requests = page_requests
        self._pool = ThreadPoolExecutor(CHECKING, thread_name_prefix="check")
        self._held = 0

    async def answer(self, data: bytes) -> Answer:
        """What `PageRequests.answer` does, and Busy, too, where too many are held."""
        if self._held >= WAITING:
            raise Busy(f"{WAITING} receipts are being checked")
        self._held += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._page_requests.answer, data)
        finally:
            self._held -= 1

    def close(self) -> None:
        """Take no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def make_app(witness: Witness, log: OwnLog, page_requests: PageRequests, reports: Reports) -> Litestar:
    """The HTTP application: the witness below `/witness`, the log below `/log`, reports below `/reports`, and
    `/v1/pages/check` for viewers."""
    checks = Checks(page_requests)
    return Litestar(
        route_handlers=[Router("/witness", route_handlers=ROUTES), own_log, report, check_page],
        state=State({"witness": witness, "log": log, "reports": reports, "checks": checks}),
        on_shutdown=[checks.close],
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


@get("/reports/{name:str}")
async def report(state: State, name: Annotated[str, PathParameter()]) -> Response[bytes]:
    """A transparency report, by the name of its file."""
    data = await asyncio.to_thread(state.reports.read, name)
    if data is None:
        return Response(b"there is no such report\n", status_code=404, headers={"content-type": PLAIN})
    return Response(data, headers={"content-type": PLAIN, "cache-control": "no-cache"})


@post("/v1/pages/check", status_code=200, request_max_body_size=BODY_LIMIT)
async def check_page(state: State, body: RawBody) -> Response[bytes]:
    """A viewer's receipt, as `/v1/feed` of the platform answered it: what is known of that page."""
    try:
        answer = await state.checks.answer(body)
    except Busy as error:
        return _json({"message": f"{error}: send it again later"}, 429, {"retry-after": "5"})
    except LedgerError as error:
        return _json({"message": f"this is no receipt that the log has signed: {error}"}, 422)
    except OSError as error:
        return _json({"message": f"it cannot be looked into for now: {error.strerror}"}, 503)
    waiting = answer.verdict == "waiting"
    return _json(answer, 202 if waiting else 200, {"retry-after": "60"} if waiting else {})


def _json(content: object, status: int, headers: dict[str, str] | None = None) -> Response[bytes]:
    kind = {"content-type": "application/json", "cache-control": "no-store"}
    return Response(msgspec.json.encode(content), status_code=status, headers=kind | (headers or {}))
