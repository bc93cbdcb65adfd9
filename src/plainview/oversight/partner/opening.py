"""Asking the operator for private records: each request signed anew, each answer bounded."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from plainview.http.asking import AskError, ask
from plainview.http.fetching import FetchError, content
from plainview.journal.frames import Frame, parse_frames
from plainview.ledger.access_requests import NONCE, AccessRequest
from plainview.ledger.errors import FormatError
from plainview.ledger.signers import Signer
from plainview.ledger.spelling import shown
from plainview.oversight.partner.requests import Requests

PATH = "/v1/audit/records"
LIMIT = 16 * 2**20
"""Bytes of an answer that are read; four times what an honest one has."""
BUSY = (429, 500, 502, 503, 504)
"""Statuses of who may answer otherwise later."""
TIMEOUT = 60.0
"""Seconds for an answer."""


class Unanswered(Exception):
    """Nothing came, or not in time, or it broke off: the operator may be down or slow. Asked again later."""


class Withheld(Exception):
    """The operator answered, and not with records: it says no, or what came is nothing that can be read."""


class Records:
    """The private records of one platform.

    `requests` remembers what was asked, `clock` gives Unix milliseconds, `monotonic` seconds that never go back and
    `entropy(n)` n random bytes.
    """

    def __init__(
        self,
        url: str,
        origin: str,
        signer: Signer,
        requests: Requests,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._url = url.rstrip("/") + PATH
        self._origin = origin
        self._signer = signer
        self._requests = requests
        self._clock = clock
        self._monotonic = monotonic
        self._entropy = entropy

    def open(self, first: int, until: int) -> list[Frame]:
        """The records from `first` on, at least one and none at `until`, as they came: nothing of them is checked.

        Raises Unanswered and Withheld.
        """
        request = AccessRequest(self._origin, "audit", first, until, self._clock(), self._entropy(NONCE))
        body = msgspec.json.encode({"note": self._signer.note(request.text()).decode()})
        self._requests.add(request.digest())
        headers = {"content-type": "application/json", "accept-encoding": "gzip, identity"}
        try:
            answer = ask(self._url, LIMIT, TIMEOUT, body, headers)
        except AskError as error:
            raise Unanswered(str(error)) from error
        if answer.status in BUSY:
            raise Unanswered(f"{self._url}: answers {answer.status} ({_told(answer.data)})")
        if answer.status != 200:
            raise Withheld(f"answers {answer.status} ({_told(answer.data)})")
        try:
            start, frames = parse_frames(content(self._url, answer, LIMIT))
        except (FetchError, FormatError) as error:
            raise Withheld(f"what it answers cannot be read: {error}") from error
        if start != first or not 1 <= len(frames) <= until - first:
            raise Withheld(f"answers records {start} until {start + len(frames)}, asked for {first} until {until}")
        self._requests.answered(request.digest(), self._monotonic())
        return frames


def _told(data: bytes) -> str:
    """What a server says of an error, as a line may have it."""
    try:
        said = msgspec.json.decode(data)["message"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        said = None
    return shown(said if isinstance(said, str) else data[:100].decode("utf-8", "replace"))
