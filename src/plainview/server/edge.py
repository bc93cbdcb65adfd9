"""What becomes of each feed request is counted where its answer goes out, whatever the journal has of it."""

from __future__ import annotations

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from plainview.platform.application import Application
from plainview.platform.serving import Served
from plainview.platform.tallies import Answering

_ANSWER = "plainview.answer"


class Edge:
    """Stands in front of the feed's route: an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count the answer by its status and by what `answers_with` was told."""
        application: Application = scope["litestar_app"].state.application
        with application.tallies.answering() as answer:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    answer.status = message["status"]
                await send(message)

            scope["state"][_ANSWER] = answer
            await self._app(scope, receive, watched)


def answers_with(scope: Any, served: Served) -> None:
    """The request of `scope` is to be answered with that page."""
    answer: Answering = scope["state"][_ANSWER]
    answer.index = served.entry.index if served.fresh else None
