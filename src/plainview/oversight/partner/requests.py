"""What the partner asked to be opened, so that every access that the log has can be told from one that nobody made."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from plainview.ledger.hashing import HASH_SIZE


class Requests:
    """The digests of all requests, in a file that only grows. May be used from many threads. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        data = path.read_bytes() if path.exists() else b""
        self._whole = len(data) // HASH_SIZE * HASH_SIZE
        """Bytes: what a crash cut short was never sent."""
        self._made = {data[at : at + HASH_SIZE] for at in range(0, self._whole, HASH_SIZE)}
        self._answered: dict[bytes, float] = {}
        self._seen: set[bytes] = set()

    def add(self, digest: bytes) -> None:
        """Remember a request, durably: before it is sent."""
        with self._lock:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, digest, self._whole)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._whole += HASH_SIZE
            self._made.add(digest)

    def answered(self, digest: bytes, now: float) -> None:
        """It was answered with records: from now on the journal has an access for it."""
        with self._lock:
            if digest not in self._seen:  # the log may be quicker than the answer
                self._answered[digest] = now

    def made(self, digest: bytes) -> bool:
        """Whether the partner made that request."""
        return digest in self._made

    def seen(self, digest: bytes) -> None:
        """The log has an access for it."""
        with self._lock:
            self._seen.add(digest)
            self._answered.pop(digest, None)

    def unseen(self, before: float) -> list[bytes]:
        """Those answered before that time of which the log has no access; each is told once."""
        with self._lock:
            found = [digest for digest, then in self._answered.items() if then < before]
            for digest in found:
                del self._answered[digest]
            return found
