"""Bodies that were refused unread are read to their end: some clients hear no answer before they have sent all."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Send

LIMIT = 64 * 2**20
"""Bytes read on for at most."""
PATIENCE = 10.0
"""Seconds."""


class Draining:
    """An HTTP application that reads what is left of a request once it has answered; then the connection may close."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        more = True

        async def noting() -> HTTPReceiveMessage:
            nonlocal more
            message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]  # of HTTP there are no others
            more = message["type"] == "http.request" and message["more_body"]
            return message

        await self._app(scope, noting, send)
        left = LIMIT
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while more and left > 0:
                    message = await noting()
                    left -= len(message["body"]) if message["type"] == "http.request" else 0
