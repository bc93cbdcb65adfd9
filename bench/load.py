"""A lean client of the feed's HTTP API, run as a process of its own so that its CPU can be counted apart.

`python -m bench.load PLAN` reads a plan (JSON) and prints its result (JSON). It imports nothing of Plainview.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import resource
import sys
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Connection:
    """One HTTP/1.1 connection, kept alive: one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body. Where the server has closed an idle connection meanwhile, it is asked on another."""
        used = self._writer is not None
        try:
            return await self._ask(method, path, body)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            begun = isinstance(error, asyncio.IncompleteReadError) and error.partial
            if not used or begun:
                raise
            self.close()
            self._reader = self._writer = None
            return await self._ask(method, path, body)

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        at = answer.lower().index(b"content-length:") + 15
        length = int(answer[at : answer.index(b"\r", at)])
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class Session:
    """One viewer's session: its pages come in turn."""

    def __init__(self, viewer: int, draw: random.Random) -> None:
        self.viewer = viewer
        self._draw = draw
        # Not from the seed: a second run is not to ask for the first one's pages.
        self._private = Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes_raw()
        self._key = token(public)
        self.session = token(hashlib.sha256(b"plainview/session/v1\x00" + public).digest()[:16])
        self.n = 0
        self.acknowledged = 0

    def path(self, limit: int = 10) -> str:
        """Of the next page."""
        return (
            f"/v1/feed?viewer={self.viewer}&session={self.session}&n={self.n}&nonce={token(self._draw.randbytes(16))}&limit={limit}"
            f"&acknowledged={self.acknowledged}"
        )

    def events(self, page: dict[str, Any], count: int) -> bytes:
        """What the viewer did with the first `count` videos of a page: watched all, liked the first."""
        events = []
        for position, shown in enumerate(page["videos"][:count]):
            watched = shown["video"]["duration"] if position % 2 == 0 else 1500
            events.append(self._signed(page, position, "view", watched))
            if position == 0:
                events.append(self._signed(page, position, "like", 0))
        return json.dumps({"events": events}).encode()

    def _signed(self, page: dict[str, Any], position: int, action: str, watched: int) -> dict[str, Any]:
        said = {
            "viewer": self.viewer,
            "id": token(os.urandom(16)),
            "page": page["receipt"]["index"],
            "position": position,
            "video": page["videos"][position]["video"]["id"],
            "action": action,
            "watched": watched,
            "at": int(time.time() * 1000),
        }
        text = b"plainview/event/v1\x00" + json.dumps(said, separators=(",", ":")).encode()
        return said | {"key": self._key, "signature": token(self._private.sign(text))}


