"""A client of the HTTP API with nothing but the standard library: for the commands and the simulated town."""

from __future__ import annotations

import http.client
import json
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit

from plainview.ledger.spelling import printable

TIMEOUT = 30
"""Seconds to wait for an answer."""


class ClientError(Exception):
    """The server did not do it: why, in its own words. `status` is 0 where no answer came."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class Client:
    """One connection, kept open, for one thread."""

    def __init__(self, url: str) -> None:
        """`url` is `http://host:port`. Raises ValueError for anything else."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", 80 if parts.port is None else parts.port
            host.encode("idna")  # as it will be looked up
            self.url = f"http://{parts.netloc}"
            self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
            sound = host and port and "@" not in parts.netloc and parts.geturl().rstrip("/") == self.url
        except (ValueError, http.client.InvalidURL):
            sound = False
        if not sound:
            raise ValueError(f"{url!r} is not the address of a server: http://HOST:PORT")

    def get(self, path: str, **parameters: object) -> Any:
        """The JSON object that `path` answers. Parameters that are None are left out. Raises ClientError."""
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return self._call("GET", f"{path}?{query}" if query else path, None)

    def post(self, path: str, content: object) -> Any:
        """The JSON object that `path` answers to `content`, sent as JSON. Raises ClientError."""
        return self._call("POST", path, json.dumps(content, separators=(",", ":")).encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        status, data = self._answer(method, path, body)
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):  # no JSON, or nested without end
            answer = None
        if not isinstance(answer, dict):
            raise ClientError(status, "malformed", f"{self.url}{path} does not answer in JSON: is it Plainview?")
        if status >= 400 and "message" in answer:
            raise ClientError(status, str(answer.get("error", "")), printable(str(answer["message"])))
        return answer

    def _answer(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"content-type": "application/json"} if body is not None else {}
        # Everything that is asked for can be asked for twice: a kept connection that the server closed is opened again.
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, OSError) as error:
                self._connection.close()
                if attempt == 2 or isinstance(error, (ConnectionRefusedError, TimeoutError)):
                    why = printable(str(error)) or type(error).__name__
                    raise ClientError(0, "unreachable", f"no answer from {self.url} ({why})") from error
        raise AssertionError("unreachable")
