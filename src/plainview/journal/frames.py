"""Records as they are handed out with what opens their leaves: a line, then each record's kind, salt and body.

The line is `plainview/records/v1 <first> <next>`: the records' indexes, and where to go on. Then for each the length of
its kind (u8), its kind, the length of its salt (u8; 0 for a public record), its salt, the length of its body (u32 BE),
its body. What else a journal keeps of a record follows from these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import from_decimal, shown

VERSION = "plainview/records/v1"
_HEAD = 100
"""Bytes of the line at most."""


class Frame(NamedTuple):
    """One record, opened."""

    kind: str
    salt: bytes
    """32 bytes; empty for a public record."""
    body: bytes

    def encode(self) -> bytes:
        """Its bytes within an answer."""
        kind = self.kind.encode("ascii")
        return b"".join(
            (bytes([len(kind)]), kind, bytes([len(self.salt)]), self.salt, len(self.body).to_bytes(4, "big"), self.body)
        )


def encode_frames(first: int, frames: Sequence[bytes]) -> bytes:
    """The answer with these records, each as `Frame.encode` gives it, from the index `first` on."""
    return b"".join((f"{VERSION} {first} {first + len(frames)}\n".encode(), *frames))


def parse_frames(data: bytes) -> tuple[int, list[Frame]]:
    """The index of the first record, and all of them; else FormatError. `encode_frames` gives the same bytes back."""
    head, newline, _ = data[:_HEAD].partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    if not newline or len(words) != 3 or words[0] != VERSION:
        raise FormatError(f"records: the first line is not `{VERSION} <first> <next>`")
    first, after = from_decimal(words[1], "records, first"), from_decimal(words[2], "records, next")
    frames = []
    at = len(head) + 1
    for index in range(first, after):
        kind, at = _part(data, at, 1, index)
        salt, at = _part(data, at, 1, index)
        body, at = _part(data, at, 4, index)
        if not kind.isascii():
            raise FormatError(f"record {index}: {shown(kind.decode('latin-1'))} is no kind")
        frames.append(Frame(kind.decode("ascii"), salt, body))
    if at != len(data):
        raise FormatError(f"records: {len(data) - at} bytes after record {after - 1}")
    return first, frames


def _part(data: bytes, at: int, size: int, index: int) -> tuple[bytes, int]:
    """What stands after its length, which has `size` bytes; and where it ends."""
    start = at + size
    stop = start + int.from_bytes(data[at:start], "big")
    if start > len(data) or stop > len(data):
        raise FormatError(f"records: end at byte {len(data)}, within record {index}")
    return data[start:stop], stop