def token(data: bytes) -> str:
    """Bytes as the API takes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def open_loop(plan: dict[str, Any]) -> dict[str, Any]:
    """Pages at random moments (Poisson) at a fixed rate, whether or not earlier ones are back.

    A latency counts from the moment the request was due. Where `events` is set, each page is followed by that many
    views of its videos, on another connection.
    """
    draw = random.Random(plan["seed"])
    free = [Session(viewer, draw) for viewer in range(plan["viewers"])]
    draw.shuffle(free)
    pool: list[Connection] = []
    latencies: list[float] = []
    event_latencies: list[float] = []
    errors: list[str] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one(session: Session, due: float) -> None:
        connection = pool.pop() if pool else Connection(plan["host"], plan["port"])
        status, body = await connection.ask("GET", session.path())
        latencies.append(time.perf_counter() - due)
        if status != 200:
            errors.append(f"{status} {body[:300]!r}")
        else:
            session.n += 1
            if plan["events"]:
                batch = session.events(json.loads(body), plan["events"])
                began = time.perf_counter()
                status, body = await connection.ask("POST", "/v1/events", batch)
                event_latencies.append(time.perf_counter() - began)
                if status != 200:
                    errors.append(f"{status} {body[:300]!r}")
        pool.append(connection)
        free.insert(0, session)

    due = time.perf_counter() + 0.1
    end = due + plan["seconds"]
    began = due
    while due < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        session = free.pop() if free else Session(draw.randrange(plan["viewers"]), draw)
        task = asyncio.create_task(one(session, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        due += draw.expovariate(plan["rate"])
    while tasks:
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - began
    return {"latencies": latencies, "event_latencies": event_latencies, "errors": errors, "seconds": seconds}


async def closed_loop(plan: dict[str, Any]) -> dict[str, Any]:
    """As many pages as come in `seconds`, `connections` at a time; where `pages` is set, so many, however long."""
    draw = random.Random(plan["seed"])
    latencies: list[float] = []
    errors: list[str] = []
    began = time.perf_counter()
    end = began + plan["seconds"]
    wanted = plan.get("pages", 0)

    async def one(viewers: list[int]) -> None:
        connection = Connection(plan["host"], plan["port"])
        sessions = [Session(viewer, draw) for viewer in viewers]
        turn = 0
        while time.perf_counter() < end if not wanted else len(latencies) < wanted:
            session = sessions[turn % len(sessions)]
            turn += 1
            sent = time.perf_counter()
            status, body = await connection.ask("GET", session.path())
            latencies.append(time.perf_counter() - sent)
            if status == 200:
                session.n += 1
            else:
                errors.append(f"{status} {body[:300]!r}")
        connection.close()

    count = plan["connections"]
    await asyncio.gather(*(one(list(range(place, plan["viewers"], count))) for place in range(count)))
    return {"latencies": latencies, "errors": errors, "seconds": time.perf_counter() - began}


async def effects(plan: dict[str, Any]) -> dict[str, Any]:
    """For each of `trials` viewers three pages: nothing happens between the first two, a like and a view after.

    Gives, for each, the seconds from the event's acknowledgement to the third page, and whether the order of the
    candidates that all three scored and none showed changed with the second and with the third.
    """
    draw = random.Random(plan["seed"])
    connection = Connection(plan["host"], plan["port"])
    seconds: list[float] = []
    control = changed = 0
    for trial in range(plan["trials"]):
        session = Session(trial % plan["viewers"], draw)
        pages: list[dict[str, Any]] = []
        for step in range(3):
            if step == 2:
                status, body = await connection.ask("POST", "/v1/events", session.events(pages[-1], 1))
                assert status == 200, body
                session.acknowledged = json.loads(body)["results"][-1]["index"] + 1
            began = time.perf_counter()
            status, body = await connection.ask("GET", session.path())
            assert status == 200, body
            if step == 2:
                seconds.append(time.perf_counter() - began)
            pages.append(json.loads(body))
            session.n += 1
        orders = [await _order(connection, page["receipt"]["index"]) for page in pages]
        shown = {one["video"]["id"] for page in pages for one in page["videos"]}
        common = set(orders[0]) & set(orders[1]) & set(orders[2]) - shown
        first, second, third = ([video for video in order if video in common] for order in orders)
        control += first != second
        changed += second != third
    return {"seconds": seconds, "control": control, "changed": changed}


async def _order(connection: Connection, index: int) -> list[int]:
    """The candidates scored for a page, by value."""
    status, body = await connection.ask("GET", f"/v1/pages/{index}")
    assert status == 200, body
    answer = json.loads(body)
    assert answer["identical"], answer["reason"]
    return [one["video"] for one in sorted(answer["trace"]["scored"], key=lambda one: (-one["value"], one["video"]))]


KINDS = {"open": open_loop, "closed": closed_loop, "effects": effects}


def main() -> None:
    plan = json.loads(sys.argv[1])
    result = asyncio.run(KINDS[plan["kind"]](plan))
    used = resource.getrusage(resource.RUSAGE_SELF)
    json.dump(result | {"cpu_seconds": used.ru_utime + used.ru_stime, "pid": os.getpid()}, sys.stdout)


if __name__ == "__main__":
    main()
