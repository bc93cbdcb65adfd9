"""Clients of a real server."""

from __future__ import annotations

import json
import os
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from plainview.platform.releases import CACHE
from tests.platform.signing import of_name
from tests.platform.towns import now, token

KERNELS = Path(os.environ[CACHE])
"""Those that this process uses, too: compiling them takes a minute."""
VIEWERS = range(1, 7)
IDLE = 10.0
"""Seconds. Of a server that closes what is idle for longer a next request would only hear that it is gone."""


class Client:
    """One connection to a server on this machine, and another where that was not used for IDLE."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._used = 0.0
        """When it was last, by the monotonic clock."""

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, content: Any) -> Any:
        return self._ask("POST", path, json.dumps(content).encode())

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        if time.monotonic() - self._used > IDLE:
            self._connection.close()
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        self._used = time.monotonic()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)


class Viewer(threading.Thread):
    """Asks for page after page and tells what it watched, until the server is gone."""

    def __init__(self, port: int, viewer: int) -> None:
        super().__init__()
        self.viewer = viewer
        self.pages: list[dict[str, Any]] = []
        self.events: list[tuple[int, str]] = []
        self.wrong: Exception | None = None
        self._client = Client(port)

    def run(self) -> None:
        try:
            while True:
                session = token()
                for n in range(6):
                    self._turn(session, n)
        except (OSError, HTTPException):
            pass  # the server was killed
        except (AssertionError, LookupError, ValueError) as error:
            self.wrong = error
        finally:
            self._client.close()

    def _turn(self, session: str, n: int) -> None:
        page = self._client.get(f"/v1/feed?viewer={self.viewer}&session={session}&n={n}&nonce={token()}&limit=5")
        self.pages.append(page["receipt"])
        events = [
            of_name(session).signed({
                "id": token(), "viewer": self.viewer, "page": page["receipt"]["index"], "position": position,
                "video": shown["video"]["id"], "action": "view", "watched": 9000, "at": now(),
            })
            for position, shown in enumerate(page["videos"])
        ]  # fmt: skip
        answer = self._client.post("/v1/events", {"events": events})
        self.events += [(result["index"], one["id"]) for result, one in zip(answer["results"], events, strict=True)]
