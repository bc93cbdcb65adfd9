"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, and the root over them."""

from __future__ import annotations

import hashlib

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import (
    check_characters,
    check_hash,
    check_number,
    from_decimal,
    hash_from_base64,
    shown,
    to_base64,
)


class Checkpoint(msgspec.Struct, frozen=True):
    """The text of a log's signed note. Raises FormatError where a line cannot hold what it is given."""

    origin: str
    """The log's name. Not empty; of ours a schemeless URL prefix, and the name of the log's key."""
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines, none of them empty. An ML-DSA-44 signature does not cover them."""

    def __post_init__(self) -> None:
        for number, line in ((1, self.origin), *enumerate(self.extensions, 4)):
            check_characters(line, f"checkpoint, line {number}")
            if not line or "\n" in line:
                raise FormatError(f"checkpoint, line {number}: {shown(line)} is empty or has a newline within")
        check_number(self.size, "checkpoint, line 2 (size)")
        check_hash(self.root, "checkpoint, line 3 (root)")

    def text(self) -> str:
        """The one text of this checkpoint."""
        return "\n".join((self.origin, str(self.size), to_base64(self.root), *self.extensions, ""))


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint whose `text` this is, a note's; else FormatError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():
        raise FormatError("checkpoint: not at least three lines (origin, size, root), each with its newline")
    size = from_decimal(lines[1], "checkpoint, line 2 (size)")
    root = hash_from_base64(lines[2], "checkpoint, line 3 (root)")
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))


def origin_hash(origin: str) -> str:
    """A log's name in the URLs of its witnesses (C2SP tlog-witness): SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(origin.encode()).hexdigest()
